from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SegmentQuerySet(models.QuerySet["Segment"]):
    def alive(self) -> "SegmentQuerySet":
        return self.filter(deleted_at__isnull=True)

    def dynamic(self) -> "SegmentQuerySet":
        return self.filter(kind=Segment.Kind.DYNAMIC)

    def live(self) -> "SegmentQuerySet":
        """Those whose membership follows their rules: dynamic, not paused, not broken."""
        return self.alive().dynamic().filter(is_paused=False).exclude(health=Segment.Health.BROKEN)


class Segment(models.Model):
    """A named group of contacts. ``size`` is a stored counter of open memberships."""

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("Динамический")
        STATIC = "static", _("Ручной")
        SNAPSHOT = "snapshot", _("Снимок")

    class Health(models.TextChoices):
        OK = "ok", _("В порядке")
        EMPTY = "empty", _("Пустой")
        BROKEN = "broken", _("Сломан")
        HEAVY = "heavy", _("Тяжёлый")
        JUMPED = "jumped", _("Резко изменился")

    name = models.CharField(_("Название"), max_length=200)
    description = models.TextField(_("Описание"), blank=True, default="")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.DYNAMIC)
    rules = models.JSONField(null=True, blank=True)
    ready_key = models.CharField(max_length=60, null=True, blank=True, unique=True)
    size = models.PositiveIntegerField(default=0)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    is_paused = models.BooleanField(default=False)
    paused_until = models.DateTimeField(null=True, blank=True)
    health = models.CharField(max_length=8, choices=Health, default=Health.OK)
    health_reason = models.CharField(max_length=500, blank=True, default="")
    owner = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="dynamic") | Q(rules__isnull=False), name="dynamic_segment_has_rules"
            ),
            models.UniqueConstraint(fields=["name"], condition=Q(deleted_at__isnull=True), name="segment_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
