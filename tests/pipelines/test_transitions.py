"""pipelines.transitions: whatever amoCRM's log tells, a move made here stays as it was made."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipelines import history
from pipelines.models import Deal, StageVisit
from pipelines.transitions import Made, Transition, with_made
from tests.factories import NOW

BORN = NOW - timedelta(days=1)
OBSERVED = StageVisit.Source.OBSERVED
STAGES = st.integers(1, 4)


@st.composite
def lives(draw) -> tuple[Deal, list[Made], list[Transition]]:
    """A deal moved here and there; of our moves the log tells some, by a clock of its own, among moves of others."""
    at, stood, made, echoes = BORN, draw(STAGES), [], []
    skew = timedelta(minutes=draw(st.integers(-90, 90)))
    for number in range(1, 1 + draw(st.integers(1, 6))):
        at += timedelta(minutes=draw(st.integers(0, 60)))
        stage = draw(STAGES.filter(lambda stage, stood=stood: stage != stood))
        if made and made[-1].left_at is None:
            made[-1] = replace(made[-1], left_at=at)
        if draw(st.booleans()):
            made.append(Made(Transition(at, stage, number, stood, OBSERVED, number)))
        if made and made[-1].move.at == at and draw(st.booleans()):
            echoes.append(Transition(at + skew, stage, 99, draw(st.none() | STAGES), visit_id=number))
        stood = stage
    minutes = st.integers(-100, 400).map(lambda minute: BORN + timedelta(minutes=minute))
    others = draw(st.lists(st.builds(Transition, at=minutes, stage_id=STAGES, from_id=st.none() | STAGES)))
    told = sorted([*others, *echoes], key=lambda each: each.at)
    return Deal(created_at=BORN, stage_id=stood, stage_entered_at=at), made, told


@given(lives())
def test_moves_made_here_stay_as_they_were_made(life):
    deal, made, told = life
    found = history.stays(deal, with_made(told, made))
    kept = [(stay.visit_id, stay.stage_id, stay.by_id, stay.entered_at) for stay in found if stay.visit_id]
    assert kept == [(one.move.visit_id, one.move.stage_id, one.move.by_id, one.move.at) for one in made]
    assert all(left.left_at == right.entered_at >= left.entered_at for left, right in pairwise(found))
    assert all(left.stage_id != right.stage_id for left, right in pairwise(found))
    assert (found[-1].stage_id, found[-1].left_at) == (deal.stage_id, None)


def test_strangers_move_just_before_ours_by_amocrms_clock_after_it_is_kept():
    ours = Transition(NOW, 3, 7, 2, OBSERVED, 1)
    told = [Transition(NOW + timedelta(seconds=5), 2, from_id=1), Transition(NOW + timedelta(seconds=9), 3, visit_id=1)]
    assert [(each.stage_id, each.at) for each in with_made(told, [Made(ours)])] == [(2, NOW), (3, NOW)]


def test_strangers_move_to_our_stage_unseen_before_ours_leaves_the_coming_to_us():
    ours = Transition(NOW, 3, 7, 1, OBSERVED, 1)
    told = [Transition(NOW - timedelta(hours=1), 3, from_id=1)]
    assert [each.visit_id for each in with_made(told, [Made(ours)])] == [1]
