from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crmseg.web.reasons import Reason, ReasonField

from ..schedule import set_moment


class Channel(models.TextChoices):
    EMAIL = "email", _("Письмо")
    SMS = "sms", _("СМС")
    TELEGRAM = "telegram", _("Telegram")
    WHATSAPP = "whatsapp", _("WhatsApp")
    TASK = "task", _("Задача менеджеру")


class Purpose(models.TextChoices):
    ADVERTISING = "advertising", _("Реклама")
    SERVICE = "service", _("Сервисное сообщение")


class Campaign(models.Model):
    """What we say to a segment, and when. ``schedule`` as in contracts §3; null starts at launch."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Черновик")
        SCHEDULED = "scheduled", _("Запланирована")
        RUNNING = "running", _("Идёт")
        PAUSED = "paused", _("На паузе")
        DONE = "done", _("Завершена")
        CANCELLED = "cancelled", _("Отменена")

    NOT_LAUNCHED: ClassVar[dict[str, Any]] = {"next_due_at": None, "state_reason": "", "launched_by": None}

    name = models.CharField(_("Название"), max_length=200)
    channel = models.CharField(_("Канал"), max_length=8, choices=Channel, default=Channel.EMAIL)
    purpose = models.CharField(_("Назначение"), max_length=11, choices=Purpose, default=Purpose.ADVERTISING)
    segment = models.ForeignKey(
        "segments.Segment",
        models.PROTECT,
        related_name="campaigns",
        null=True,
        blank=True,
        verbose_name=_("Сегмент"),
    )
    exclude_segments = models.ManyToManyField("segments.Segment", related_name="excluded_by", blank=True)
    schedule = models.JSONField(null=True, blank=True)
    next_due_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    state_reason = ReasonField(blank=True, default="")
    created_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    launched_at = models.DateTimeField(null=True, blank=True)
    launched_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft") | Q(state="cancelled") | Q(segment__isnull=False),
                name="started_campaign_has_segment",
            )
        ]
        indexes = [
            models.Index(fields=["next_due_at"], name="campaign_due", condition=Q(state="scheduled")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_editable(self) -> bool:
        return self.state in (self.State.DRAFT, self.State.SCHEDULED) and self.launched_at is None

    @property
    def is_leaving(self) -> bool:
        """Sent by a click and not begun: its start follows from the click, nobody set a date that lies ahead."""
        if self.state != self.State.SCHEDULED or self.launched_at or "rrule" in (self.schedule or {}):
            return False
        meant = set_moment(self.schedule)
        return self.next_due_at is not None and (meant is None or meant < self.next_due_at)

    @property
    def edition(self) -> str:
        """What a form was drawn from: another one is kept by now if somebody has saved meanwhile."""
        return self.changed_at.isoformat()

    def is_gone(self, seen: str) -> bool:
        """It was launched or put on schedule since a form was drawn from this edition: that is not for it to undo."""
        return not self.is_editable or (self.state == self.State.SCHEDULED and seen != self.edition)

    def seconds_left(self, now: datetime) -> int:
        """In which what a click sent can be taken back for certain."""
        if not self.is_leaving or self.next_due_at is None:
            return 0
        return max(0, int((self.next_due_at - now).total_seconds()))

    @property
    def look(self) -> str:
        """A page drawn for another look has to be drawn anew."""
        return "leaving" if self.is_leaving and not self.state_reason else self.state

    def move(
        self, to: str, *, when: tuple[str, ...], now: datetime, only: dict[str, Any] | None = None, **values: Any
    ) -> bool:
        """One conditional UPDATE; false when somebody was quicker."""
        rows = Campaign.objects.filter(pk=self.pk, state__in=when, **(only or {}))
        if rows.update(state=to, changed_at=now, **values) != 1:
            return False
        for name, value in {"state": to, "changed_at": now, **values}.items():
            setattr(self, name, value)
        return True

    def unschedule(self, *, now: datetime) -> bool:
        """Back to a draft: it was changed, so it has to be launched anew."""
        return self.move(self.State.DRAFT, when=(self.State.SCHEDULED,), now=now, **self.NOT_LAUNCHED)

    def take_back(self, *, now: datetime) -> bool:
        """Stop what a click sent, before it begins: a draft again, as it was. A later schedule is not meant by it."""
        if not self.is_leaving:
            return False
        only = {"next_due_at": self.next_due_at}
        return self.move(self.State.DRAFT, when=(self.State.SCHEDULED,), only=only, now=now, **self.NOT_LAUNCHED)

    def hold(self) -> None:
        """Keep the row until the transaction ends, so that it neither starts nor is sent meanwhile."""
        held = Campaign.objects.select_for_update(of=("self",)).get(pk=self.pk)
        self.state, self.launched_at, self.next_due_at = held.state, held.launched_at, held.next_due_at
        self.changed_at = held.changed_at

    @transaction.atomic
    def pause(self, *, now: datetime, reason: Reason | None = None) -> bool:
        """Once this has committed, no new handover begins (D9)."""
        when = (self.State.RUNNING, self.State.SCHEDULED)
        if not self.move(self.State.PAUSED, when=when, now=now, state_reason=reason or ""):
            return False
        self.runs.filter(state=Run.State.RUNNING).update(state=Run.State.PAUSED)
        return True

    @transaction.atomic
    def resume(self, *, now: datetime) -> bool:
        has_run = self.runs.filter(state=Run.State.PAUSED).exists()
        to = self.State.RUNNING if has_run else self.State.SCHEDULED if self.next_due_at else self.State.DONE
        if not self.move(to, when=(self.State.PAUSED,), now=now, state_reason=""):
            return False
        self.runs.filter(state=Run.State.PAUSED).update(state=Run.State.RUNNING, watched_from=now)
        return True

    @transaction.atomic
    def cancel(self, *, now: datetime) -> bool:
        """End it for good: what has not begun to leave stays here."""
        from .message import Message

        when = (self.State.DRAFT, self.State.SCHEDULED, self.State.RUNNING, self.State.PAUSED)
        if not self.move(self.State.CANCELLED, when=when, now=now, state_reason="", next_due_at=None):
            return False
        self.runs.filter(state__in=Run.OPEN).update(state=Run.State.CANCELLED, finished_at=now)
        Message.objects.filter(run__campaign=self).cancel(now)
        return True


class Step(models.Model):
    """One message of a campaign: its Liquid template."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=1)
    subject = models.CharField(_("Тема"), max_length=500, blank=True, default="")
    html = models.TextField(_("Текст"), blank=True, default="")
    text = models.TextField(_("Текст без оформления"), blank=True, default="")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["campaign", "position"], name="step_position_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} / {self.position}"

    def as_template(self) -> dict[str, str]:
        """What a run freezes when it starts."""
        return {"subject": self.subject, "html": self.html, "text": self.text}


def pending_messages(run: Any) -> models.QuerySet[Any]:
    from .message import Message

    return Message.objects.pending().filter(run=run)


class RunQuerySet(models.QuerySet["Run"]):
    def finish(self, now: datetime) -> int:
        """Close the runs in which nothing waits any more, and their campaigns with them; of paused ones, too."""
        emptied = self.filter(~Exists(pending_messages(OuterRef("pk"))), state__in=Run.STARTED)
        return sum(run.finish(now=now) for run in emptied.select_related("campaign"))


class Run(models.Model):
    """One start of a campaign. Audience and templates are frozen when it starts; ``counts`` mirrors the ledger."""

    class State(models.TextChoices):
        FILLING = "filling", _("Собирается аудитория")
        RUNNING = "running", _("Идёт")
        PAUSED = "paused", _("На паузе")
        DONE = "done", _("Завершён")
        CANCELLED = "cancelled", _("Отменён")

    OPEN = (State.FILLING, State.RUNNING, State.PAUSED)
    STARTED = (State.RUNNING, State.PAUSED)

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="runs")
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.FILLING)
    templates = models.JSONField(default=dict)  # {step id: {"subject", "html", "text"}} as they were at the start
    audience = models.PositiveIntegerField(default=0)
    watched_from = models.DateTimeField(null=True, blank=True)  # what was refused before somebody resumed it is known

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-due_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["campaign", "due_at"], name="run_due_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} @ {self.due_at:%Y-%m-%d %H:%M}"

    @transaction.atomic
    def finish(self, *, now: datetime) -> bool:
        self.hold()
        if pending_messages(self).exists() or not self._move(self.State.DONE, when=self.STARTED, finished_at=now):
            return False
        campaign = self.campaign
        if not campaign.runs.filter(state__in=self.OPEN).exists():
            state = Campaign.State
            if not campaign.next_due_at:
                campaign.move(state.DONE, when=(state.RUNNING, state.PAUSED), now=now)
            else:  # who paused it meant the next time as well
                campaign.move(state.SCHEDULED, when=(state.RUNNING,), now=now)
        return True

    def stop_if_refused(self, *, now: datetime) -> bool:
        """Pause when too many letters were rejected or came back: the sender's good name is at stake (D14)."""
        least, share = settings.REFUSAL_LIMIT
        since = self.watched_from or self.started_at
        ended = self.messages.filter(state__in=self.messages.model.ENDED, changed_at__gte=since)
        bad = ended.filter(state__in=self.messages.model.REFUSED).count()
        if bad < least or bad <= share * (total := ended.count()):
            return False
        return self.campaign.pause(now=now, reason=Reason("many_refusals", bad=bad, all=total))

    @transaction.atomic
    def reopen(self, *, now: datetime) -> bool:
        """Let a message sent again by hand leave, also when the run was over; a cancelled run stays cancelled."""
        if self.state == self.State.CANCELLED:
            return False
        if self._move(self.State.RUNNING, when=(self.State.DONE,), finished_at=None):
            self.campaign.move(Campaign.State.RUNNING, when=(Campaign.State.DONE,), now=now)
        return True

    def hold(self) -> None:
        """Keep the row until the transaction ends, so that the run neither ends nor stops meanwhile."""
        self.state = Run.objects.select_for_update().get(pk=self.pk).state

    def _move(self, to: str, *, when: tuple[str, ...], **values: Any) -> bool:
        if Run.objects.filter(pk=self.pk, state__in=when).update(state=to, **values) != 1:
            return False
        self.state = to
        return True
