"""Who belongs to a segment by its own definition, as a queryset: the door to the rules."""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from pipelines.models import Contact

from .models import Membership, Segment
from .rules.compile import matching
from .rules.parse import RuleRefused, parse


class Broken(Exception):
    """The rule names something that is gone, so nobody can say who belongs."""


def population(segment: Segment, *, now: datetime, base: QuerySet[Contact]) -> QuerySet[Contact]:
    """Narrow the base to those who belong: by the rules, or, where people were chosen, those who are in already."""
    if segment.kind != Segment.Kind.DYNAMIC:
        inside = Membership.objects.filter(segment=segment.pk, contact=OuterRef("pk"), left_at__isnull=True)
        return base.filter(Exists(inside))
    try:
        return matching(parse(segment.rules), now=now, base=base)
    except RuleRefused as refused:
        raise Broken("; ".join(f"{error.path}: {error.message}" for error in refused.errors)) from refused
