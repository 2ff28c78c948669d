from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .campaign import Channel


class Consent(models.Model):
    """Append-only: who allowed or forbade what, by which text, shown how. The latest of an address and purpose counts.

    Processing and advertising are separate documents (38-FZ art. 18, 152-FZ); no stated basis = no consent.
    """

    class Purpose(models.TextChoices):
        PROCESSING = "processing", _("обработка данных")
        ADVERTISING = "advertising", _("реклама")

    contact = models.ForeignKey("pipelines.Contact", models.SET_NULL, null=True, blank=True, related_name="consents")
    address = models.CharField(max_length=320)
    channel = models.CharField(max_length=8, choices=Channel)
    purpose = models.CharField(max_length=11, choices=Purpose)
    given = models.BooleanField()
    source = models.CharField(max_length=200)
    text_version = models.CharField(max_length=100, blank=True, default="")
    proof = models.JSONField(default=dict, blank=True)
    author = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index("address", "channel", "purpose", F("at").desc(), F("id").desc(), name="consent_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}:{self.purpose} {self.address}"


class Suppression(models.Model):
    """An address we never write to again, by its keyed hash: it outlives contacts, imports and sync."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("отказ от рассылки")
        BOUNCED = "bounced", _("адрес не существует")
        COMPLAINED = "complained", _("жалоба на спам")
        MANUAL = "manual", _("добавлено вручную")

    address_hash = models.CharField(max_length=64)
    address_hint = models.CharField(max_length=100, blank=True, default="")  # a***@e***.ru, to recognise it on a screen
    channel = models.CharField(max_length=8, choices=Channel)
    reason = models.CharField(max_length=12, choices=Reason)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["channel", "address_hash"], name="suppression_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.address_hint}"
