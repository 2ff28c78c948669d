from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from crmseg.web.reasons import Reason, ReasonField

LONGEST_WAIT = 300.0


class ImportStep(models.Model):
    """One collection of the first import. The cursor and the page it led to are committed together."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Ждёт")
        RUNNING = "running", _("Идёт")
        DONE = "done", _("Готово")

    entity = models.CharField(max_length=20, unique=True)
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    cursor = models.CharField(max_length=1000, blank=True, default="")  # address of the next page
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, blank=True)  # amoCRM tells no count: that of last time
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    went_on_at = models.DateTimeField(null=True, blank=True)  # this go at it began then,
    went_on_from = models.PositiveIntegerField(default=0)  # with so many done
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    error = ReasonField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.entity

    @property
    def is_done(self) -> bool:
        return self.state == self.State.DONE

    @property
    def percent(self) -> int | None:
        if self.is_done:
            return 100
        return min(100 * self.done // self.total, 99) if self.total else None

    def start(self, now: datetime) -> None:
        self.state, self.started_at = self.State.RUNNING, self.started_at or now
        self.went_on_at, self.went_on_from = now, self.done
        self.save(update_fields=["state", "started_at", "went_on_at", "went_on_from"])

    def rate(self, now: datetime) -> int:
        """Records a second since this go began, pauses left out; 0 while there is nothing to tell."""
        passed = (now - self.went_on_at).total_seconds() if self.went_on_at else 0.0
        is_moving = self.state == self.State.RUNNING and not self.error and passed >= 1
        return round((self.done - self.went_on_from) / passed) if is_moving else 0

    def advance(self, cursor: str, count: int, now: datetime) -> bool:
        """A page is in: the next one, or the end of the collection. False: somebody else moved this step on."""
        values = {"cursor": cursor, "done": self.done + count, "attempts": 0, "error": "", "next_try_at": None}
        if not cursor:
            values |= {"state": self.State.DONE, "finished_at": now}
        if ImportStep.objects.filter(pk=self.pk, cursor=self.cursor, state=self.state).update(**values) != 1:
            return False
        for name, value in values.items():
            setattr(self, name, value)
        return True

    def wait(self, reason: Reason, retry_after: float | None, now: datetime) -> float:
        """A failure that passes: when to try again, in seconds. Doubles from one second up to five minutes."""
        self.attempts += 1
        seconds = min(2.0 ** (self.attempts - 1), LONGEST_WAIT) if retry_after is None else retry_after
        self.error, self.next_try_at = reason, now + timedelta(seconds=seconds)
        self.save(update_fields=["attempts", "error", "next_try_at"])
        return seconds
