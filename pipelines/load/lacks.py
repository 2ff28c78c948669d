"""What rows name and the mirror does not have yet, so that it can be fetched before they are loaded."""

from collections.abc import Iterable, Sequence

from django.db import connection

from ..models import Stage
from .table import Row


def lacks(rows: Sequence[Row]) -> dict[str, set[int]]:
    """→ amoCRM ids by what they are: company, contact; ``stage`` holds unknown status ids. Empty when all is here."""
    people = {link["contact"] for row in rows for link in row.get("contacts", ())}
    found = {
        "company": _unknown("company", (row.get("company") for row in rows)),
        "contact": _unknown("contact", people),
        "stage": _unknown_stages(rows),
    }
    return {what: ids for what, ids in found.items() if ids}


def _unknown(entity: str, amo_ids: Iterable[int | None]) -> set[int]:
    wanted = {amo_id for amo_id in amo_ids if amo_id}
    if not wanted:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT id FROM unnest(%s::bigint[]) AS wanted(id)
                WHERE NOT EXISTS (SELECT FROM pipelines_{entity} t WHERE t.amo_id = wanted.id)""",  # noqa: S608
            [list(wanted)],
        )
        return {amo_id for (amo_id,) in cursor.fetchall()}


def _unknown_stages(rows: Sequence[Row]) -> set[int]:
    pairs = {(row["pipeline"], row["status"]) for row in rows if "pipeline" in row}
    if not pairs:
        return set()
    statuses = {status for _, status in pairs}
    known = Stage.objects.filter(amo_id__in=statuses).values_list("pipeline__amo_id", "amo_id")
    return {status for _, status in pairs - set(known)}
