"""pipelines.history: amoCRM's events become contiguous visits, what is missing is flagged."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import history
from pipelines.models import Change, Deal, Origin, StageVisit
from pipelines.transitions import Transition
from tests.factories import NOW, DealFactory, UserFactory

BORN, MINUTE = NOW - timedelta(days=30), timedelta(minutes=1)


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


def test_moves_of_one_instant_stand_in_their_order_also_where_some_were_seen_and_stay_so(track):
    way = [track.contact, track.quote, track.payment, track.contact, track.quote]
    deal = DealFactory(stage=track.contact, created_at=BORN)
    for seen in (track.payment, track.quote):
        deal.move_to(seen, origin=Origin.AMOCRM, now=day(4))
    told = [Transition(day(4), to.pk, from_id=came.pk) for came, to in pairwise(way)]
    history.rebuild({deal.pk: told})
    before = list(deal.visits.order_by("entered_at", "id").values())
    assert [visit["stage_id"] for visit in before] == [stage.pk for stage in way]
    lines = Change.objects.count()
    history.rebuild({deal.pk: told})
    assert (list(deal.visits.order_by("entered_at", "id").values()), Change.objects.count()) == (before, lines)


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


def test_move_seen_here_later_than_the_log_tells_of_it_is_one_stay(track):
    deal = DealFactory(stage=track.contact, created_at=BORN)
    deal.move_to(track.quote, origin=Origin.AMOCRM, now=day(6))
    history.rebuild({deal.pk: [Transition(day(5), track.quote.pk, from_id=track.contact.pk)]})
    assert told(deal) == [(track.contact.pk, 0, 5, "history"), (track.quote.pk, 5, None, "history")]


def test_strangers_move_while_ours_waits_is_no_stay(track):
    deal = DealFactory(stage=track.contact, created_at=BORN)
    visit = deal.move_to(track.quote, now=day(5))
    deal.move_to(track.won, now=day(7))
    history.rebuild(
        {
            deal.pk: [
                Transition(day(6), track.payment.pk, from_id=track.contact.pk),
                Transition(day(8), track.won.pk, from_id=track.payment.pk, visit_id=visit.pk + 1),
            ]
        }
    )
    assert told(deal)[1:] == [(track.quote.pk, 5, 7, "observed"), (track.won.pk, 7, None, "observed")]


def test_strangers_move_after_a_refused_one_of_ours_comes_in(track):
    deal = DealFactory(stage=track.contact, created_at=BORN)
    deal.move_to(track.quote, now=day(5))
    deal.move_to(track.payment, origin=Origin.AMOCRM, now=day(7))
    history.rebuild({deal.pk: [Transition(day(7), track.payment.pk, from_id=track.contact.pk)]})
    assert told(deal)[1:] == [(track.quote.pk, 5, 7, "observed"), (track.payment.pk, 7, None, "history")]


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


def undone_here(track, *, again: bool = False) -> Deal:
    """Quoted on the fifth day, moved on by mistake on the ninth and back a minute later; perhaps moved on once more."""
    deal, user = DealFactory(stage=track.contact, created_at=BORN), UserFactory()
    deal.move_to(track.quote, by=user, now=day(5))
    visit = deal.move_to(track.payment, by=user, now=day(9))
    deal.undo_move(visit.pk, by=user, now=day(9) + MINUTE)
    if again:
        deal.move_to(track.payment, by=user, now=day(9) + 2 * MINUTE)
    return deal


def amocrms_log(track, *, again: bool = False) -> list[Transition]:
    second = timedelta(seconds=1)
    log = [
        Transition(day(5) + second, track.quote.pk, from_id=track.contact.pk),
        Transition(day(9) + second, track.payment.pk, from_id=track.quote.pk),
        Transition(day(9) + MINUTE + second, track.quote.pk, from_id=track.payment.pk),
        Transition(day(9) + 2 * MINUTE + second, track.payment.pk, from_id=track.quote.pk),
    ]
    return log if again else log[:3]


@pytest.mark.parametrize("known", [1, 2, 3])
def test_move_undone_here_is_no_stay_though_amocrm_tells_of_it(track, known):
    deal = undone_here(track)
    history.rebuild({deal.pk: amocrms_log(track)[:known]})
    assert told(deal) == [(track.contact.pk, 0, 5, "history"), (track.quote.pk, 5, None, "observed")]


def test_move_that_alone_is_told_and_was_undone_leaves_what_was_before(track):
    deal = undone_here(track)
    history.rebuild({deal.pk: amocrms_log(track)[1:]})
    assert told(deal)[1:] == [(track.quote.pk, 5, None, "observed")]


def test_move_made_again_after_its_undoing_stays(track):
    deal = undone_here(track, again=True)
    history.rebuild({deal.pk: amocrms_log(track, again=True)})
    assert [stage for stage, *_ in told(deal)] == [track.contact.pk, track.quote.pk, track.payment.pk]
    assert deal.visits.last().entered_at >= day(9) + 2 * MINUTE


def test_move_on_after_an_undoing_that_amocrm_never_saw_starts_where_the_deal_stood(track):
    deal = undone_here(track)
    deal.move_to(track.won, by=None, now=day(12))
    log = [*amocrms_log(track)[:2], Transition(day(12), track.won.pk, from_id=track.payment.pk)]
    history.rebuild({deal.pk: log})
    assert told(deal)[1:] == [(track.quote.pk, 5, 12, "observed"), (track.won.pk, 12, None, "observed")]
