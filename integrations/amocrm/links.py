"""The agreed state of records, read and moved set-wise.

``agree`` moves the base after a read that shows the values (S7). ``held_deals`` finds the deals whose local stage waits
to be written there: the three-way comparison of local, base and remote that keeps a pull from undoing a move.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection

from pipelines.load import Row
from pipelines.load.table import as_json

from .mapping import Json
from .models import Entity, Link, Push
from .values import text_of

TABLES = {
    Entity.CONTACT: "pipelines_contact",
    Entity.COMPANY: "pipelines_company",
    Entity.DEAL: "pipelines_deal",
}


def base_of(entity: str, row: Row) -> Json:
    base: dict[str, Any] = {"tags": row["tags"]}
    if entity == Entity.DEAL:
        base |= {"status": [row["pipeline"], row["status"]], "loss": row["loss_reason"]}
    return base


def agree(entity: Entity, rows: Sequence[Row]) -> None:
    """What amoCRM shows is what both sides know now. A tag of ours that somebody took off there is ours no more."""
    linked = [
        {"amo_id": row["amo_id"], "base": base_of(entity, row), "updated_at": row["updated_at"]}
        for row in rows
        if not row.get("holds_stage")
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO amocrm_link AS l (entity, amo_id, local_id, base, given_tags, remote_updated_at)
                SELECT %s, t.amo_id, t.id, i.base, '{{}}', i.updated_at
                FROM json_to_recordset(%s::json) AS i(amo_id bigint, base jsonb, updated_at timestamptz)
                JOIN {TABLES[entity]} t ON t.amo_id = i.amo_id ORDER BY t.amo_id
                ON CONFLICT (entity, amo_id) DO UPDATE
                SET base = excluded.base, remote_updated_at = excluded.remote_updated_at,
                    given_tags = ARRAY(SELECT tag FROM unnest(l.given_tags) AS tag
                                       WHERE excluded.base -> 'tags' @> to_jsonb(tag))
                WHERE (l.base, l.remote_updated_at) IS DISTINCT FROM (excluded.base, excluded.remote_updated_at)""",  # noqa: S608
            [str(entity), as_json(linked)],
        )


def held_deals(rows: Sequence[Row]) -> set[int]:
    """amoCRM ids of deals moved here and not written there yet. Their rows are locked until the page is in.

    A move that amoCRM refused does not stand in the way of a new one made there.
    """
    remote = {row["amo_id"]: [row["pipeline"], row["status"], row["loss_reason"]] for row in rows}
    held = set()
    with connection.cursor() as cursor:
        cursor.execute(
            # one look at the index per deal: a join is planned from the other end while the tables are young
            """SELECT d.amo_id, (SELECT base FROM amocrm_link l WHERE l.entity = 'deal' AND l.local_id = d.id),
                      (SELECT amo_id FROM pipelines_pipeline p WHERE p.id = d.pipeline_id),
                      (SELECT amo_id FROM pipelines_stage s WHERE s.id = d.stage_id),
                      (SELECT amo_id FROM pipelines_lossreason r WHERE r.id = d.loss_reason_id),
                      EXISTS (SELECT FROM amocrm_push x WHERE x.entity = 'deal' AND x.local_id = d.id
                              AND x.kind = 'move' AND x.state = 'parked')
               FROM pipelines_deal d
               WHERE d.amo_id = ANY(%s) ORDER BY d.id FOR NO KEY UPDATE""",
            [list(remote)],
        )
        for amo_id, base, *local, is_refused in _parsed(cursor.fetchall()):
            if base is None:  # never agreed on: what amoCRM shows counts
                continue
            agreed = [*base.get("status", [None, None]), base.get("loss")]
            if local != agreed and local != remote[amo_id] and (not is_refused or remote[amo_id] == agreed):
                held.add(amo_id)
    return held


def _parsed(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Django leaves jsonb as text in raw cursors."""
    return [(row[0], orjson.loads(row[1]) if isinstance(row[1], str) else row[1], *row[2:]) for row in rows]


def links_of(entity: str, local_ids: Sequence[int]) -> dict[int, Link]:
    return {link.local_id: link for link in Link.objects.filter(entity=entity, local_id__in=local_ids)}


def own_notes(rows: Sequence[Row]) -> set[int]:
    """Notes of amoCRM that are the echo of ours: known by their id, or on their way at this moment.

    A campaign's note tells what our ledger tells already; a person's is a row here that gets its id in a moment.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT result_id FROM amocrm_push
               WHERE kind = 'note' AND result_id = ANY(%s) AND payload -> 'note' IS NULL""",
            [[row["amo_id"] for row in rows]],
        )
        found = {amo_id for (amo_id,) in cursor.fetchall()}
    on_the_way = Push.objects.filter(kind=Push.Kind.NOTE, state__in=[Push.State.INTENT, Push.State.UNKNOWN])
    texts = {text_of(payload.get("text")) for payload in on_the_way.values_list("payload", flat=True)} - {""}
    return found | {row["amo_id"] for row in rows if row["text"] in texts}
