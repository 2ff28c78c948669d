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

    A move that amoCRM refused does not stand in the way of a new one made there. What amoCRM shows of a move that was
    sent and has been taken back here since is our own echo: the stage stays too.
    """
    rows_by_id = {row["amo_id"]: row for row in rows}
    held = set()
    with connection.cursor() as cursor:
        cursor.execute(
            # one look at the index per deal: a join is planned from the other end while the tables are young
            """SELECT d.amo_id, (SELECT jsonb_build_array(base, extract(epoch FROM remote_updated_at))
                                 FROM amocrm_link l WHERE l.entity = 'deal' AND l.local_id = d.id),
                      (SELECT jsonb_agg(jsonb_build_array(state, payload -> 'sent')) FROM amocrm_push x
                       WHERE x.entity = 'deal' AND x.local_id = d.id AND x.kind = 'move'),
                      (SELECT amo_id FROM pipelines_pipeline p WHERE p.id = d.pipeline_id),
                      (SELECT amo_id FROM pipelines_stage s WHERE s.id = d.stage_id),
                      (SELECT amo_id FROM pipelines_lossreason r WHERE r.id = d.loss_reason_id)
               FROM pipelines_deal d
               WHERE d.amo_id = ANY(%s) ORDER BY d.id FOR NO KEY UPDATE""",
            [list(rows_by_id)],
        )
        for amo_id, link, pushes, *local in cursor.fetchall():
            if link is None:  # never agreed on: what amoCRM shows counts
                continue
            base, stamp = _parsed(link)
            if _stays(local, rows_by_id[amo_id], base, stamp, _parsed(pushes) or ()):
                held.add(amo_id)
    return held


def _stays(local: list[Any], row: Row, base: Json, stamp: float | None, pushes: Sequence[tuple[str, Any]]) -> bool:
    """Whether the local stage stays: three-way, then by what was sent of this deal's moves."""
    shown = [row["pipeline"], row["status"], row["loss_reason"]]
    agreed = [*base.get("status", [None, None]), base.get("loss")]
    if local == shown:
        return False
    is_refused = any(state == Push.State.PARKED for state, _ in pushes)
    if local != agreed and (not is_refused or shown == agreed):
        return True
    is_old = bool(stamp and row["updated_at"]) and row["updated_at"].timestamp() < stamp
    return any(
        sent and [*sent["status"], sent["loss"]] == shown and (is_old or state in Push.IN_DOUBT)
        for state, sent in pushes
    )


def _parsed(value: Any) -> Any:
    """Django leaves jsonb as text in raw cursors."""
    return orjson.loads(value) if isinstance(value, str) else value


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
