"""People whom somebody puts into a static segment, or takes out (A7): who did it is on the interval and in the log."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from crmseg.accounts.models import User
from pipelines.models import Origin

from . import diff
from .models import Segment

_ADD = """
WITH entered AS (
    INSERT INTO segments_membership (segment_id, contact_id, entered_at, cause, left_cause, by_id)
    SELECT %(segment)s, c.id, %(now)s, 'manual', '', %(actor)s FROM pipelines_contact c
    WHERE c.id = ANY (%(contacts)s) AND c.deleted_at IS NULL AND NOT EXISTS (
        SELECT FROM segments_membership m
        WHERE m.segment_id = %(segment)s AND m.contact_id = c.id AND m.left_at IS NULL
    )
    RETURNING segment_id, contact_id
),
moved AS (SELECT 'segment.entered' AS type, segment_id, contact_id FROM entered),"""

_REMOVE = """
WITH gone AS (
    UPDATE segments_membership m SET left_at = greatest(m.entered_at, %(now)s), left_cause = 'manual'
    WHERE m.segment_id = %(segment)s AND m.left_at IS NULL AND m.contact_id = ANY (%(contacts)s)
    RETURNING m.segment_id, m.contact_id
),
moved AS (SELECT 'segment.left' AS type, segment_id, contact_id FROM gone),"""


class NotStatic(Exception):
    """The members of this segment follow its rules, or were fixed for good."""


def add_by_hand(
    segment: Segment, contacts: Collection[int], *, by: User | None, now: datetime, origin: str = Origin.UI
) -> int:
    """Put these contacts in; those who are in already, or deleted, are passed over. Returns how many entered."""
    return _move(_ADD, segment, contacts, by, now, origin)


def remove_by_hand(
    segment: Segment, contacts: Collection[int], *, by: User | None, now: datetime, origin: str = Origin.UI
) -> int:
    return _move(_REMOVE, segment, contacts, by, now, origin)


def _move(
    statement: str, segment: Segment, contacts: Collection[int], by: User | None, now: datetime, origin: str
) -> int:
    with transaction.atomic():
        held = Segment.objects.alive().select_for_update(no_key=True).get(pk=segment.pk)
        if held.kind != Segment.Kind.STATIC:
            raise NotStatic(held.name)
        values = {"segment": held.pk, "contacts": list(contacts), "now": now, "origin": origin}
        moved = diff.write(statement, values | {"actor": by.pk if by else None})
        entered, left = (moved[0].entered, moved[0].left) if moved else (0, 0)
        held.size = held.size + entered - left
        held.health = Segment.Health.OK if held.size else Segment.Health.EMPTY
        held.refreshed_at = held.changed_at = now
        held.save(update_fields=["size", "health", "refreshed_at", "changed_at"])
    return entered + left
