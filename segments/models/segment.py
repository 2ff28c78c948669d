from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import User


class Cause(models.TextChoices):
    """Why somebody entered or left."""

    RULE = "rule", _("по условиям")
    FIRST = "first", _("при создании сегмента")
    EDIT = "edit", _("после изменения условий")
    MANUAL = "manual", _("вручную")
    DELETED = "deleted", _("контакт удалён")


class SegmentQuerySet(models.QuerySet["Segment"]):
    def as_offered(self) -> "SegmentQuerySet":
        """Ready ones whose rules nobody has made their own."""
        return self.filter(rules=F("offered"))

    def alive(self) -> "SegmentQuerySet":
        return self.filter(deleted_at__isnull=True)

    def dynamic(self) -> "SegmentQuerySet":
        return self.filter(kind=Segment.Kind.DYNAMIC)

    def filled(self) -> "SegmentQuerySet":
        """Those whose rules, as they are now, have been evaluated over everybody at least once."""
        return self.filter(refreshed_at__isnull=False)

    def due_to_resume(self, now: datetime) -> "SegmentQuerySet":
        return self.alive().filter(is_paused=True, paused_until__lte=now)

    def older_than(self, age: timedelta, now: datetime) -> "SegmentQuerySet":
        return self.filter(Q(refreshed_at__isnull=True) | Q(refreshed_at__lte=now - age))

    def live(self) -> "SegmentQuerySet":
        """Those whose membership follows their rules: dynamic, not paused, not broken."""
        return self.alive().dynamic().filter(is_paused=False).exclude(health=Segment.Health.BROKEN)


class Segment(models.Model):
    """A named group of contacts. ``size`` is a stored counter of open memberships."""

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("Динамический")
        STATIC = "static", _("Ручной")
        SNAPSHOT = "snapshot", _("Снимок")

    class Health(models.TextChoices):
        OK = "ok", _("В порядке")
        EMPTY = "empty", _("Пустой")
        BROKEN = "broken", _("Сломан")
        HEAVY = "heavy", _("Тяжёлый")
        JUMPED = "jumped", _("Резко изменился")

    name = models.CharField(_("Название"), max_length=200)
    description = models.TextField(_("Описание"), blank=True, default="")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.DYNAMIC)
    rules = models.JSONField(null=True, blank=True)
    ready_key = models.CharField(max_length=60, null=True, blank=True, unique=True)
    offered = models.JSONField(null=True, blank=True)  # the rules the gallery gave it last; people may have others
    size = models.PositiveIntegerField(default=0)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    # Why the next refresh moves people, where that is not the rules as they were.
    due_cause = models.CharField(max_length=8, choices=Cause, blank=True, default="")
    is_paused = models.BooleanField(default=False)
    paused_until = models.DateTimeField(null=True, blank=True)
    health = models.CharField(max_length=8, choices=Health, default=Health.OK)
    health_reason = models.CharField(max_length=500, blank=True, default="")
    owner = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)  # its name, description or rules; not its people
    edited_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="dynamic") | Q(rules__isnull=False), name="dynamic_segment_has_rules"
            ),
            models.UniqueConstraint(fields=["name"], condition=Q(deleted_at__isnull=True), name="segment_name_once"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The name as the reader reads it: a ready segment nobody renamed speaks their language."""
        return self._of_the_reader(self.name)

    @property
    def about(self) -> str:
        return self._of_the_reader(self.description)

    def _of_the_reader(self, stored: str) -> str:
        from segments.shipped import in_words_of_the_reader

        return in_words_of_the_reader(stored) if self.ready_key and stored else stored

    @property
    def is_frozen(self) -> bool:
        """Membership stands still: paused by a person, or the rule names something that is gone."""
        return self.is_paused or self.health == self.Health.BROKEN

    @property
    def is_of_former_rules(self) -> bool:
        """The rules were changed, and the people inside are still those of the rules before."""
        return self.due_cause == Cause.EDIT

    @property
    def is_counted(self) -> bool:
        """Its people have been looked for at least once, so that the counter says something."""
        return self.refreshed_at is not None or bool(self.due_cause)

    @property
    def edition(self) -> str:
        """What a form was drawn from: another one is kept by now if somebody has saved meanwhile."""
        return (self.edited_at or self.created_at).isoformat()

    def claim(self, *, by: User, now: datetime) -> bool:
        """Be the one who edits what is loaded here; false when somebody was quicker."""
        rows = Segment.objects.alive().filter(pk=self.pk, edited_at=self.edited_at)
        if rows.update(edited_at=now, edited_by=by) != 1:
            return False
        self.edited_at, self.edited_by = now, by
        return True

    def pause(self, *, now: datetime, until: datetime | None = None) -> None:
        """Switch off for a season (C-13): members stay as they are, nobody enters or leaves."""
        self._write(now, is_paused=True, paused_until=until)

    def resume(self, *, now: datetime) -> None:
        """Follow the rules again; the next refresh catches up with what happened meanwhile."""
        due = self.due_cause or (Cause.RULE if self.refreshed_at else "")
        self._write(now, is_paused=False, paused_until=None, refreshed_at=None, due_cause=due)

    def rename(self, name: str, description: str, *, now: datetime) -> None:
        self._write(now, name=name, description=description)

    def change_rules(self, rules: dict[str, Any], *, now: datetime) -> None:
        """Take rules that were parsed before; the next refresh writes entries and leaves with the cause ``edit``.

        In a pause there is none: the people inside stay those of the former rules, as they were refreshed last.
        """
        due = Cause.EDIT if self.is_counted else ""
        kept = self.refreshed_at if self.is_paused else None
        self._write(now, rules=rules, refreshed_at=kept, due_cause=due, health=self.Health.OK, health_reason="")

    def follow(self, offered: dict[str, Any], *, now: datetime) -> None:
        """Take what the gallery offers by now. No person did it, yet a form that was open has the rules of before."""
        self._write(now, offered=offered, edited_at=now, edited_by=None)
        self.change_rules(offered, now=now)

    def find_broken(self, reason: str, *, now: datetime) -> None:
        """Freeze: the last membership is kept, shown as broken, and nothing is sent to it."""
        if (self.health, self.health_reason) != (self.Health.BROKEN, reason[:500]):
            self._write(now, health=self.Health.BROKEN, health_reason=reason[:500])

    def _write(self, now: datetime, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)
        self.changed_at = now
        self.save(update_fields=[*values, "changed_at"])
