from datetime import datetime, timedelta

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

STUCK_AFTER = 2  # norms of the stage
is_color = RegexValidator(r"^#[0-9a-f]{6}$")


class Pipeline(models.Model):
    name = models.CharField(_("Название"), max_length=200)
    position = models.IntegerField(default=0)
    is_main = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)
    amo_id = models.BigIntegerField(null=True, blank=True, unique=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["is_main"], condition=Q(is_main=True), name="one_main_pipeline")]

    def __str__(self) -> str:
        return self.name


class StageQuerySet(models.QuerySet["Stage"]):
    def open(self) -> "StageQuerySet":
        return self.filter(kind__in=Stage.OPEN_KINDS)

    def alive(self) -> "StageQuerySet":
        return self.filter(deleted_at__isnull=True)


class Stage(models.Model):
    """One column of a pipeline. amoCRM's shared statuses 142 and 143 are one stage here in every pipeline."""

    class Kind(models.TextChoices):
        INCOMING = "incoming", _("Неразобранное")
        OPEN = "open", _("В работе")
        WON = "won", _("Успешно")
        LOST = "lost", _("Отказ")

    OPEN_KINDS = (Kind.INCOMING, Kind.OPEN)
    CLOSED_KINDS = (Kind.WON, Kind.LOST)

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages")
    name = models.CharField(_("Название"), max_length=200)
    position = models.IntegerField(default=0)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.OPEN)
    color = models.CharField(max_length=7, default="#e6e8ea", validators=[is_color])
    probability = models.PositiveSmallIntegerField(_("Вероятность, %"), default=0, validators=[MaxValueValidator(100)])
    max_days = models.PositiveSmallIntegerField(_("Норма, дней"), null=True, blank=True)
    amo_id = models.BigIntegerField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = StageQuerySet.as_manager()

    class Meta:
        ordering = ["pipeline", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "amo_id"], name="stage_status_once"),
            models.CheckConstraint(condition=Q(probability__lte=100), name="stage_probability_percent"),
            models.UniqueConstraint(
                fields=["pipeline", "kind"],
                condition=Q(kind__in=["won", "lost"], deleted_at__isnull=True),
                name="stage_one_won_one_lost",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.kind in self.OPEN_KINDS

    def stuck_before(self, now: datetime) -> datetime | None:
        """Deals that came before this moment are stuck: longer here than two norms. Without a norm nobody is."""
        return now - timedelta(days=self.max_days * STUCK_AFTER) if self.is_open and self.max_days else None

    @property
    def takes_nobody_back(self) -> bool:
        """amoCRM accepts and declines its unsorted leads, but puts nothing back among them."""
        return self.kind == self.Kind.INCOMING and self.amo_id is not None


class LossReason(models.Model):
    name = models.CharField(_("Причина отказа"), max_length=200)
    position = models.IntegerField(default=0)
    amo_id = models.BigIntegerField(null=True, blank=True, unique=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name
