from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crmseg.web import reasons

from .campaign import Channel, Run, Step

LEASE = timedelta(minutes=3)  # longer than every time-out of one handover together


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime) -> "MessageQuerySet":
        return self.filter(state=Message.State.PLANNED, due_at__lte=now, run__state=Run.State.RUNNING)

    def at_work(self, now: datetime) -> "MessageQuerySet":
        """Those some worker has in its hands."""
        return self.filter(state__in=Message.IN_FLIGHT, leased_until__gt=now)

    def pending(self) -> "MessageQuerySet":
        """Those whose run is not over yet."""
        return self.filter(state__in=Message.PENDING)

    @transaction.atomic
    def claim(self, limit: int, *, worker: str, now: datetime) -> list["Message"]:
        """Take the next due messages for one worker; several workers never get the same one."""
        rows = self.due(now).select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "id")
        ids = list(rows.values_list("pk", flat=True)[:limit])
        self.filter(pk__in=ids, state=Message.State.PLANNED).update(
            state=Message.State.CLAIMED, worker=worker, leased_until=now + LEASE, changed_at=now
        )
        claimed = self.filter(pk__in=ids, state=Message.State.CLAIMED, worker=worker)
        # Prefetched, not joined: letters of one run share one Run with its templates.
        return list(claimed.prefetch_related("run__campaign").order_by("due_at", "id"))

    def expire_leases(self, now: datetime) -> tuple[int, int]:
        """Lease over: what was only claimed is planned again, what was being handed over is unknown (D4)."""
        over = self.filter(leased_until__lt=now)
        freed = over.filter(state=Message.State.CLAIMED).update(
            state=Message.State.PLANNED, worker="", leased_until=None, changed_at=now
        )
        lost = over.filter(state=Message.State.HANDING_OVER).update(
            state=Message.State.UNKNOWN, leased_until=None, changed_at=now, why=reasons.Reason("worker_silent")
        )
        return freed, lost

    def skip_expired(self, now: datetime) -> int:
        """Planned messages of a run past its expiry are not sent any more (D11)."""
        late = self.filter(state=Message.State.PLANNED, run__expires_at__lt=now)
        return late.update(state=Message.State.SKIPPED, reason=Message.Reason.EXPIRED, changed_at=now)

    def cancel(self, now: datetime) -> int:
        waiting = self.filter(state__in=[Message.State.PLANNED, Message.State.CLAIMED])
        return waiting.update(
            state=Message.State.SKIPPED, reason=Message.Reason.CANCELLED, leased_until=None, changed_at=now
        )


SAYINGS = {  # where nothing else is known but what became of it
    "planned": _("Сервер пока не принял, попробуем ещё раз"),
    "accepted": _("Почтовый сервер принял письмо"),
    "delivered": _("Письмо доставлено в ящик"),
    "rejected": _("Почтовый сервер отказал"),
    "bounced": _("Письмо вернулось"),
    "complained": _("Получатель пожаловался на спам"),
}


class Message(models.Model):
    """The ledger: one row per person and step of a run. Every change of state is a conditional UPDATE (D1)."""

    class State(models.TextChoices):
        PLANNED = "planned", _("В очереди")
        SKIPPED = "skipped", _("Пропущено")
        CLAIMED = "claimed", _("Готовится")
        HANDING_OVER = "handing_over", _("Передаётся")
        ACCEPTED = "accepted", _("Принято")
        REJECTED = "rejected", _("Отклонено")
        UNKNOWN = "unknown", _("Неизвестно")
        DELIVERED = "delivered", _("Доставлено")
        BOUNCED = "bounced", _("Не доставлено")
        COMPLAINED = "complained", _("Жалоба")

    class Reason(models.TextChoices):
        NO_ADDRESS = "no_address", _("нет адреса")
        NO_CONSENT = "no_consent", _("нет согласия")
        SUPPRESSED = "suppressed", _("отписка или стоп-лист")
        FREQUENCY_CAP = "frequency_cap", _("слишком часто")
        HOLDOUT = "holdout", _("контрольная группа")
        DUPLICATE_ADDRESS = "duplicate_address", _("адрес уже в рассылке")
        LEFT_SEGMENT = "left_segment", _("уже не в сегменте")
        STAGE_CHANGED = "stage_changed", _("сделка сменила этап")
        REPLIED = "replied", _("клиент ответил")
        TEMPLATE_ERROR = "template_error", _("ошибка в шаблоне")
        EXPIRED = "expired", _("срок вышел")
        CANCELLED = "cancelled", _("кампания отменена")
        FORBIDDEN_CONTENT = "forbidden_content", _("содержание запрещено на этапе")
        CHANNEL_NOT_ALLOWED = "channel_not_allowed", _("канал запрещён для рекламы")
        MANAGER_ACTIVE = "manager_active", _("менеджер ведёт диалог")
        OUTRANKED = "outranked", _("важнее другая кампания")

    # Who may have got it: these count for the cap and are never planned again by themselves.
    GONE = (
        State.HANDING_OVER,
        State.ACCEPTED,
        State.UNKNOWN,
        State.DELIVERED,
        State.BOUNCED,
        State.COMPLAINED,
    )
    IN_FLIGHT = (State.CLAIMED, State.HANDING_OVER)
    PENDING = (State.PLANNED, *IN_FLIGHT)
    ARROWS = {
        State.PLANNED: {State.CLAIMED, State.SKIPPED},
        State.CLAIMED: {State.PLANNED, State.HANDING_OVER, State.SKIPPED},
        State.HANDING_OVER: {State.ACCEPTED, State.PLANNED, State.REJECTED, State.UNKNOWN},
        State.UNKNOWN: {State.ACCEPTED, State.PLANNED, State.REJECTED},
        State.ACCEPTED: {State.DELIVERED, State.BOUNCED, State.COMPLAINED},
        State.DELIVERED: {State.BOUNCED, State.COMPLAINED},
    }
    REFUSED = [State.REJECTED, State.BOUNCED, State.COMPLAINED]
    ENDED = [*REFUSED, State.ACCEPTED, State.DELIVERED]
    RESEND_AFTER = timedelta(minutes=10)

    run = models.ForeignKey(Run, models.CASCADE, related_name="messages")
    step = models.ForeignKey(Step, models.PROTECT, related_name="messages")
    contact = models.ForeignKey("pipelines.Contact", models.CASCADE, related_name="messages")
    channel = models.CharField(max_length=8, choices=Channel)
    address = models.CharField(max_length=320, blank=True, default="")
    address_hash = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=12, choices=State, default=State.PLANNED)
    reason = models.CharField(max_length=24, blank=True, default="")
    why = models.JSONField(null=True, blank=True, encoder=reasons.Encoder, decoder=reasons.Decoder)
    detail = models.CharField(max_length=1000, blank=True, default="")  # the provider's own words
    subject = models.CharField(max_length=1000, blank=True, default="")  # as rendered
    token = models.CharField(max_length=43, unique=True)  # of its unsubscribe link
    due_at = models.DateTimeField(default=timezone.now)
    attempt = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True, default="")
    leased_until = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=300, blank=True, default="")  # the Message-ID of the last attempt
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    clicked_at = models.DateTimeField(null=True, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "step", "contact"], name="message_person_once"),
            models.UniqueConstraint(
                fields=["run", "step", "channel", "address_hash"],
                condition=~Q(state="skipped"),
                name="message_address_once",
            ),
            models.CheckConstraint(condition=~Q(state="skipped") | ~Q(reason=""), name="skipped_message_has_reason"),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "skipped"]) | ~Q(address=""),
                name="sent_message_has_address",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="message_planned", condition=Q(state="planned")),
            models.Index(
                fields=["leased_until"],
                name="message_leased",
                condition=Q(state__in=["claimed", "handing_over"]),
            ),
            models.Index(fields=["run", "state"], name="message_state"),
            models.Index(fields=["contact", "-created_at"], name="message_of_contact"),
            models.Index(
                fields=["address_hash", "sent_at"], name="message_of_mailbox", condition=Q(sent_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.step_id} → {self.contact_id}"

    @property
    def unsubscribe_url(self) -> str:
        """For whoever holds the letter: nobody has to log in."""
        return settings.PUBLIC_URL + reverse("campaigns:unsubscribe", args=[self.token])

    @property
    def words(self) -> str:
        """Why it is as it is, for a person; the provider's own words only where we have none."""
        return self._our_words or self.detail

    @property
    def answer(self) -> str:
        """What the provider said, to stand behind our words."""
        return self.detail if self._our_words else ""

    @property
    def _our_words(self) -> str:
        reason = str(self.Reason(self.reason).label) if self.reason in self.Reason.values else self.reason
        said = ": ".join(part for part in (reason, str(self.why or "")) if part)
        is_told = self.state != self.State.PLANNED or bool(self.detail)
        return said or (str(SAYINGS.get(self.state, "")) if is_told else "")

    def move(
        self, to: str, *, when: Sequence[str], now: datetime, only: dict[str, Any] | None = None, **values: Any
    ) -> bool:
        """One arrow of the ledger: a conditional UPDATE checked for one changed row (D1)."""
        if any(to not in self.ARROWS.get(self.State(state), set()) for state in when):
            raise ValueError(f"{when} -> {to}")
        rows = Message.objects.filter(pk=self.pk, state__in=when, **(only or {}))
        if rows.update(state=to, changed_at=now, **values) != 1:
            return False
        for name, value in {"state": to, "changed_at": now, **values}.items():
            setattr(self, name, value)
        return True

    def skip(self, reason: str, *, now: datetime, why: reasons.Reason | None = None) -> bool:
        return self.move(
            self.State.SKIPPED,
            when=[self.State.CLAIMED],
            only={"worker": self.worker},
            now=now,
            reason=reason,
            why=why,
            detail="",
            leased_until=None,
        )

    def release(self, *, now: datetime, due_at: datetime | None = None) -> bool:
        """Give back a claim that led to nothing."""
        return self.move(
            self.State.PLANNED,
            when=[self.State.CLAIMED],
            only={"worker": self.worker},
            now=now,
            worker="",
            leased_until=None,
            due_at=due_at or self.due_at,
        )

    def defer(self, detail: str, *, due_at: datetime, now: datetime, why: reasons.Reason | None = None) -> bool:
        return self._conclude(
            self.State.PLANNED,
            [self.State.HANDING_OVER],
            now,
            why=why,
            detail=detail[:1000],
            due_at=due_at,
            sent_at=None,
            worker="",
        )

    def reject(self, detail: str, *, now: datetime, why: reasons.Reason | None = None) -> bool:
        said = {"why": why, "detail": detail[:1000]}
        return self._conclude(self.State.REJECTED, [self.State.HANDING_OVER], now, sent_at=None, **said)

    def doubt(self, detail: str, *, now: datetime, why: reasons.Reason | None = None) -> bool:
        said = {"why": why, "detail": detail[:1000]}
        return self._conclude(self.State.UNKNOWN, [self.State.HANDING_OVER], now, **said)

    def _conclude(self, to: str, when: Sequence[str], now: datetime, **values: Any) -> bool:
        only = {"worker": self.worker, "attempt": self.attempt}
        return self.move(to, when=when, only=only, now=now, leased_until=None, **values)

    def can_resend(self, now: datetime) -> bool:
        """Only when its worker is dead and ten minutes have passed (D5)."""
        if self.state != self.State.UNKNOWN or now - self.changed_at < self.RESEND_AFTER:
            return False
        alive = Message.objects.filter(worker=self.worker, leased_until__gte=now)
        return not alive.filter(state__in=self.IN_FLIGHT).exists()

    @transaction.atomic
    def resend(self, *, now: datetime) -> bool:
        """A person decided that it did not arrive: plan it again, as a new attempt."""
        self.run.hold()
        if not self.can_resend(now) or not self.run.reopen(now=now):
            return False
        return self.move(
            self.State.PLANNED,
            when=[self.State.UNKNOWN],
            only={"changed_at__lte": now - self.RESEND_AFTER, "attempt": self.attempt},
            now=now,
            due_at=now,
            sent_at=None,
            worker="",
        )

    def close(self, *, by: str, now: datetime) -> bool:
        """A person decided to leave it: no more attempts."""
        said: dict[str, Any] = {"why": reasons.Reason("closed_by", user=by), "detail": ""}
        return self.move(self.State.REJECTED, when=[self.State.UNKNOWN], now=now, sent_at=None, **said)


EVENTS = {
    "delivered": _("Письмо доставлено"),
    "bounced": _("Письмо не доставлено"),
    "complained": _("Жалоба на спам"),
    "unsubscribed": _("Отписка"),
}


class MessageEvent(models.Model):
    """What became of a message, in the order we learnt it; the raw words of the provider are kept beside."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"

    @property
    def kind_in_words(self) -> str:
        return str(EVENTS.get(self.kind, self.kind))
