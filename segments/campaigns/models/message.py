from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .campaign import Channel, Run, Step


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
        SUPPRESSED = "suppressed", _("отписан или в стоп-листе")
        FREQUENCY_CAP = "frequency_cap", _("слишком часто")
        HOLDOUT = "holdout", _("контрольная группа")
        DUPLICATE_ADDRESS = "duplicate_address", _("адрес уже в рассылке")
        LEFT_SEGMENT = "left_segment", _("вышел из сегмента")
        STAGE_CHANGED = "stage_changed", _("сделка сменила этап")
        REPLIED = "replied", _("клиент ответил")
        TEMPLATE_ERROR = "template_error", _("ошибка в шаблоне")
        EXPIRED = "expired", _("срок вышел")
        CANCELLED = "cancelled", _("кампания отменена")
        FORBIDDEN_CONTENT = "forbidden_content", _("содержание запрещено на этапе")
        CHANNEL_NOT_ALLOWED = "channel_not_allowed", _("канал запрещён для рекламы")
        MANAGER_ACTIVE = "manager_active", _("менеджер ведёт диалог")
        OUTRANKED = "outranked", _("важнее другая кампания")

    run = models.ForeignKey(Run, models.CASCADE, related_name="messages")
    step = models.ForeignKey(Step, models.PROTECT, related_name="messages")
    contact = models.ForeignKey("pipelines.Contact", models.CASCADE, related_name="messages")
    channel = models.CharField(max_length=8, choices=Channel)
    address = models.CharField(max_length=320, blank=True, default="")
    address_hash = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=12, choices=State, default=State.PLANNED)
    reason = models.CharField(max_length=24, blank=True, default="")
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
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.step_id} → {self.contact_id}"


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
