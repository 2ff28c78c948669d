"""Who belongs to a segment by its own definition, as a queryset: the door to the rules."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from pipelines.models import Contact

from .models import Membership, Segment
from .rules.compile import matching
from .rules.fields import Known
from .rules.parse import RuleRefused, parse


class Broken(Exception):
    """The rule names something that is gone, so nobody can say who belongs."""


def population(
    segment: Segment, *, now: datetime, only: Sequence[int] | None = None, known: Known | None = None
) -> QuerySet[Contact]:
    """Those who belong: by the rules, or, where people were chosen, those who are in already and not deleted.

    ``only`` limits the question to a few contacts; ``known`` lets several segments share what the database knows.
    """
    base = Contact.objects.alive()
    if segment.kind != Segment.Kind.DYNAMIC:
        inside = Membership.objects.filter(segment=segment.pk, contact=OuterRef("pk"), left_at__isnull=True)
        return base.filter(Exists(inside), **({} if only is None else {"pk__in": only}))
    try:
        return matching(parse(segment.rules, known), now=now, base=base, within=only)
    except RuleRefused as refused:
        raise Broken(str(refused)) from refused
