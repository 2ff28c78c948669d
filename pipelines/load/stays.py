"""Visits of many deals at once: the first stay of new ones, the next stay of moved ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from ..models import Stage
from ..visits import step
from .table import as_json


@dataclass(frozen=True, slots=True)
class Moved:
    deal: int
    was: int
    stage: int
    at: datetime


def begin_stays(deals: Sequence[int], source: str) -> None:
    """A deal's first visit begins when the deal was created (contracts §4)."""
    if not deals:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO pipelines_stagevisit
                   (deal_id, stage_id, pipeline_id, entered_at, source, direction, skipped, skipped_stages,
                    visit_number)
               SELECT id, stage_id, pipeline_id, stage_entered_at, %s, 'start', 0, '{}', 1
               FROM pipelines_deal WHERE id = ANY(%s) ORDER BY id""",
            [str(source), list(deals)],
        )


def move_stays(moves: Sequence[Moved]) -> None:
    if not moves:
        return
    stages = _stages(moves)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE pipelines_stagevisit v SET left_at = greatest(i.at, v.entered_at)
               FROM json_to_recordset(%s::json) AS i(deal bigint, at timestamptz)
               WHERE v.deal_id = i.deal AND v.left_at IS NULL""",
            [as_json([{"deal": move.deal, "at": move.at} for move in moves])],
        )
        cursor.execute(
            """INSERT INTO pipelines_stagevisit (deal_id, stage_id, pipeline_id, entered_at, source, direction,
                                                 previous_stage_id, skipped, skipped_stages, visit_number)
               SELECT d.id, d.stage_id, d.pipeline_id,
                      greatest(d.stage_entered_at,
                               (SELECT max(left_at) FROM pipelines_stagevisit v WHERE v.deal_id = d.id)),
                      'observed', i.direction, i.previous, i.skipped, coalesce(i.skipped_stages, '{}'),
                      1 + (SELECT count(*) FROM pipelines_stagevisit v
                           WHERE v.deal_id = d.id AND v.stage_id = d.stage_id)
               FROM json_to_recordset(%s::json)
                    AS i(deal bigint, direction text, previous bigint, skipped smallint, skipped_stages bigint[])
               JOIN pipelines_deal d ON d.id = i.deal""",
            [as_json([_step(move, stages) for move in moves])],
        )


def _step(move: Moved, stages: dict[int, Stage]) -> dict[str, object]:
    previous, stage = stages[move.was], stages[move.stage]
    order = [each for each in stages.values() if each.pipeline_id == stage.pipeline_id]
    taken = step(previous, stage, order)
    return {
        "deal": move.deal,
        "direction": str(taken.direction),
        "previous": move.was,
        "skipped": taken.skipped,
        "skipped_stages": list(taken.skipped_stages),
    }


def _stages(moves: Sequence[Moved]) -> dict[int, Stage]:
    """Every stage of the pipelines these moves touch."""
    named = {move.was for move in moves} | {move.stage for move in moves}
    pipelines = Stage.objects.filter(pk__in=named).values("pipeline")
    return {stage.pk: stage for stage in Stage.objects.filter(pipeline__in=pipelines)}
