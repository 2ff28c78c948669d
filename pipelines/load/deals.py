"""Deals with their people and their stay on stages."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from ..models import Deal, Origin, Stage, StageVisit
from .stays import Moved, begin_stays, move_stays
from .table import Loaded, News, Row, Upsert, Written, as_json, loaded, log, news

DEALS = Upsert(
    Deal,
    {
        "amo_id": "bigint",
        "name": "text",
        "price": "numeric",
        "pipeline": "bigint",
        "status": "bigint",
        "loss_reason": "bigint",
        "company": "bigint",
        "responsible": "bigint",
        "source": "text",
        "tags": "text[]",
        "custom": "jsonb",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
        "closed_at": "timestamptz",
        "holds_stage": "boolean",
    },
    {
        "name": "coalesce(i.name, '')",
        "price": "i.price::numeric(15, 2)",
        "pipeline_id": "CASE WHEN held.is THEN old.pipeline_id ELSE stage.pipeline_id END",
        "stage_id": "CASE WHEN held.is THEN old.stage_id ELSE stage.id END",
        "stage_entered_at": """CASE
            WHEN old.id IS NULL THEN coalesce(i.created_at, %(now)s)
            WHEN held.is OR old.stage_id = stage.id THEN old.stage_entered_at
            ELSE greatest(old.stage_entered_at, coalesce(i.closed_at, i.updated_at, %(now)s)) END""",
        "loss_reason_id": "CASE WHEN held.is THEN old.loss_reason_id ELSE reason.id END",
        "closed_at": "CASE WHEN held.is THEN old.closed_at ELSE i.closed_at END",
        "company_id": "company.id",
        "responsible_id": "responsible.id",
        "source": "coalesce(i.source, '')",
        "tags": "coalesce(i.tags, '{}')::varchar[]",
        "custom": "coalesce(i.custom, '{}'::jsonb)",
        "created_at": "coalesce(i.created_at, %(now)s)",
        "updated_at": "coalesce(i.updated_at, %(now)s)",
        "deleted_at": "NULL::timestamptz",
    },
    """LEFT JOIN accounts_user responsible ON responsible.amo_id = i.responsible
       LEFT JOIN pipelines_company company ON company.amo_id = i.company
       LEFT JOIN pipelines_lossreason reason ON reason.amo_id = i.loss_reason
       -- the limit keeps the planner from guessing that two matches in a row leave no rows
       LEFT JOIN LATERAL (
           SELECT s.id, s.pipeline_id FROM pipelines_stage s JOIN pipelines_pipeline p ON p.id = s.pipeline_id
           WHERE s.amo_id = i.status AND p.amo_id = i.pipeline LIMIT 1) stage ON true
       CROSS JOIN LATERAL (SELECT coalesce(i.holds_stage, false) AND old.id IS NOT NULL AS is) held""",
    only="stage.id IS NOT NULL",
    kept={"sync_state": "'synced'", "sync_reason": "''"},
    quiet=frozenset({"updated_at", "deleted_at", "stage_entered_at", "pipeline_id", "stage_id", "closed_at"}),
    extra=("was.stage_id", "r.stage_id", "r.stage_entered_at"),
)


def load_deals(rows: Sequence[Row], origin: Origin | str, now: datetime) -> Loaded:
    """Upsert deals. ``row["holds_stage"]``: the local stage waits to be written there and must stay (S3).

    A deal on a stage that is unknown here is left out: ``lacks`` tells of it beforehand.
    """
    with transaction.atomic():
        written = DEALS.run(rows, origin, now)
        created = [row for row in written if row.is_new]
        moves = [_moved(row) for row in written if not row.is_new and row.extra[0] != row.extra[1]]
        begin_stays([row.id for row in created], _source(origin))
        move_stays(moves)
        relinked = replace_links(rows, {row.amo_id for row in created})
        log(news("deal", _with_links(written, relinked)) + told(moves), origin)
        return loaded(rows, written)


def _source(origin: Origin | str) -> str:
    return StageVisit.Source.HISTORY if origin == Origin.IMPORT else StageVisit.Source.OBSERVED


def _moved(row: Written) -> Moved:
    was, stage, at = row.extra
    return Moved(row.id, was, stage, at)


def _with_links(written: list[Written], changed: set[int]) -> list[Written]:
    seen = {row.id for row in written if row.is_new or row.fields}
    others = Deal.objects.filter(pk__in=changed - seen).values_list("pk", "amo_id", "updated_at")
    merged = [row for row in written if row.id in seen]
    return merged + [Written(pk, amo_id or 0, False, ("contacts",), at) for pk, amo_id, at in others]


def told(moves: Sequence[Moved]) -> list[News]:
    """What the log says of moves: moved, and won or lost beside it."""
    stages = Stage.objects.in_bulk({move.stage for move in moves})
    reasons = dict(Deal.objects.filter(pk__in=[move.deal for move in moves]).values_list("pk", "loss_reason_id"))
    lines: list[News] = []
    for move in moves:
        stage = stages[move.stage]
        data = {
            "stage": stage.pk,
            "from": move.was,
            "pipeline": stage.pipeline_id,
            "loss_reason": reasons.get(move.deal),
        }
        lines.append(("deal.moved", move.deal, move.at, data))
        if stage.kind in Stage.CLOSED_KINDS:
            lines.append((f"deal.{stage.kind}", move.deal, move.at, data))
    return lines


def replace_links(rows: Sequence[Row], new: Collection[int] = ()) -> set[int]:
    """Make the people of these deals what the rows say; → deals that changed.

    ``new``: amoCRM ids of rows made just now, which have nobody to lose.
    """
    links = [{**link, "deal": row["amo_id"]} for row in rows for link in row.get("contacts", ())]
    wanted = """WITH i AS MATERIALIZED (
        SELECT DISTINCT ON (d.id, c.id) d.id AS deal, c.id AS contact, i.is_main
        FROM json_to_recordset(%(links)s::json) AS i(deal bigint, contact bigint, is_main boolean)
        JOIN pipelines_deal d ON d.amo_id = i.deal JOIN pipelines_contact c ON c.amo_id = i.contact
        ORDER BY d.id, c.id, i.is_main DESC)"""
    known = [row["amo_id"] for row in rows if row["amo_id"] not in new]
    given: dict[str, Any] = {"links": as_json(links), "deals": known}
    changed: set[int] = set()
    with connection.cursor() as cursor:
        for statement in (REMOVE, DEMOTE, PUT) if known else (PUT,):
            cursor.execute(wanted + statement, given)
            changed.update(deal for (deal,) in cursor.fetchall())
    return changed


REMOVE = """
    DELETE FROM pipelines_dealcontact x
    WHERE x.deal_id = ANY(ARRAY(SELECT id FROM pipelines_deal WHERE amo_id = ANY(%(deals)s)))
      AND NOT EXISTS (SELECT FROM i WHERE i.deal = x.deal_id AND i.contact = x.contact_id)
    RETURNING x.deal_id"""
# The one main contact steps back before another steps forward: the index is checked row by row.
DEMOTE = """
    UPDATE pipelines_dealcontact x SET is_main = false FROM i
    WHERE x.deal_id = i.deal AND x.contact_id = i.contact AND x.is_main AND NOT i.is_main
    RETURNING x.deal_id"""
PUT = """
    INSERT INTO pipelines_dealcontact AS x (deal_id, contact_id, is_main)
    SELECT deal, contact, is_main FROM i ORDER BY deal, is_main DESC, contact
    ON CONFLICT (deal_id, contact_id) DO UPDATE SET is_main = excluded.is_main WHERE x.is_main <> excluded.is_main
    RETURNING x.deal_id"""
