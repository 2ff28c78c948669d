from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class StageVisit(models.Model):
    """One stay of a deal on a stage, with the order of the stages as it was at that moment (contracts §4)."""

    class Direction(models.TextChoices):
        START = "start", _("начало")
        FORWARD = "forward", _("вперёд")
        BACKWARD = "backward", _("назад")
        TRANSFER = "transfer", _("другая воронка")

    class Source(models.TextChoices):
        OBSERVED = "observed", _("записано здесь")
        HISTORY = "history", _("из истории amoCRM")
        GAP = "gap", _("восстановлено, в истории пробел")

    deal = models.ForeignKey("pipelines.Deal", models.CASCADE, related_name="visits", db_index=False)
    stage = models.ForeignKey("pipelines.Stage", models.PROTECT, related_name="visits", db_index=False)
    pipeline = models.ForeignKey("pipelines.Pipeline", models.PROTECT, related_name="+", db_index=False)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    source = models.CharField(max_length=8, choices=Source, default=Source.OBSERVED)
    direction = models.CharField(max_length=8, choices=Direction, default=Direction.START)
    previous_stage = models.ForeignKey(
        "pipelines.Stage", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    skipped = models.PositiveSmallIntegerField(default=0)
    skipped_stages = ArrayField(models.BigIntegerField(), default=list, blank=True)
    visit_number = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["entered_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["deal"], condition=Q(left_at__isnull=True), name="visit_one_open"),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("entered_at")),
                name="visit_leaves_after_entering",
            ),
        ]
        indexes = [
            models.Index(fields=["deal", "entered_at"], name="visit_of_deal"),
            models.Index(fields=["stage", "entered_at"], include=["deal", "left_at"], name="visit_of_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} @ {self.stage_id}"
