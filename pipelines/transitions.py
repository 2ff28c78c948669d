"""What moved a deal, as amoCRM tells it and as we know it: two logs become one sequence of transitions.

In: transitions that amoCRM's log tells, those marked that are the echo of a move made here; the moves made here. Out:
one sequence in time. A move made here stays as it was made, its echo tells nothing new, and so does what was moved at
amoCRM while ours was on its way there: the deal never stood there for us. Nor does a move that was undone here.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .models import StageVisit

SKEW = timedelta(seconds=30)  # of amoCRM's clock, and of the way there


@dataclass(frozen=True)
class Transition:
    """The deal came to a stage. ``from_id`` is the stage it left, where that is known.

    ``visit_id``: the visit made here that this is; of what amoCRM tells, that this is the echo of.
    """

    at: datetime
    stage_id: int
    by_id: int | None = None
    from_id: int | None = None
    source: StageVisit.Source = StageVisit.Source.HISTORY
    visit_id: int | None = None
    is_told: bool = True  # amoCRM's log has it


@dataclass(frozen=True)
class Made:
    """A move made here, and until when the deal stood where it led."""

    move: Transition
    left_at: datetime | None = None

    def leads_to(self, following: "Made") -> bool:
        return (self.left_at, self.move.stage_id) == (following.move.at, following.move.from_id)


@dataclass(frozen=True)
class Undone:
    """A move to a stage that was taken back here."""

    stage_id: int
    moved_at: datetime
    undone_at: datetime
    visit_id: int | None = None

    def is_told_by(self, each: Transition, seen: Sequence[Transition]) -> bool:
        """Whether that is the move amoCRM tells of, and not the same one made again and left standing."""
        if each.visit_id:
            return each.visit_id == self.visit_id
        is_near = self.moved_at - SKEW <= each.at <= self.undone_at + SKEW
        return (
            is_near
            and each.stage_id == self.stage_id
            and not any(
                other.stage_id == self.stage_id and self.undone_at <= other.at <= each.at + SKEW for other in seen
            )
        )


@dataclass(frozen=True)
class OnTheWay:
    """From our move until amoCRM heard of it: up to a place in its log, or to its end."""

    since: datetime
    came_from: int | None
    until: int | None

    def covers(self, place: int, each: Transition) -> bool:
        return each.at > self.since and (self.until is None or place < self.until)

    def began_after(self, each: Transition) -> bool:
        """By amoCRM's clock it came later, and yet it is where our move began."""
        return each.stage_id == self.came_from and each.at <= self.since + SKEW


def without_undone(
    told: Sequence[Transition], undone: Sequence[Undone], seen: Sequence[Transition]
) -> list[Transition]:
    """Moves taken back here lead nowhere, and what follows on one began where it did."""
    kept: list[Transition] = []
    dropped: Transition | None = None
    for each in sorted(told, key=lambda each: each.at):
        if any(one.is_told_by(each, seen) for one in undone):
            dropped = each
            continue
        follows = dropped and each.from_id == dropped.stage_id
        kept.append(replace(each, from_id=dropped.from_id) if dropped and follows else each)
        dropped = None
    return kept


def with_pulled(told: Sequence[Transition], pulled: Sequence[Transition]) -> list[Transition]:
    """Moves seen at amoCRM after the last event that it told us of are kept: its log lags behind its rows.

    A row says when it was last touched, which may be later than it moved: what leads where the log ends is in the log.
    """
    if not told:
        return [*pulled]
    latest = max(told, key=lambda each: each.at)
    late = [each for each in pulled if each.at > latest.at]
    if late and late[0].from_id != latest.stage_id:
        known = [place for place, each in enumerate(late) if each.stage_id == latest.stage_id]
        late = late[known[0] + 1 :] if known else late
    return [*told, *late]


def with_made(told: Sequence[Transition], made: Sequence[Made]) -> list[Transition]:
    """Our moves where they belong among amoCRM's: by its log where that echoes them, else by the time."""
    if not made:
        return [replace(each, visit_id=None) if each.visit_id else each for each in told]
    ours = {one.move.visit_id for one in made}
    echoes = {each.visit_id: place for place, each in enumerate(told) if each.visit_id in ours}
    ways = list(_ways(made, echoes))
    found: list[Transition] = []
    waiting = deque(replace(one.move, is_told=one.move.visit_id in echoes) for one in made)
    for place, each in enumerate(told):
        if each.visit_id in ours:
            while any(one.visit_id == each.visit_id for one in waiting):
                _put(found, waiting.popleft())
            continue
        way = next((way for way in ways if way.covers(place, each)), None)
        if way and not way.began_after(each):
            continue
        while waiting and not way and not waiting[0].is_told and waiting[0].at <= each.at:
            _put(found, waiting.popleft())
        at = min(each.at, way.since) if way else each.at
        found.append(replace(each, at=max(at, found[-1].at) if found else at, visit_id=None))
    for move in waiting:
        _put(found, move)
    return found


def _put(found: list[Transition], move: Transition) -> None:
    """Whoever came to that stage unseen just before us leaves the coming to us."""
    while found and not found[-1].visit_id and found[-1].stage_id == move.stage_id:
        found.pop()
    found.append(move)


def _ways(made: Sequence[Made], echoes: Mapping[int | None, int]) -> Iterator[OnTheWay]:
    """Moves that follow on one another until one is echoed went together: only the last of them was written."""
    first: Made | None = None
    for place, one in enumerate(made):
        first = first or one
        echoed = echoes.get(one.move.visit_id)
        following = made[place + 1] if place + 1 < len(made) else None
        if echoed is None and following and one.leads_to(following):
            continue
        if echoed is not None or one.left_at is None:
            yield OnTheWay(first.move.at, first.move.from_id, echoed)
        first = None
