from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crmseg.web.reasons import Reason, ReasonField

from .link import Entity

ATTEMPTS = 5
UNNAMED = Reason("unnamed")
BACK_OFF = (10, 60, 300, 900, 3600)  # seconds before the next attempt


class PushQuerySet(models.QuerySet["Push"]):
    def due(self, now: datetime) -> Self:
        """Planned and their time has come. What follows on a push in doubt waits: nobody knows what it is to change."""
        same = Push.objects.in_doubt().filter(kind=OuterRef("kind"), entity=OuterRef("entity"))
        planned = self.filter(state=Push.State.PLANNED).filter(Q(next_try_at__isnull=True) | Q(next_try_at__lte=now))
        return planned.exclude(Exists(same.filter(local_id=OuterRef("local_id"))))

    def in_doubt(self) -> Self:
        return self.filter(state__in=Push.IN_DOUBT)

    def open(self) -> Self:
        return self.filter(state__in=Push.OPEN)

    def parked(self) -> Self:
        return self.filter(state=Push.State.PARKED)


class Push(models.Model):
    """One thing to write to amoCRM. Made from the log, so reading the log again makes no second one.

    planned → intent (committed before the request) → done; intent → unknown (no answer) → done or planned after reading
    back; planned → parked (refused, or failed too often), until a person says to try again.
    """

    class Kind(models.TextChoices):
        NOTE = "note", _("Примечание")
        TAG = "tag", _("Тег")
        MOVE = "move", _("Перенос по этапам")

    class State(models.TextChoices):
        PLANNED = "planned", _("Ждёт")
        INTENT = "intent", _("Передаётся")
        UNKNOWN = "unknown", _("Проверяется")
        DONE = "done", _("Передано")
        PARKED = "parked", _("Отложено")

    IN_DOUBT = (State.INTENT, State.UNKNOWN)
    OPEN = (State.PLANNED, *IN_DOUBT)

    kind = models.CharField(max_length=4, choices=Kind)
    entity = models.CharField(max_length=8, choices=Entity)
    local_id = models.BigIntegerField()
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.PLANNED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    reason = ReasonField(max_length=500, blank=True, default="")
    cause = models.CharField(max_length=60)  # what asked for it: «change 42»
    result_id = models.BigIntegerField(null=True, blank=True)  # of the note made at amoCRM
    created_at = models.DateTimeField(default=timezone.now)
    intended_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = PushQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "cause", "local_id"], name="push_cause_once"),
            models.CheckConstraint(condition=~Q(state="parked") | ~Q(reason=""), name="parked_push_has_reason"),
        ]
        indexes = [
            models.Index(fields=["kind", "id"], name="push_planned", condition=Q(state="planned")),
            models.Index(fields=["state"], name="push_doubtful", condition=Q(state__in=["intent", "unknown"])),
            models.Index(fields=["entity", "local_id"], name="push_of_row"),
            models.Index(fields=["result_id"], name="push_result", condition=Q(result_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.entity} {self.local_id}"

    def put_off(self, reason: Reason, seconds: float | None, now: datetime, *, is_counted: bool = True) -> None:
        """Not this time: plan it anew, or park it after five failures of its own (S17)."""
        self.attempts += is_counted
        self.reason = reason or UNNAMED
        if self.attempts >= ATTEMPTS:
            self.state, self.finished_at = self.State.PARKED, now
        else:
            pause = BACK_OFF[max(self.attempts - 1, 0)] if seconds is None else seconds
            self.state, self.next_try_at = self.State.PLANNED, now + timedelta(seconds=pause)
        self.save(update_fields=["attempts", "reason", "state", "next_try_at", "finished_at"])

    def park(self, reason: Reason, now: datetime) -> None:
        self.state, self.reason, self.finished_at = self.State.PARKED, reason or UNNAMED, now
        self.attempts = F("attempts") + 1
        self.save(update_fields=["attempts", "reason", "state", "finished_at"])

    def retry(self) -> bool:
        """A person says: try again."""
        fresh = {"state": self.State.PLANNED, "attempts": 0, "next_try_at": None, "finished_at": None}
        return bool(Push.objects.filter(pk=self.pk, state=self.State.PARKED).update(**fresh))


class SegmentTag(models.Model):
    """A segment that shows at amoCRM as a tag on its members."""

    segment = models.OneToOneField("segments.Segment", models.CASCADE, related_name="amo_tag")
    name = models.CharField(_("Тег"), max_length=200, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name
