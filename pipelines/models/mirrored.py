"""What every row mirrored from amoCRM has in common."""

from typing import Self

from django.db import models
from django.db.models import Func, GeneratedField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crmseg.web.reasons import ReasonField


class SyncState(models.TextChoices):
    """What a page shows of the sync; written by integrations only."""

    SYNCED = "synced", _("Передано в amoCRM")
    WAITING = "waiting", _("Ждёт передачи в amoCRM")
    REFUSED = "refused", _("Не передано в amoCRM")


class Fold(Func):
    """Lower case and ё → е without ICU: the stored key for sorting and search."""

    template = """replace(lower(%(expressions)s COLLATE "pg_c_utf8"), 'ё', 'е')"""
    output_field = models.TextField(db_collation="C")


def folded(field: str) -> GeneratedField:
    return GeneratedField(expression=Fold(field), output_field=models.TextField(db_collation="C"), db_persist=True)


def fold(text: str) -> str:
    """The same key in Python, for what a person typed."""
    return text.strip().lower().replace("ё", "е")


class MirroredQuerySet(models.QuerySet):
    def alive(self) -> Self:
        return self.filter(deleted_at__isnull=True)


class Mirrored(models.Model):
    """``created_at`` and ``updated_at`` are those of amoCRM where the row came from there; ``changed_at`` is ours."""

    amo_id = models.BigIntegerField(null=True, blank=True, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    sync_state = models.CharField(max_length=8, choices=SyncState, default=SyncState.SYNCED)
    sync_reason = ReasonField(max_length=500, blank=True, default="")

    class Meta:
        abstract = True
