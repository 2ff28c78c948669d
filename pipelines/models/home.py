from datetime import datetime

from django.db import models

from crmseg.accounts.models import User


class Home(models.Model):
    """The server this database lived on when it was last looked at, and whether it may act on the outside world."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    server = models.CharField(max_length=100)
    disarmed_at = models.DateTimeField(null=True, blank=True)
    armed_at = models.DateTimeField(null=True, blank=True)
    armed_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_home")]

    def __str__(self) -> str:
        return self.server

    @staticmethod
    def settle(server: str) -> None:
        """Remember the first server; of many processes that start at once, one does."""
        Home.objects.bulk_create([Home(server=server)], ignore_conflicts=True)

    def disarm(self, server: str, now: datetime) -> None:
        self.server, self.disarmed_at = server, now
        self.save(update_fields=["server", "disarmed_at"])

    def arm(self, by: User | None, now: datetime) -> bool:
        """A person has looked: it may act again."""
        fresh = {"disarmed_at": None, "armed_at": now, "armed_by": by}
        return bool(Home.objects.filter(pk=self.pk, disarmed_at__isnull=False).update(**fresh))
