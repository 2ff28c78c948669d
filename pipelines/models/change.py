from django.db import models
from django.db.models import Func
from django.db.models.functions import Cast, Now
from django.utils import timezone


class Origin(models.TextChoices):
    UI = "ui"
    API = "api"
    AMOCRM = "amocrm"
    IMPORT = "import"
    AUTOMATION = "automation"
    CAMPAIGN = "campaign"

    @classmethod
    def inbound(cls) -> tuple["Origin", ...]:
        """What already happened at amoCRM: taken over, never refused, never written back."""
        return (cls.AMOCRM, cls.IMPORT)


class CurrentXactId(Func):
    template = "pg_current_xact_id()"
    output_field = models.TextField()


class Change(models.Model):
    """One line of the append-only log that everyone downstream reads (types: contracts §6).

    ``xid`` is the writing transaction: readers go by it, never by ``id > last``, as ids commit out of order.
    """

    xid = models.BigIntegerField(db_default=Cast(Cast(CurrentXactId(), models.TextField()), models.BigIntegerField()))
    type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()  # the contact, deal, … that the type's first word names
    occurred_at = models.DateTimeField(default=timezone.now)
    recorded_at = models.DateTimeField(db_default=Now())
    origin = models.CharField(max_length=10, choices=Origin)
    actor = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["xid", "id"], name="change_order"),
            models.Index(fields=["type", "subject_id"], name="change_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_id}"


class ChangeReader(models.Model):
    """Where a reader of the log stands: everything up to (xid, change_id) has had its effect."""

    name = models.CharField(max_length=60, primary_key=True)
    xid = models.BigIntegerField(default=0)
    change_id = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)
    caught_up_at = models.DateTimeField(null=True, blank=True)  # nothing committed before this is unread

    def __str__(self) -> str:
        return self.name
