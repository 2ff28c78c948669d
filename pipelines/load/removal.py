"""Records that amoCRM no longer has: marked, never dropped (restore finds the same row)."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction

from ..models import Company, Contact, Deal, Origin, Task
from .table import log

MODELS = {"contact": Contact, "company": Company, "deal": Deal, "task": Task}


def mark_deleted(entity: str, amo_ids: Collection[int], origin: Origin | str, now: datetime) -> int:
    """Mark the named records deleted; says how many were alive."""
    table = MODELS[entity]._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET deleted_at = %s, changed_at = %s"  # noqa: S608 – a table of ours
            " WHERE amo_id = ANY(%s) AND deleted_at IS NULL RETURNING id",
            [now, now, list(amo_ids)],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
        if entity != "task":  # the log knows no such event of a task
            log([(f"{entity}.deleted", pk, now, {}) for pk in ids], origin)
    return len(ids)
