from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


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
    state_reason = models.CharField(max_length=500, blank=True, default="")
    created_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    launched_at = models.DateTimeField(null=True, blank=True)

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


class Run(models.Model):
    """One start of a campaign. Audience and templates are frozen when it starts; ``counts`` mirrors the ledger."""

    class State(models.TextChoices):
        FILLING = "filling", _("Собирается аудитория")
        RUNNING = "running", _("Идёт")
        PAUSED = "paused", _("На паузе")
        DONE = "done", _("Завершён")
        CANCELLED = "cancelled", _("Отменён")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="runs")
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.FILLING)
    templates = models.JSONField(default=dict)  # {step id: {"subject", "html", "text"}} as they were at the start
    audience = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-due_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["campaign", "due_at"], name="run_due_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} @ {self.due_at:%Y-%m-%d %H:%M}"
