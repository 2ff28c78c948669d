"""Who entered and who left, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from crmseg.accounts.models import User
from pipelines.models import Contact

from .models import Membership, Segment


@dataclass(frozen=True)
class Step:
    """One entry or one leave."""

    at: datetime
    is_entry: bool
    segment: Segment
    contact: Contact
    cause: str
    by: User | None = None


def recent(stays: QuerySet[Membership], limit: int = 50, before: datetime | None = None) -> list[Step]:
    """The newest entries and leaves among these intervals; each side by its own index."""
    steps = [*_entries(stays, limit, before), *_leaves(stays, limit, before)]
    return sorted(steps, key=lambda step: step.at, reverse=True)[:limit]


def _entries(stays: QuerySet[Membership], limit: int, before: datetime | None) -> Iterator[Step]:
    for stay in _newest(stays, "entered_at", limit, before):
        yield Step(stay.entered_at, True, stay.segment, stay.contact, stay.get_cause_display(), stay.by)


def _leaves(stays: QuerySet[Membership], limit: int, before: datetime | None) -> Iterator[Step]:
    for stay in _newest(stays.filter(left_at__isnull=False), "left_at", limit, before):
        yield Step(stay.left_at, False, stay.segment, stay.contact, stay.get_left_cause_display())


def _newest(stays: QuerySet[Any], instant: str, limit: int, before: datetime | None) -> QuerySet[Any]:
    if before:
        stays = stays.filter(**{f"{instant}__lt": before})
    return stays.order_by(f"-{instant}", "-pk").prefetch_related("segment", "contact", "by")[:limit]
