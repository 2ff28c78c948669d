"""One step of a deal along its track (contracts §4): pure reckoning, and the visit rows a step writes.

A deal always has exactly one open visit. ``enter`` closes it and opens the next, ``take_back`` undoes that, both within
the caller's transaction, which holds the deal's row. Order is that of the moment: won and lost stand at the end,
whatever their position.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from crmseg.accounts.models import User

from .models.pipeline import Stage
from .models.visit import StageVisit

if TYPE_CHECKING:
    from .models.deal import Deal


@dataclass(frozen=True)
class Step:
    direction: StageVisit.Direction
    skipped_stages: tuple[int, ...] = ()

    @property
    def skipped(self) -> int:
        return len(self.skipped_stages)


def place(stage: Stage) -> tuple[bool, int, int]:
    """Where a stage stands in its pipeline: won and lost come after all others."""
    return (not stage.is_open, stage.position, stage.pk)


def in_order(stages: Iterable[Stage]) -> list[Stage]:
    return sorted(stages, key=place)


def step(previous: Stage | None, stage: Stage, order: Sequence[Stage]) -> Step:
    """Direction of a move, and the incoming and open stages strictly between, whichever way it went.

    ``order`` is the pipeline's stages; deleted ones are nobody's step.
    """
    if previous is None:
        return Step(StageVisit.Direction.START)
    if previous.pipeline_id != stage.pipeline_id:
        return Step(StageVisit.Direction.TRANSFER)
    low, high = sorted((place(previous), place(stage)))
    passed = (each for each in in_order(order) if low < place(each) < high)
    between = tuple(each.pk for each in passed if each.is_open and not each.deleted_at)
    forward = place(stage) > place(previous)
    return Step(StageVisit.Direction.FORWARD if forward else StageVisit.Direction.BACKWARD, between)


def enter(deal: "Deal", stage: Stage, *, at: datetime, by: User | None) -> StageVisit:
    """Close the open visit of a deal and open the next one. A clock that ran back never makes a negative stay."""
    past = StageVisit.objects.filter(deal=deal)
    current = past.filter(left_at__isnull=True).first() or missing(deal, at)
    at = max(at, current.entered_at)
    current.left_at = at
    current.save(update_fields=["left_at"])
    taken = step(current.stage, stage, list(stage.pipeline.stages.all()))
    return StageVisit.objects.create(
        deal=deal,
        stage=stage,
        pipeline_id=stage.pipeline_id,
        entered_at=at,
        by=by,
        direction=taken.direction,
        previous_stage=current.stage,
        skipped=taken.skipped,
        skipped_stages=list(taken.skipped_stages),
        visit_number=past.filter(stage=stage).count() + 1,
    )


def take_back(visit: StageVisit) -> StageVisit | None:
    """Remove the open visit of a deal and let the one before it go on; None when that one is not what it left."""
    past = StageVisit.objects.filter(deal=visit.deal_id, left_at__isnull=False)
    former = past.select_related("stage__pipeline").order_by("-entered_at", "-pk").first()
    if former is None or (former.stage_id, former.left_at) != (visit.previous_stage_id, visit.entered_at):
        return None
    StageVisit.objects.filter(pk=visit.pk).delete()
    former.left_at = None
    former.save(update_fields=["left_at"])
    return former


def missing(deal: "Deal", at: datetime) -> StageVisit:
    """A deal that came without history: what its row says of its stage, flagged as a gap."""
    return StageVisit.objects.create(
        deal=deal,
        stage=deal.stage,
        pipeline_id=deal.pipeline_id,
        entered_at=min(deal.stage_entered_at, at),
        source=StageVisit.Source.GAP,
        visit_number=StageVisit.objects.filter(deal=deal, stage=deal.stage).count() + 1,
    )
