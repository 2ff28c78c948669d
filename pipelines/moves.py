"""What the log says of a deal's move, and what it keeps so that the move can be undone.

In: a deal and the visit it has just begun. Out: ``deal.moved`` (and won, lost beside it). The line also holds what the
move wiped off the deal's row (``was``); undoing it takes that from there and adds a line of its own (``undone``).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmseg.accounts.models import User

from . import changes
from .models.change import Change, Origin
from .models.pipeline import LossReason
from .models.visit import StageVisit

if TYPE_CHECKING:
    from .models.deal import Deal

MOVED = "deal.moved"


@dataclass(frozen=True)
class Closing:
    """When a deal was closed and why it was lost; nothing of an open one."""

    at: datetime | None = None
    reason: LossReason | None = None


def record(deal: "Deal", visit: StageVisit, was: Closing, by: User | None, origin: Origin | str) -> None:
    data = _place(deal, visit, came_from=visit.previous_stage_id) | {"visit": visit.pk}
    if was.at or was.reason:
        closed_at = was.at.isoformat() if was.at else None
        data["was"] = {"closed_at": closed_at, "loss_reason": was.reason.pk if was.reason else None}
    types = [MOVED] if visit.stage.is_open else [MOVED, f"deal.{visit.stage.kind}"]
    for type in types:
        changes.record(type, deal.pk, origin=origin, at=visit.entered_at, actor=by, data=data)


def record_undo(deal: "Deal", visit: StageVisit, undone: StageVisit, by: User, now: datetime) -> None:
    """A move back, and nothing else: a deal that is won again in this way was won before."""
    data = _place(deal, visit, came_from=undone.stage_id)
    data["undone"] = {"visit": undone.pk, "entered_at": undone.entered_at.isoformat()}
    changes.record(MOVED, deal.pk, origin=Origin.UI, at=now, actor=by, data=data)


def was_undone(deal: "Deal", visit_id: int) -> bool:
    return Change.objects.filter(type=MOVED, subject_id=deal.pk, data__undone__visit=visit_id).exists()


def before(deal: "Deal", visit: StageVisit) -> Closing:
    """How the deal was closed before the move that began this visit."""
    told = Change.objects.filter(type=MOVED, subject_id=deal.pk, data__visit=visit.pk).values_list("data", flat=True)
    was = (told.first() or {}).get("was") or {}
    at = datetime.fromisoformat(was["closed_at"]) if was.get("closed_at") else None
    return Closing(at, LossReason.objects.filter(pk=was["loss_reason"]).first() if was.get("loss_reason") else None)


def _place(deal: "Deal", visit: StageVisit, *, came_from: int | None) -> dict[str, Any]:
    return {
        "stage": visit.stage_id,
        "from": came_from,
        "pipeline": visit.pipeline_id,
        "loss_reason": deal.loss_reason_id,
    }
