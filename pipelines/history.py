"""Stage history from amoCRM's events: transitions in, contiguous visits out, gaps flagged.

``stays`` is pure: one deal's transitions → its stays. A move that was undone here is no stay, though amoCRM's log may
hold it. ``rebuild`` replaces the visits of many deals set-wise, a chunk
of deals per transaction with their rows held, so that a move made meanwhile waits and finds its open visit.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import chain, pairwise
from typing import Any

from django.db import connection, transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Now

from . import changes, moves
from .models import Change, Deal, Origin, Stage, StageVisit
from .visits import Step, step

CHUNK = 1000
COLUMNS = (
    "deal_id, stage_id, pipeline_id, entered_at, left_at, by_id, source, direction, previous_stage_id, skipped,"
    " skipped_stages, visit_number"
)
SKEW = timedelta(seconds=30)  # of amoCRM's clock, and of the way there
Row = tuple[Any, ...]
Steps = Callable[[int | None, int], tuple[int, Step]]
Source = StageVisit.Source


@dataclass(frozen=True)
class Transition:
    """The deal came to a stage. ``from_id`` is the stage it left, where the event says so."""

    at: datetime
    stage_id: int
    by_id: int | None = None
    from_id: int | None = None
    source: StageVisit.Source = Source.HISTORY


@dataclass(frozen=True)
class Undone:
    """A move to a stage that was taken back here."""

    stage_id: int
    moved_at: datetime
    undone_at: datetime

    def is_told_by(self, each: Transition, seen: Sequence[Transition]) -> bool:
        """Whether that is the move amoCRM tells of, and not the same one made again and left standing."""
        is_near = self.moved_at - SKEW <= each.at <= self.undone_at + SKEW
        return (
            is_near
            and each.stage_id == self.stage_id
            and not any(
                other.stage_id == self.stage_id and self.undone_at <= other.at <= each.at + SKEW for other in seen
            )
        )


@dataclass(frozen=True)
class Stay:
    stage_id: int
    entered_at: datetime
    left_at: datetime | None
    by_id: int | None
    source: StageVisit.Source


def stays(deal: Deal, transitions: Sequence[Transition]) -> list[Stay]:
    """Contiguous stays from the deal's creation to its present stage, whatever the history lacks."""
    arrivals = list(_arrivals(deal, sorted(transitions, key=lambda each: each.at)))
    ends = [following.at for _, following in pairwise(arrivals)]
    return [
        Stay(arrival.stage_id, arrival.at, end, arrival.by_id, arrival.source)
        for arrival, end in zip(arrivals, [*ends, None], strict=True)
    ]


def rebuild(transitions_by_deal: Mapping[int, Sequence[Transition]]) -> int:
    """Replace the visits of these deals by what the history tells; says how many visits were written."""
    tracks = _tracks()
    ids = sorted(transitions_by_deal)
    return sum(
        _rebuild_chunk(ids[start : start + CHUNK], transitions_by_deal, tracks) for start in range(0, len(ids), CHUNK)
    )


def _arrivals(deal: Deal, known: Sequence[Transition]) -> Iterator[Transition]:
    """One arrival per stay, in time: the beginning, what is known, what must have happened unseen."""
    last = _beginning(deal, known)
    yield last
    for each in known:
        if each.from_id not in (None, last.stage_id):  # it left a stage we never saw it come to
            last = Transition(last.at, each.from_id, source=Source.GAP)
            yield last
        if each.stage_id != last.stage_id:
            last = Transition(max(each.at, last.at), each.stage_id, each.by_id, source=each.source)
            yield last
    if last.stage_id != deal.stage_id:
        yield Transition(max(deal.stage_entered_at, last.at), deal.stage_id, source=Source.GAP)


def _beginning(deal: Deal, known: Sequence[Transition]) -> Transition:
    """The first visit begins when the deal was created (contracts §4)."""
    if not known:
        return Transition(deal.created_at, deal.stage_id)
    first = known[0]
    if first.from_id:
        return Transition(deal.created_at, first.from_id)
    by_birth = first.at <= deal.created_at
    return Transition(deal.created_at, first.stage_id, first.by_id, source=Source.HISTORY if by_birth else Source.GAP)


def _rebuild_chunk(
    ids: Sequence[int],
    transitions_by_deal: Mapping[int, Sequence[Transition]],
    tracks: Mapping[int, Sequence[Stage]],
) -> int:
    steps = _steps(tracks)
    held = Deal.objects.select_for_update(no_key=True).only("created_at", "stage_id", "stage_entered_at")
    with transaction.atomic():
        deals = list(held.filter(pk__in=ids).order_by("pk"))
        seen = _seen_here([deal.pk for deal in deals])
        undone = _undone(ids)
        rebuilt = {
            deal: stays(
                deal,
                _with_seen(without_undone(transitions_by_deal[deal.pk], undone[deal.pk], seen[deal.pk]), seen[deal.pk]),
            )
            for deal in deals
        }
        StageVisit.objects.filter(deal__in=ids).delete()
        rows = [row for deal, found in rebuilt.items() for row in _rows(deal, found, steps)]
        _write(rows)
        _enter_again(ids)
        _tell(deal.pk for deal, found in rebuilt.items() if len(found) > 1)
    return len(rows)


def _steps(tracks: Mapping[int, Sequence[Stage]]) -> Steps:
    """(from, to) → (pipeline of the second, how it was reached); each pair is thought of once."""
    stages = {stage.pk: stage for stage in chain.from_iterable(tracks.values())}

    @cache
    def taken(previous_id: int | None, stage_id: int) -> tuple[int, Step]:
        stage = stages[stage_id]
        previous = stages[previous_id] if previous_id else None
        return stage.pipeline_id, step(previous, stage, tracks[stage.pipeline_id])

    return taken


def _rows(deal: Deal, found: Sequence[Stay], steps: Steps) -> Iterator[Row]:
    """One line of ``COLUMNS`` per stay."""
    previous_id: int | None = None
    numbers = Counter[int]()
    for stay in found:
        numbers[stay.stage_id] += 1
        pipeline_id, taken = steps(previous_id, stay.stage_id)
        yield (
            deal.pk,
            stay.stage_id,
            pipeline_id,
            stay.entered_at,
            stay.left_at,
            stay.by_id,
            stay.source.value,
            taken.direction.value,
            previous_id,
            taken.skipped,
            list(taken.skipped_stages),
            numbers[stay.stage_id],
        )
        previous_id = stay.stage_id


def _write(rows: Iterable[Row]) -> None:
    """By COPY: an import rebuilds the history of every deal."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {StageVisit._meta.db_table} ({COLUMNS}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _with_seen(told: Sequence[Transition], seen: Sequence[Transition]) -> list[Transition]:
    """Moves seen here after the last event that amoCRM told us of are kept: its log lags behind its rows."""
    if not told:
        return [*seen]
    latest = max(each.at for each in told)
    return [*told, *(each for each in seen if each.at > latest)]


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


def _undone(ids: Sequence[int]) -> dict[int, list[Undone]]:
    lines = Change.objects.filter(type=moves.MOVED, subject_id__in=ids, data__has_key="undone")
    undone: dict[int, list[Undone]] = defaultdict(list)
    for line in lines:
        moved_at = datetime.fromisoformat(line.data["undone"]["entered_at"])
        undone[line.subject_id].append(Undone(line.data["from"], moved_at, line.occurred_at))
    return undone


def _seen_here(ids: Sequence[int]) -> dict[int, list[Transition]]:
    moved = StageVisit.objects.filter(deal__in=ids, source=Source.OBSERVED).exclude(
        direction=StageVisit.Direction.START
    )
    seen: dict[int, list[Transition]] = defaultdict(list)
    for visit in moved.order_by("entered_at", "id"):
        seen[visit.deal_id].append(
            Transition(visit.entered_at, visit.stage_id, visit.by_id, visit.previous_stage_id, Source.OBSERVED)
        )
    return seen


def _enter_again(ids: Sequence[int]) -> None:
    """The deal's row repeats when its open visit began."""
    current = StageVisit.objects.filter(deal=OuterRef("pk"), left_at__isnull=True).values("entered_at")
    moved = Deal.objects.filter(pk__in=ids).annotate(since=Subquery(current)).exclude(stage_entered_at=F("since"))
    moved.update(stage_entered_at=Subquery(current), changed_at=Now())


def _tell(deal_ids: Iterable[int]) -> None:
    """Downstream learns whose history is another now (segments over stage visits)."""
    changes.record_same("deal.updated", deal_ids, origin=Origin.IMPORT, data={"fields": ["visits"]})


def _tracks() -> dict[int, list[Stage]]:
    """All stages by pipeline, deleted ones too: history may name them."""
    tracks: dict[int, list[Stage]] = defaultdict(list)
    for stage in Stage.objects.all():
        tracks[stage.pipeline_id].append(stage)
    return tracks
