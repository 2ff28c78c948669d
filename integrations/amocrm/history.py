"""Stage history of the first import: amoCRM's event feed, newest first, into visits.

Events are kept in ``StageEvent`` until the history of their deal is whole: everything older than the page has been
read, or the page is already older than the deal. Then the deal's visits are rebuilt and its events dropped.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import groupby

from django.db import connection, transaction

from crmseg.accounts.models import User
from pipelines.history import rebuild
from pipelines.load import Row
from pipelines.load.table import as_json
from pipelines.models import Change, Deal, Stage, StageVisit
from pipelines.transitions import Transition

from . import mapping
from .client import EVENTS_PAGE, AmoClient, Page
from .echoes import StageIds, echoed, handed_over
from .mapping import Json
from .models import StageEvent

TABLES = (StageVisit, Change)
REBUILD = "rebuild"  # the cursor of a step that has read all and rebuilds the rest
CHUNK = 500
EVERY = 10  # pages
ENOUGH = 100  # deals worth a rebuild: it costs the same for one


def pages(client: AmoClient, cursor: str, until: datetime) -> AbstractContextManager[Iterator[Page]]:
    """The feed up to a moment: what is newer would push the pages along."""
    if cursor:
        return client.pages(cursor, "events", read=read)
    params = {
        "limit": str(EVENTS_PAGE),
        "filter[type]": "lead_status_changed",
        "filter[created_at][to]": str(int(until.timestamp())),
    }
    return client.pages("events", "events", params, read)


def read(items: Sequence[Json]) -> list[Row]:
    return [row for item in items if (row := mapping.stage_event(item))]


def keep(rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO amocrm_stageevent SELECT * FROM json_populate_recordset(NULL::amocrm_stageevent, %s::json)
                ON CONFLICT DO NOTHING""",
            [as_json(rows)],
        )


def is_time(done: int) -> bool:
    """Looking for whole histories goes over all that is kept: not at every page."""
    return done // EVENTS_PAGE % EVERY == EVERY - 1


def rebuild_whole(rows: Sequence[Row]) -> int:
    """Rebuild the deals born after the oldest event of this page: nothing older can tell of them."""
    oldest = min((row["at"] for row in rows), default=None)
    if oldest is None:
        return 0
    younger = Deal.objects.filter(created_at__gt=oldest).values("amo_id")
    whole = StageEvent.objects.filter(deal_amo_id__in=younger).order_by()
    deals = list(whole.values_list("deal_amo_id", flat=True).distinct())
    return _rebuild(deals) if len(deals) >= ENOUGH else 0


def rebuild_some() -> int:
    """Once all is read: the next deals that wait; → 0 when none is left."""
    with transaction.atomic():
        waiting = StageEvent.objects.order_by("deal_amo_id").values_list("deal_amo_id", flat=True).distinct()
        return _rebuild(list(waiting[:CHUNK]))


def _rebuild(amo_ids: Sequence[int]) -> int:
    if not amo_ids:
        return 0
    events = StageEvent.objects.filter(deal_amo_id__in=amo_ids)
    deals = dict(Deal.objects.filter(amo_id__in=amo_ids).values_list("amo_id", "pk"))
    stages = _stages()
    users = {amo_id: pk for amo_id, pk in User.objects.values_list("amo_id", "pk") if amo_id}
    handed = handed_over(deals.values(), stages)
    transitions: dict[int, list[Transition]] = {}
    for amo_id, told in groupby(events.order_by("deal_amo_id", "at", "id"), key=lambda event: event.deal_amo_id):
        if amo_id in deals:
            known = [known for event in told if (known := _transition(event, stages, users))]
            transitions[deals[amo_id]] = echoed(known, handed[deals[amo_id]])
    rebuild({deal: known for deal, known in transitions.items() if known})
    events.delete()
    return len(amo_ids)


def _transition(event: StageEvent, stages: StageIds, users: dict[int, int]) -> Transition | None:
    """None when the stage is one that amoCRM no longer has: the rebuild flags the gap."""
    came_to = stages.get((event.pipeline, event.status))
    if came_to is None:
        return None
    left = stages.get((event.was_pipeline, event.was_status))
    return Transition(event.at, came_to, users.get(event.by_amo_id or 0), left)


def _stages() -> StageIds:
    known = Stage.objects.filter(amo_id__isnull=False).values_list("pipeline__amo_id", "amo_id", "pk")
    return {(pipeline, status): pk for pipeline, status, pk in known if pipeline and status}
