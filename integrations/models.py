from django.db import models
from django.db.models import Q

from crmseg.web.reasons import ReasonField


class Receipt(models.Model):
    """Every inbound webhook, raw, before anything else happens. Its values are never used: it is a hint (S9)."""

    source = models.CharField(max_length=20)
    received_at = models.DateTimeField(auto_now_add=True)
    body = models.BinaryField()
    content_type = models.CharField(max_length=100, blank=True, default="")
    read_at = models.DateTimeField(null=True, blank=True)
    error = ReasonField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["source", "id"], name="receipt_unread", condition=Q(read_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.source} {self.pk}"
