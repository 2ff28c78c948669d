"""The append-only log that everyone downstream reads.

``record`` writes within the caller's transaction, together with the change it tells of (S18). ``reading`` hands a named
reader the next changes in commit-safe order and moves its position in the same transaction as the reader's effects.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Exists, F, Max, Min, Q
from django.db.models.functions import Now

from crmseg.accounts.models import User

from .models import Change, ChangeReader, Origin


def record(
    type: str,
    subject_id: int,
    *,
    origin: Origin | str,
    at: datetime,
    actor: User | None = None,
    data: dict[str, Any] | None = None,
) -> Change:
    """Add one line to the log. ``type`` is a name of contracts §6, ``at`` when it happened (not when we learnt it)."""
    return Change.objects.create(
        type=type,
        subject_id=subject_id,
        origin=origin,
        occurred_at=at,
        actor=actor,
        data=data or {},
    )


def record_same(type: str, subject_ids: Iterable[int], *, origin: Origin | str, data: dict[str, Any]) -> None:
    """The same line about many subjects, as one statement; it happens now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO pipelines_change (type, subject_id, occurred_at, origin, data)"
            " SELECT %s, subject, now(), %s, %s::jsonb FROM unnest(%s::bigint[]) AS subject",
            [type, str(origin), json.dumps(data), list(subject_ids)],
        )


HORIZON = """
SELECT least(
    pg_snapshot_xmax(seen)::text::bigint,
    pg_current_xact_id_if_assigned()::text::bigint,
    (SELECT min(running::text::bigint) FROM pg_snapshot_xip(seen) AS running
        WHERE running::xid NOT IN (
            SELECT backend_xid FROM pg_stat_activity
            WHERE backend_xid IS NOT NULL AND datname <> current_database()
        ))
) FROM pg_current_snapshot() AS seen
"""


def safe_horizon() -> int:
    """The oldest transaction of this database still running: everything written by older ones is committed or gone.

    Transaction ids are common to the whole server: a long one in a neighbour database does not hold our readers up.
    """
    with connection.cursor() as cursor:
        cursor.execute(HORIZON)
        return int(cursor.fetchone()[0])


@contextmanager
def reading(reader: str, limit: int = 1000) -> Iterator[list[Change]]:
    """Give the next changes to a reader; its position moves if the block ends without an error.

    One reader of a name at a time: a second one gets an empty list.
    """
    with transaction.atomic():
        ChangeReader.objects.bulk_create([ChangeReader(name=reader)], ignore_conflicts=True)
        held = ChangeReader.objects.select_for_update(skip_locked=True).filter(pk=reader).first()
        batch = list(_after(held, limit)) if held else []
        yield batch
        if held and batch:
            held.xid, held.change_id = batch[-1].xid, batch[-1].pk
            held.save(update_fields=["xid", "change_id", "updated_at"])
        elif held:
            unread = Exists(Change.objects.filter(_beyond(held)))
            ChangeReader.objects.filter(~unread, pk=reader).update(caught_up_at=Now())


def caught_up_at(reader: str) -> datetime | None:
    """Until when this reader has read everything there was."""
    return ChangeReader.objects.filter(pk=reader).values_list("caught_up_at", flat=True).first()


def start_here(reader: str) -> None:
    """Let a reader begin with what comes next, without the past."""
    last = Change.objects.filter(xid__lt=safe_horizon()).order_by("xid", "id").last()
    position = {"xid": last.xid, "change_id": last.pk} if last else {"xid": 0, "change_id": 0}
    ChangeReader.objects.update_or_create(name=reader, defaults=position)


def stamp_anew() -> int:
    """Bring the log of another cluster below the transactions of this one, in its order; → how far it was moved.

    What this cluster wrote already has the later ids and stays; readers move along, so what was unread stays unread.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        current = int(cursor.fetchone()[0])
    foreign = Change.objects.filter(xid__gt=current).aggregate(xid=Max("xid"), last=Max("id"))
    newest = max(foreign["xid"] or 0, ChangeReader.objects.aggregate(xid=Max("xid"))["xid"] or 0)
    if newest <= current:
        return 0
    own = Change.objects.filter(id__gt=foreign["last"] or 0, xid__lte=current)
    distance = newest - (own.aggregate(xid=Min("xid"))["xid"] or current) + 1
    Change.objects.filter(id__lte=foreign["last"] or 0).update(xid=F("xid") - distance)
    ChangeReader.objects.update(xid=F("xid") - distance)
    return distance


def _after(held: ChangeReader, limit: int) -> models.QuerySet[Change]:
    return Change.objects.filter(_beyond(held), xid__lt=safe_horizon()).order_by("xid", "id")[:limit]


def _beyond(held: ChangeReader) -> Q:
    return Q(xid__gte=held.xid) & (Q(xid=held.xid, id__gt=held.change_id) | Q(xid__gt=held.xid))
