"""The one statement that turns a rule's result into history.

In: the people found for some segments, as SQL. Out: an interval opened for each who was not in, an interval closed for
each who no longer is, one line of the change log for either, all in the caller's transaction. The caller holds the
segments' rows locked, so two refreshers never open the same interval.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.backends.postgresql.psycopg_any import mogrify
from django.db.models import QuerySet, Value

from pipelines.models import Contact, Origin

_DIFF = """
WITH found AS MATERIALIZED ({found}),
entered AS (
    INSERT INTO segments_membership (segment_id, contact_id, entered_at, cause, left_cause)
    SELECT found.segment_id, found.id, %(now)s, %(cause)s, '' FROM found
    WHERE NOT EXISTS (
        SELECT FROM segments_membership m
        WHERE m.segment_id = found.segment_id AND m.contact_id = found.id AND m.left_at IS NULL
    )
    RETURNING segment_id, contact_id
),
gone AS (
    UPDATE segments_membership m
    SET left_at = greatest(m.entered_at, %(now)s),
        left_cause = CASE WHEN c.deleted_at IS NULL THEN %(cause)s ELSE 'deleted' END
    FROM pipelines_contact c
    WHERE c.id = m.contact_id AND m.left_at IS NULL AND m.segment_id = ANY (%(segments)s) {among}
        AND NOT EXISTS (SELECT FROM found WHERE found.segment_id = m.segment_id AND found.id = m.contact_id)
    RETURNING m.segment_id, m.contact_id
),
moved AS (
    SELECT 'segment.entered' AS type, segment_id, contact_id FROM entered
    UNION ALL SELECT 'segment.left', segment_id, contact_id FROM gone
),
logged AS (
    INSERT INTO pipelines_change (type, subject_id, occurred_at, origin, actor_id, data)
    SELECT type, contact_id, %(now)s, %(origin)s, %(actor)s, jsonb_build_object('segment', segment_id) FROM moved
)
SELECT segment_id, count(*) FILTER (WHERE type = 'segment.entered'), count(*) FILTER (WHERE type = 'segment.left')
FROM moved GROUP BY segment_id
"""


@dataclass(frozen=True)
class Moved:
    """How many entered and left one segment."""

    segment_id: int
    entered: int
    left: int


def apply(
    found: Iterable[tuple[int, QuerySet[Contact]]], *, now: datetime, cause: str, only: Sequence[int] | None = None
) -> list[Moved]:
    """Write the difference between the people found and the open intervals of these segments.

    ``only`` limits it to a few contacts, those the querysets were limited to.
    """
    pairs = list(found)
    if not pairs:
        return []
    statement = _DIFF.format(
        found=" UNION ALL ".join(_literal(segment_id, people) for segment_id, people in pairs),
        among="" if only is None else "AND m.contact_id = ANY (%(only)s)",
    )
    values: dict[str, Any] = {
        "only": list(only or ()),
        "segments": [pk for pk, _people in pairs],
        "now": now,
        "cause": cause,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values | {"origin": Origin.AUTOMATION, "actor": None})
        return [Moved(*row) for row in cursor.fetchall()]


def _literal(segment_id: int, people: QuerySet[Contact]) -> str:
    """The queryset as SQL text with its values in place, fit to stand inside a statement with named values."""
    rows = people.order_by().annotate(of_segment=Value(segment_id)).values_list("of_segment", "pk")
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:  # a rule that Django knows nobody can satisfy
        return "SELECT NULL::bigint AS segment_id, NULL::bigint AS id WHERE false"
    text = str(mogrify(sql, params, connection)).replace("%", "%%")
    return f"SELECT * FROM ({text}) AS s{segment_id}(segment_id, id)"  # noqa: S608 (our own compiler's SQL)
