from django.db import models
from django.db.models import F, Q

from .segment import Cause, Segment


class MembershipQuerySet(models.QuerySet["Membership"]):
    def now(self) -> "MembershipQuerySet":
        return self.filter(left_at__isnull=True)


class Membership(models.Model):
    """One stay of a contact in a segment: since when, until when, and why. Only an erasure deletes a row."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="memberships")
    contact = models.ForeignKey("pipelines.Contact", models.CASCADE, related_name="memberships")
    entered_at = models.DateTimeField()  # the ``now`` of the evaluation that found it
    left_at = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=8, choices=Cause, default=Cause.RULE)
    left_cause = models.CharField(max_length=8, choices=Cause, blank=True, default="")
    by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "contact"], condition=Q(left_at__isnull=True), name="membership_one_open"
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("entered_at")),
                name="membership_leaves_after_entering",
            ),
        ]
        indexes = [
            models.Index(fields=["contact", "segment"], name="membership_of_contact"),
            models.Index(fields=["segment", "-entered_at", "-id"], name="membership_of_segment"),
            models.Index(
                fields=["segment", "-left_at", "-id"], name="membership_left", condition=Q(left_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.contact_id}"
