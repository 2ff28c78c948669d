from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Entity(models.TextChoices):
    CONTACT = "contact", _("Контакт")
    COMPANY = "company", _("Компания")
    DEAL = "deal", _("Сделка")


class Link(models.Model):
    """One record on both sides, with the values both last agreed on: what the three-way comparison starts from."""

    entity = models.CharField(max_length=8, choices=Entity)
    amo_id = models.BigIntegerField()
    local_id = models.BigIntegerField()
    base = models.JSONField(default=dict)  # deals: {"status": [pipeline, status], "loss": id}; all: {"tags": [...]}
    given_tags = ArrayField(models.CharField(max_length=200), default=list)  # those that we put there
    remote_updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "amo_id"], name="link_remote_once"),
            models.UniqueConstraint(fields=["entity", "local_id"], name="link_local_once"),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.amo_id} ↔ {self.local_id}"


class StageEvent(models.Model):
    """A stage change from amoCRM's event feed, kept until the history of its deal is whole."""

    id = models.CharField(max_length=40, primary_key=True)
    deal_amo_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()
    was_pipeline = models.BigIntegerField()
    was_status = models.BigIntegerField()
    pipeline = models.BigIntegerField()
    status = models.BigIntegerField()
    by_amo_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.deal_amo_id}: {self.was_status} → {self.status}"
