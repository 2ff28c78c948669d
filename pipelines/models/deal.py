from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .contact import Company, Contact
from .mirrored import Mirrored, MirroredQuerySet, folded
from .pipeline import LossReason, Pipeline, Stage


class DealQuerySet(MirroredQuerySet):
    def open(self) -> "DealQuerySet":
        return self.alive().filter(stage__kind__in=Stage.OPEN_KINDS)

    def won(self) -> "DealQuerySet":
        return self.alive().filter(stage__kind=Stage.Kind.WON)


class Deal(Mirrored):
    name = models.CharField(_("Название"), max_length=500, blank=True, default="")
    name_key = folded("name")
    price = models.DecimalField(_("Бюджет"), max_digits=15, decimal_places=2, null=True, blank=True)
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="deals")
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="deals")
    stage_entered_at = models.DateTimeField(default=timezone.now)
    contacts = models.ManyToManyField(Contact, through="DealContact", related_name="deals")
    company = models.ForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="deals")
    responsible = models.ForeignKey(
        "accounts.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="deals",
        verbose_name=_("Ответственный"),
    )
    loss_reason = models.ForeignKey(LossReason, models.SET_NULL, null=True, blank=True, related_name="deals")
    source = models.CharField(_("Источник"), max_length=200, blank=True, default="")
    tags = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = DealQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["stage", "stage_entered_at"], name="deal_in_stage"),
            models.Index(fields=["stage", "-updated_at", "-id"], name="deal_board"),
            models.Index(fields=["pipeline", "-created_at", "-id"], name="deal_list"),
            models.Index(fields=["responsible", "stage"], name="deal_responsible"),
            models.Index(fields=["loss_reason", "closed_at"], name="deal_lost", condition=Q(loss_reason__isnull=False)),
            models.Index(fields=["changed_at", "id"], name="deal_changed"),
            GinIndex(fields=["tags"], name="deal_tags"),
            GinIndex(fields=["custom"], name="deal_custom", opclasses=["jsonb_path_ops"]),
        ]

    def __str__(self) -> str:
        return self.name or str(_("Сделка № %(number)s") % {"number": self.pk})


class DealContact(models.Model):
    """A person of a deal; one of them is the main one."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="links")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="links")
    is_main = models.BooleanField(default=False)

    class Meta:
        ordering = [F("is_main").desc(), "id"]
        constraints = [
            models.UniqueConstraint(fields=["deal", "contact"], name="deal_contact_once"),
            models.UniqueConstraint(fields=["deal"], condition=Q(is_main=True), name="deal_one_main_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} – {self.contact_id}"
