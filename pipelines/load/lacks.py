"""What rows name and the mirror does not have yet, so that it can be fetched before they are loaded."""

from collections.abc import Iterable, Sequence

from django.db import models

from ..models import Company, Contact, Stage
from .table import Row


def lacks(rows: Sequence[Row]) -> dict[str, set[int]]:
    """→ amoCRM ids by what they are: company, contact; ``stage`` holds unknown status ids. Empty when all is here."""
    people = {link["contact"] for row in rows for link in row.get("contacts", ())}
    found = {
        "company": _unknown(Company, (row.get("company") for row in rows)),
        "contact": _unknown(Contact, people),
        "stage": _unknown_stages(rows),
    }
    return {what: ids for what, ids in found.items() if ids}


def _unknown(model: type[models.Model], amo_ids: Iterable[int | None]) -> set[int]:
    wanted = {amo_id for amo_id in amo_ids if amo_id}
    if not wanted:
        return set()
    return wanted - set(model._default_manager.filter(amo_id__in=wanted).values_list("amo_id", flat=True))


def _unknown_stages(rows: Sequence[Row]) -> set[int]:
    pairs = {(row["pipeline"], row["status"]) for row in rows if "pipeline" in row}
    if not pairs:
        return set()
    statuses = {status for _, status in pairs}
    known = Stage.objects.filter(amo_id__in=statuses).values_list("pipeline__amo_id", "amo_id")
    return {status for _, status in pairs - set(known)}
