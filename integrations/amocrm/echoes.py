"""Which events of amoCRM's log are the echo of our own moves.

In: what the outbox handed over. Out: the same transitions, the echoes marked with the visit whose move they repeat. An
echo is of the same deal, leads to the stage that was sent, and carries the second that amoCRM answered with; where no
such answer is kept, it lies between the handing over and its end.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from pipelines.models import Change
from pipelines.transitions import SKEW, Transition

from .models import Entity, Push

CAUSE = "change "
SAME = timedelta(seconds=2)  # one write, by one clock
StageIds = dict[tuple[int, int], int]


@dataclass(frozen=True)
class Handed:
    """One stage handed over to amoCRM, and the visit it is for."""

    visit_id: int
    stage_id: int
    since: datetime
    until: datetime | None
    stamp: datetime | None

    def closeness(self, each: Transition) -> int:
        """0: this is no echo of it; more: it may be, the more the surer."""
        if each.stage_id != self.stage_id:
            return 0
        if self.stamp and abs(each.at - self.stamp) <= SAME:
            return 2
        return int(each.at >= self.since - SKEW and (self.until is None or each.at <= self.until + SKEW))


def handed_over(deals: Iterable[int], stages: StageIds) -> dict[int, list[Handed]]:
    """By deal, in the order of handing over."""
    moves = Push.objects.filter(kind=Push.Kind.MOVE, entity=Entity.DEAL, local_id__in=list(deals))
    moves = moves.filter(cause__startswith=CAUSE, payload__has_key="sent", intended_at__isnull=False)
    sent = list(moves.order_by("local_id", "id"))
    changes = Change.objects.in_bulk([_change(push) for push in sent])
    handed: dict[int, list[Handed]] = defaultdict(list)
    for about, together in groupby(sent, key=lambda push: (push.local_id, push.intended_at, push.payload["sent"])):
        if one := _handed(list(together), changes, stages):
            handed[about[0]].append(one)
    return handed


def echoed(told: Sequence[Transition], handed: Sequence[Handed]) -> list[Transition]:
    """Each handing over has one echo at most."""
    marked = list(told)
    for one in handed:
        places = [place for place, each in enumerate(marked) if not each.visit_id and one.closeness(each)]
        if places:
            place = max(places, key=lambda place: one.closeness(marked[place]))
            marked[place] = replace(marked[place], visit_id=one.visit_id)
    return marked


def _handed(together: Sequence[Push], changes: dict[int, Change], stages: StageIds) -> Handed | None:
    """Moves written as one are the last's that led where the deal was put."""
    last = together[-1]
    stage = stages.get(tuple(last.payload["sent"]["status"]))
    lines = [changes[number] for push in together if (number := _change(push)) in changes]
    visits = [line.data["visit"] for line in lines if "visit" in line.data and line.data.get("stage") == stage]
    if not visits or stage is None or last.intended_at is None:
        return None
    stamp = last.payload.get("at")
    return Handed(visits[-1], stage, last.intended_at, last.finished_at, stamp and datetime.fromisoformat(stamp))


def _change(push: Push) -> int:
    return int(push.cause.removeprefix(CAUSE))
