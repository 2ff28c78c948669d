"""Stage history from amoCRM's events: transitions in, contiguous visits out, gaps flagged.

``stays`` is pure: one deal's transitions → its stays. ``rebuild`` goes over the visits of many deals set-wise, a chunk
of deals per transaction with their rows held, so that a move made meanwhile waits and finds its open visit. The visits
of moves made here stay whose they are, and under their id: the log points at them.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import chain, groupby, pairwise
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Now

from . import changes, moves
from .models import Change, Deal, Origin, Stage, StageVisit
from .transitions import Made, Transition, Undone, with_made, with_pulled, without_undone
from .visits import Step, step

CHUNK = 1000
Steps = Callable[[int | None, int], tuple[int, Step]]
Source = StageVisit.Source


class Line(NamedTuple):
    """One visit as it is written, column by column; ``id`` is None for a new one."""

    id: int | None
    deal_id: int
    stage_id: int
    pipeline_id: int
    entered_at: datetime
    left_at: datetime | None
    by_id: int | None
    source: str
    direction: str
    previous_stage_id: int | None
    skipped: int
    skipped_stages: list[int]
    visit_number: int

    @property
    def was_seen(self) -> bool:
        return self.source == Source.OBSERVED and self.direction != StageVisit.Direction.START

    def transition(self, visit_id: int | None = None) -> Transition:
        came_from = self.previous_stage_id
        return Transition(self.entered_at, self.stage_id, self.by_id, came_from, Source.OBSERVED, visit_id)


@dataclass(frozen=True)
class Stay:
    stage_id: int
    entered_at: datetime
    left_at: datetime | None
    by_id: int | None
    source: StageVisit.Source
    visit_id: int | None = None


def stays(deal: Deal, transitions: Sequence[Transition]) -> list[Stay]:
    """Contiguous stays from the deal's creation to its present stage, whatever the history lacks."""
    arrivals = list(_arrivals(deal, sorted(transitions, key=lambda each: each.at)))
    ends = [following.at for _, following in pairwise(arrivals)]
    return [
        Stay(arrival.stage_id, arrival.at, end, arrival.by_id, arrival.source, arrival.visit_id)
        for arrival, end in zip(arrivals, [*ends, None], strict=True)
    ]


def rebuild(transitions_by_deal: Mapping[int, Sequence[Transition]]) -> int:
    """Make the visits of these deals what the history tells; says how many visits they have."""
    tracks = _tracks()
    ids = sorted(transitions_by_deal)
    return sum(
        _rebuild_chunk(ids[start : start + CHUNK], transitions_by_deal, tracks) for start in range(0, len(ids), CHUNK)
    )


def _arrivals(deal: Deal, known: Sequence[Transition]) -> Iterator[Transition]:
    """One arrival per stay, in time: the beginning, what is known, what must have happened unseen.

    We need not have seen where amoCRM had the deal when we moved it, nor amoCRM where we had it.
    """
    last = _beginning(deal, known)
    yield last
    there, lately = last.stage_id, {last.stage_id}  # amoCRM had it there; it stood there since our move
    for each in known:
        stood = lately if each.visit_id else (there, last.stage_id)
        if each.from_id and each.from_id not in stood:  # it left a stage we never saw it come to
            last = Transition(last.at, each.from_id, source=Source.GAP)
            yield last
        if each.stage_id != last.stage_id:
            last = each if each.at >= last.at else replace(each, at=last.at)
            yield last
        there = each.stage_id if each.is_told else there
        if each.visit_id:
            lately = set()
        lately.add(last.stage_id)
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
        written, (made, undone) = _written(ids), _moved_here(ids)
        rebuilt: dict[int, list[Line]] = {}
        for deal in deals:
            journey = _journey(transitions_by_deal[deal.pk], written[deal.pk], made, undone[deal.pk])
            rebuilt[deal.pk] = list(_lines(deal, stays(deal, journey), steps, written[deal.pk]))
        others = [pk for pk, lines in rebuilt.items() if lines != written[pk]]
        StageVisit.objects.filter(deal__in=others).delete()
        _write([line for pk in others for line in rebuilt[pk]])
        _enter_again(ids)
        _tell(others)
    return sum(len(lines) for lines in rebuilt.values())


def _steps(tracks: Mapping[int, Sequence[Stage]]) -> Steps:
    """(from, to) → (pipeline of the second, how it was reached); each pair is thought of once."""
    stages = {stage.pk: stage for stage in chain.from_iterable(tracks.values())}

    @cache
    def taken(previous_id: int | None, stage_id: int) -> tuple[int, Step]:
        stage = stages[stage_id]
        previous = stages[previous_id] if previous_id else None
        return stage.pipeline_id, step(previous, stage, tracks[stage.pipeline_id])

    return taken


def _lines(deal: Deal, found: Sequence[Stay], steps: Steps, written: Sequence[Line]) -> Iterator[Line]:
    """One per stay. A visit that stood already keeps its id, and how it was reached by the order of that time."""
    previous_id: int | None = None
    numbers = Counter[int]()
    for stay, known in zip(found, _standing(found, written), strict=True):
        numbers[stay.stage_id] += 1
        pipeline_id, taken = steps(previous_id, stay.stage_id)
        reached = (taken.direction.value, previous_id, taken.skipped, list(taken.skipped_stages))
        if known and stay.visit_id and known.previous_stage_id == previous_id:
            reached = (known.direction, previous_id, known.skipped, known.skipped_stages)
        span = (pipeline_id, stay.entered_at, stay.left_at, stay.by_id, stay.source.value)
        yield Line(known and known.id, deal.pk, stay.stage_id, *span, *reached, numbers[stay.stage_id])
        previous_id = stay.stage_id


def _standing(found: Sequence[Stay], written: Sequence[Line]) -> Iterator[Line | None]:
    """By stay the visit that stood already. Of several in one instant all or none, as their ids tell their order."""
    by_id = {line.id: line for line in written}
    ours = {stay.visit_id for stay in found if stay.visit_id}
    by_place: dict[tuple[int, datetime], deque[Line]] = defaultdict(deque)
    for line in written:
        if line.id not in ours:
            by_place[line.stage_id, line.entered_at].append(line)
    for at, group in groupby(found, key=lambda stay: stay.entered_at):
        together = list(group)
        places = [by_place[stay.stage_id, at] for stay in together]
        lines = [
            by_id[stay.visit_id] if stay.visit_id else place.popleft() if place else None
            for stay, place in zip(together, places, strict=True)
        ]
        ids = [line.id for line in lines if line and line.id]
        is_ordered = len(together) == 1 or (len(ids) == len(lines) and ids == sorted(ids))
        yield from lines if is_ordered or any(stay.visit_id for stay in together) else [None] * len(lines)


def _write(lines: Iterable[Line]) -> None:
    """By COPY: an import rebuilds the history of every deal."""
    kept: list[Line] = []
    fresh: list[Line] = []
    for line in lines:
        (kept if line.id else fresh).append(line)
    _copy(Line._fields, kept)
    _copy(Line._fields[1:], [line[1:] for line in fresh])


def _copy(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if not rows:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {StageVisit._meta.db_table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _moved_here(ids: Sequence[int]) -> tuple[set[int], dict[int, list[Undone]]]:
    """By the log: the visits that moves made here began, and the moves that were taken back."""
    lines = Change.objects.filter(type=moves.MOVED, subject_id__in=ids).exclude(origin__in=Origin.inbound())
    made: set[int] = set()
    undone: dict[int, list[Undone]] = defaultdict(list)
    for line in lines:
        if "undone" in line.data:
            was = line.data["undone"]
            moved_at = datetime.fromisoformat(was["entered_at"])
            undone[line.subject_id].append(Undone(line.data["from"], moved_at, line.occurred_at, was["visit"]))
        elif "visit" in line.data:
            made.add(line.data["visit"])
    return made, undone


def _written(ids: Sequence[int]) -> dict[int, list[Line]]:
    """The visits as they are."""
    lines: dict[int, list[Line]] = defaultdict(list)
    for row in StageVisit.objects.filter(deal__in=ids).order_by("entered_at", "id").values_list(*Line._fields):
        lines[row[1]].append(Line._make(row))
    return lines


def _journey(
    told: Sequence[Transition], written: Sequence[Line], made: Collection[int], undone: Sequence[Undone]
) -> list[Transition]:
    """All that moved one deal, in time. What was pulled before a move whose echo is told is in the log too."""
    ours = [Made(line.transition(line.id), line.left_at) for line in written if line.id in made]
    echoed = {each.visit_id for each in told} & set(made)
    since = max((place + 1 for place, line in enumerate(written) if line.id in echoed), default=0)
    pulled = [line.transition() for line in written[since:] if line.was_seen and line.id not in made]
    seen = [line.transition() for line in written if line.was_seen]
    return with_made(with_pulled(without_undone(told, undone, seen), pulled), ours)


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
