"""pipelines.history: amoCRM's events become contiguous visits, what is missing is flagged."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipelines import history
from pipelines.history import Transition
from pipelines.models import Change, Deal, StageVisit
from tests.factories import NOW, DealFactory

BORN = NOW - timedelta(days=30)


def day(number: int) -> datetime:
    return BORN + timedelta(days=number)


def told(deal: Deal) -> list[tuple]:
    rows = deal.visits.values_list("stage", "entered_at", "left_at", "source")
    return [
        (stage, (entered - BORN).days, left and (left - BORN).days, source) for stage, entered, left, source in rows
    ]


def test_events_become_visits_since_the_creation(track):
    deal = DealFactory(stage=track.payment, created_at=BORN)
    history.rebuild(
        {
            deal.pk: [
                Transition(day(9), track.payment.pk, from_id=track.quote.pk),
                Transition(day(4), track.quote.pk, from_id=track.contact.pk),
            ]
        }
    )
    assert told(deal) == [
        (track.contact.pk, 0, 4, "history"),
        (track.quote.pk, 4, 9, "history"),
        (track.payment.pk, 9, None, "history"),
    ]


def test_deal_that_never_moved_has_one_visit(track):
    deal = DealFactory(stage=track.quote, created_at=BORN)
    history.rebuild({deal.pk: []})
    assert told(deal) == [(track.quote.pk, 0, None, "history")]


def test_history_that_starts_late_is_flagged(track):
    deal = DealFactory(stage=track.payment, created_at=BORN)
    history.rebuild({deal.pk: [Transition(day(4), track.quote.pk), Transition(day(9), track.payment.pk)]})
    assert told(deal) == [(track.quote.pk, 0, 9, "gap"), (track.payment.pk, 9, None, "history")]


def test_history_that_ends_elsewhere_is_flagged(track):
    deal = DealFactory(stage=track.payment, created_at=BORN, stage_entered_at=day(12))
    history.rebuild({deal.pk: [Transition(day(0), track.contact.pk), Transition(day(4), track.quote.pk)]})
    assert told(deal)[1:] == [(track.quote.pk, 4, 12, "history"), (track.payment.pk, 12, None, "gap")]


def test_hole_in_the_middle_is_flagged(track):
    deal = DealFactory(stage=track.payment, created_at=BORN)
    history.rebuild(
        {
            deal.pk: [
                Transition(day(0), track.unsorted.pk),
                Transition(day(4), track.contact.pk, from_id=track.unsorted.pk),
                Transition(day(9), track.payment.pk, from_id=track.quote.pk),
            ]
        }
    )
    assert (track.quote.pk, 4, 9, "gap") in told(deal)


def test_rebuilt_visits_know_their_direction_and_number(track):
    deal = DealFactory(stage=track.contact, created_at=BORN)
    path = [track.contact, track.payment, track.contact]
    history.rebuild({deal.pk: [Transition(day(number), stage.pk) for number, stage in enumerate(path)]})
    rows = deal.visits.values_list("direction", "skipped_stages", "visit_number", "previous_stage")
    assert list(rows) == [
        ("start", [], 1, None),
        ("forward", [track.quote.pk], 1, track.contact.pk),
        ("backward", [track.quote.pk], 2, track.payment.pk),
    ]


def test_deals_row_repeats_when_the_open_visit_began(track):
    deal = DealFactory(stage=track.quote, created_at=BORN)
    history.rebuild({deal.pk: [Transition(day(0), track.contact.pk), Transition(day(4), track.quote.pk)]})
    deal.refresh_from_db()
    assert deal.stage_entered_at == day(4)
    assert Change.objects.get().data == {"fields": ["visits"]}


def test_move_seen_here_after_the_last_event_is_kept(track):
    deal = DealFactory(stage=track.contact, created_at=BORN)
    deal.move_to(track.quote, now=day(20))
    history.rebuild({deal.pk: [Transition(day(0), track.contact.pk)]})
    assert told(deal) == [(track.contact.pk, 0, 20, "history"), (track.quote.pk, 20, None, "observed")]


def test_rebuilding_twice_changes_nothing(track):
    deals = [DealFactory(stage=track.payment, created_at=BORN) for _ in range(3)]
    transitions = {deal.pk: [Transition(day(4), track.payment.pk, from_id=track.contact.pk)] for deal in deals}
    assert history.rebuild(transitions) == 6
    assert history.rebuild(transitions) == 6
    assert StageVisit.objects.count() == 6


TRANSITIONS = st.lists(
    st.builds(
        Transition,
        at=st.integers(-3, 40).map(day),
        stage_id=st.integers(1, 4),
        from_id=st.none() | st.integers(1, 4),
    )
)


@given(TRANSITIONS, st.integers(1, 4))
def test_stays_are_contiguous_whatever_the_history_lacks(transitions, present):
    deal = Deal(created_at=BORN, stage_id=present, stage_entered_at=day(10))
    found = history.stays(deal, transitions)
    assert found[0].entered_at == BORN
    assert (found[-1].stage_id, found[-1].left_at) == (present, None)
    assert all(left.left_at == right.entered_at >= left.entered_at for left, right in pairwise(found))
    assert all(left.stage_id != right.stage_id for left, right in pairwise(found))
