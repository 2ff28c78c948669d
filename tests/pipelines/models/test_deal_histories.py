"""Random histories of moves and undoing: whatever happens, the visits stay one gapless line with one open end."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pipelines.models import Change, Deal, Origin, StageVisit
from pipelines.models.deal import UNDO_WITHIN
from pipelines.models.refusals import MoveRefused, UndoRefused
from tests.factories import NOW, DealFactory, UserFactory
from tests.pipelines.conftest import lay_track


class Moves(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.track, self.other = lay_track(), lay_track()
        self.deal = DealFactory(stage=self.track.contact)
        self.person, self.now, self.moves, self.lines = UserFactory(), NOW, 0, 0
        self.own: list[tuple[StageVisit, Any]] = []  # moves since amoCRM's last, with what was before each

    def standing(self) -> Any:
        place = ("stage", "pipeline", "stage_entered_at", "closed_at", "loss_reason")
        return Deal.objects.values_list(*place).get(pk=self.deal.pk), list(self.deal.visits.values())

    @rule(
        to=st.integers(0, 5),
        abroad=st.booleans(),
        hours=st.integers(-5, 400),
        origin=st.sampled_from([Origin.UI, Origin.AMOCRM]),
        with_reason=st.booleans(),
    )
    def move(self, to: int, abroad: bool, hours: int, origin: Origin, with_reason: bool) -> None:
        self.now += timedelta(hours=hours)
        stage = (self.other if abroad else self.track).stages[to]
        reason = self.track.expensive if with_reason else None
        before = self.standing()
        by = self.person if origin == Origin.UI else None
        try:
            visit = self.deal.move_to(stage, by=by, now=self.now, origin=origin, loss_reason=reason)
        except MoveRefused:
            assert self.standing() == before
            return
        if len(before[1]) < self.deal.visits.count():
            self.moves += 1
            self.lines += 1
            self.own = [*self.own, (visit, before)] if by else []

    @rule(minutes=st.integers(0, 14))
    def undo(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        visit, before = self.own[-1] if self.own else (self.deal.visits.last(), None)
        is_fresh = before is not None and self.now - visit.entered_at <= UNDO_WITHIN
        now = self.standing()
        try:
            self.deal.undo_move(visit.pk, by=self.person, now=self.now)
        except UndoRefused:
            assert not is_fresh
            assert self.standing() == now
        else:
            assert is_fresh
            assert self.standing() == before
            self.moves, self.lines, self.own = self.moves - 1, self.lines + 1, self.own[:-1]

    @invariant()
    def visits_are_one_line(self) -> None:
        visits = list(self.deal.visits.select_related("stage"))
        assert all(left.left_at == right.entered_at for left, right in pairwise(visits))
        assert all(right.previous_stage_id == left.stage_id for left, right in pairwise(visits))
        assert [visit.left_at is None for visit in visits] == [False] * self.moves + [True]

    @invariant()
    def numbers_count_the_visits(self) -> None:
        seen = Counter[int]()
        for visit in self.deal.visits.all():
            seen[visit.stage_id] += 1
            assert visit.visit_number == seen[visit.stage_id]

    @invariant()
    def row_agrees_with_its_open_visit(self) -> None:
        deal, visit = Deal.objects.get(pk=self.deal.pk), self.deal.visits.get(left_at=None)
        assert (deal.stage_id, deal.pipeline_id) == (visit.stage_id, visit.pipeline_id)
        assert deal.stage_entered_at == visit.entered_at
        assert (deal.closed_at is None) == deal.stage.is_open
        assert deal.loss_reason_id is None or deal.stage.kind == "lost"

    @invariant()
    def log_has_a_line_per_move(self) -> None:
        assert Change.objects.filter(type="deal.moved", subject_id=self.deal.pk).count() == self.lines


class MovesTest(TestCase):
    def test_visits_survive_any_history(self) -> None:
        run_state_machine_as_test(
            Moves,
            settings=settings(
                max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
