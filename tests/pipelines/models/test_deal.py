"""Deals move only through verbs that write row, visit and change together."""

from datetime import timedelta

import pytest

from pipelines.models import Change, Deal, Note, Origin, StageVisit
from pipelines.models.refusals import EntryRefused, LossReasonRequired, MoveRefused, StageChanged
from tests.factories import (
    NOW,
    DealFactory,
    StageFactory,
    StageVisitFactory,
    TaskFactory,
    UserFactory,
)

LATER = NOW + timedelta(days=3)


def log() -> list[tuple[str, dict]]:
    return list(Change.objects.order_by("id").values_list("type", "data"))


def test_move_changes_row_visit_and_log_together(track):
    deal, user = DealFactory(stage=track.contact), UserFactory()
    visit = deal.move_to(track.quote, by=user, now=LATER)
    deal.refresh_from_db()
    assert (deal.stage, deal.stage_entered_at, deal.changed_at) == (track.quote, LATER, LATER)
    assert (visit.direction, visit.previous_stage, visit.by, visit.left_at) == ("forward", track.contact, user, None)
    assert deal.visits.get(stage=track.contact).left_at == LATER
    place = {"stage": track.quote.pk, "from": track.contact.pk, "pipeline": track.pipeline.pk, "loss_reason": None}
    assert log() == [("deal.moved", place | {"visit": visit.pk})]


def test_deal_is_moved_and_won_in_the_log(track):
    deal = DealFactory(stage=track.payment)
    deal.win(now=LATER)
    assert [type for type, _ in log()] == ["deal.moved", "deal.won"]
    assert Deal.objects.get(pk=deal.pk).closed_at == LATER


@pytest.mark.parametrize("origin", [Origin.UI, Origin.API, Origin.AUTOMATION])
def test_lost_deal_needs_a_reason(track, origin):
    deal = DealFactory(stage=track.quote)
    with pytest.raises(LossReasonRequired):
        deal.lose(None, origin=origin, now=LATER)
    assert Deal.objects.get(pk=deal.pk).stage == track.quote
    assert log() == []


def test_lost_deal_from_amocrm_is_taken_over_and_flagged(track):
    deal = DealFactory(stage=track.quote)
    deal.move_to(track.lost, origin=Origin.AMOCRM, now=LATER)
    assert deal.lacks_loss_reason
    assert deal.closed_at == LATER


def test_reason_may_be_given_to_a_lost_deal_later(track):
    deal = DealFactory(stage=track.lost)
    deal.lose(track.expensive, now=LATER)
    assert not Deal.objects.get(pk=deal.pk).lacks_loss_reason
    assert log() == [("deal.updated", {"fields": ["loss_reason"]})]
    assert deal.visits.count() == 1


def test_reopening_clears_closing_and_reason(track):
    deal = DealFactory(stage=track.quote)
    deal.lose(track.expensive, now=LATER)
    deal.move_to(track.contact, now=LATER + timedelta(days=1))
    deal.refresh_from_db()
    assert (deal.closed_at, deal.loss_reason) == (None, None)


def test_move_to_the_same_stage_is_no_move(track):
    deal = DealFactory(stage=track.quote)
    assert deal.move_to(track.quote, now=LATER) == deal.visits.get()
    assert log() == []


def test_move_from_a_stage_the_deal_has_left_is_refused(track):
    deal = DealFactory(stage=track.quote)
    with pytest.raises(StageChanged) as refused:
        deal.move_to(track.payment, came_from=track.contact, now=LATER)
    assert refused.value.current == track.quote
    assert "Расчёт отправлен" in str(refused.value)


def test_deleted_stage_lets_nobody_in(track):
    gone = StageFactory(pipeline=track.pipeline, deleted_at=NOW)
    deal = DealFactory(stage=track.quote)
    with pytest.raises(EntryRefused):
        deal.move_to(gone, now=LATER)
    deal.move_to(gone, now=LATER, origin=Origin.AMOCRM)
    assert deal.stage == gone


def test_deleted_deal_does_not_move(track):
    deal = DealFactory(stage=track.quote, deleted_at=NOW)
    with pytest.raises(MoveRefused):
        deal.move_to(track.payment, now=LATER)


def test_amocrm_takes_no_deal_back_into_unsorted(track):
    track.unsorted.amo_id = 7
    track.unsorted.save()
    with pytest.raises(EntryRefused):
        DealFactory(stage=track.quote).move_to(track.unsorted, now=LATER)


def test_deal_without_a_visit_gets_one_flagged_as_gap(track):
    deal = DealFactory(stage=track.quote, visit=False)
    deal.move_to(track.payment, now=LATER)
    first, second = deal.visits.all()
    assert (first.source, first.entered_at, first.left_at) == (StageVisit.Source.GAP, NOW, LATER)
    assert second.source == StageVisit.Source.OBSERVED


def test_clock_that_ran_back_makes_no_negative_stay(track):
    deal = DealFactory(stage=track.quote)
    visit = deal.move_to(track.payment, now=NOW - timedelta(hours=1), origin=Origin.AMOCRM)
    assert visit.entered_at == deal.stage_entered_at == NOW


def test_return_to_a_stage_counts_the_visits(track):
    deal = DealFactory(stage=track.contact)
    for hours, stage in enumerate([track.quote, track.contact, track.quote], 1):
        visit = deal.move_to(stage, now=NOW + timedelta(hours=hours))
    assert visit.visit_number == 2


def test_note_is_written_with_its_change(track):
    deal, user = DealFactory(stage=track.quote), UserFactory()
    note = deal.add_note("Думают", by=user, now=LATER)
    assert Note.objects.get() == note
    change = Change.objects.get()
    assert (change.type, change.subject_id, change.origin) == ("note.created", note.pk, Origin.UI)


def test_stuck_means_longer_than_two_norms(track):
    on_time = DealFactory(stage=track.contact, created_at=NOW - timedelta(days=3))
    stuck = DealFactory(stage=track.contact, created_at=NOW - timedelta(days=5))
    DealFactory(stage=track.payment, created_at=NOW - timedelta(days=500))  # a stage without a norm
    assert list(Deal.objects.stuck(NOW)) == [stuck]
    assert on_time.days_on_stage(NOW) == 3


def test_deals_are_told_by_their_tasks(track):
    overdue, planned, idle = DealFactory.create_batch(3, stage=track.contact)
    TaskFactory(deal=overdue, due_at=NOW - timedelta(days=1))
    TaskFactory(deal=planned, due_at=LATER)
    TaskFactory(deal=idle, is_done=True, due_at=NOW - timedelta(days=1))
    assert list(Deal.objects.with_overdue_task(NOW)) == [overdue]
    assert list(Deal.objects.without_task()) == [idle]


def test_visits_of_another_deal_stay_untouched(track):
    other = StageVisitFactory(deal=DealFactory(stage=track.quote, visit=False))
    DealFactory(stage=track.quote).move_to(track.payment, now=LATER)
    other.refresh_from_db()
    assert other.left_at is None
