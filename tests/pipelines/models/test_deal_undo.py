"""A move that is undone was never there: only the log knows of it."""

from datetime import timedelta

import pytest

from pipelines.models import Change, Deal, Origin
from pipelines.models.refusals import EntryRefused, UndoRefused
from tests.factories import NOW, DealFactory, UserFactory

SOON = NOW + timedelta(minutes=1)
PLACE = ("stage", "pipeline", "stage_entered_at", "closed_at", "loss_reason")


def standing(deal: Deal) -> tuple:
    return Deal.objects.values_list(*PLACE).get(pk=deal.pk), list(deal.visits.values())


@pytest.fixture
def user(db):
    return UserFactory()


@pytest.mark.parametrize("was", ["contact", "won", "lost"])
@pytest.mark.parametrize("to", ["quote", "won", "lost"])
def test_undone_move_leaves_the_deal_as_it_was(track, user, was, to):
    deal = DealFactory(stage=track.contact, created_at=NOW - timedelta(days=15))
    for number, stage in enumerate((track.payment, getattr(track, was)), -3):
        deal.move_to(stage, now=NOW + timedelta(days=number), loss_reason=track.expensive)
    Deal.objects.filter(pk=deal.pk, closed_at__isnull=False).update(closed_at=NOW - timedelta(days=1))
    before = standing(deal)
    deal.move_to(getattr(track, to), by=user, now=NOW, loss_reason=track.expensive)
    if was != to:
        deal.undo_move(deal.visits.last().pk, by=user, now=SOON)
    assert standing(deal) == before
    assert deal.stage_entered_at == before[0][2]


def test_deal_lost_at_amocrm_without_a_reason_stands_so_again(track, user):
    deal = DealFactory(stage=track.quote)
    deal.move_to(track.lost, origin=Origin.AMOCRM, now=NOW)
    deal.undo_move(deal.move_to(track.quote, by=user, now=NOW).pk, by=user, now=SOON)
    assert deal.lacks_loss_reason


def test_log_keeps_the_move_and_tells_of_its_undoing(track, user):
    deal = DealFactory(stage=track.quote)
    visit = deal.win(by=user, now=NOW)
    deal.undo_move(visit.pk, by=user, now=SOON)
    assert list(Change.objects.order_by("id").values_list("type", flat=True)) == [
        "deal.moved",
        "deal.won",
        "deal.moved",
    ]
    last = Change.objects.latest("id")
    place = {"stage": track.quote.pk, "from": track.won.pk, "pipeline": track.pipeline.pk, "loss_reason": None}
    assert last.data == place | {"undone": {"visit": visit.pk, "entered_at": NOW.isoformat()}}
    assert (last.actor, last.origin, last.occurred_at) == (user, Origin.UI, SOON)
    assert Deal.objects.get(pk=deal.pk).changed_at == SOON


@pytest.mark.parametrize("origin", [Origin.UI, Origin.AMOCRM])
def test_move_that_was_followed_by_another_is_not_undone(track, user, origin):
    deal = DealFactory(stage=track.contact)
    visit = deal.move_to(track.quote, by=user, now=NOW)
    deal.move_to(track.payment, by=user, now=NOW, origin=origin)
    before = standing(deal)
    with pytest.raises(UndoRefused, match="Сделку уже перенесли дальше, на этап «Оплата»"):
        deal.undo_move(visit.pk, by=user, now=SOON)
    assert standing(deal) == before


def test_move_is_undone_once(track, user):
    deal = DealFactory(stage=track.contact)
    visit = deal.move_to(track.quote, by=user, now=NOW)
    deal.undo_move(visit.pk, by=user, now=SOON)
    with pytest.raises(UndoRefused, match="Этот перенос уже отменён"):
        deal.undo_move(visit.pk, by=user, now=SOON)


def test_move_of_ten_minutes_ago_stays(track, user):
    deal = DealFactory(stage=track.contact)
    visit = deal.move_to(track.quote, by=user, now=NOW)
    with pytest.raises(UndoRefused, match="10 минут"):
        deal.undo_move(visit.pk, by=user, now=NOW + timedelta(minutes=10, seconds=1))


def test_nobody_undoes_anothers_move(track, user):
    deal = DealFactory(stage=track.contact)
    visit = deal.move_to(track.quote, by=UserFactory(), now=NOW)
    with pytest.raises(UndoRefused, match="свой"):
        deal.undo_move(visit.pk, by=user, now=SOON)


def test_first_visit_is_no_move(track, user):
    deal = DealFactory(stage=track.contact)
    deal.visits.update(by=user)
    with pytest.raises(UndoRefused):
        deal.undo_move(deal.visits.get().pk, by=user, now=SOON)
    assert deal.visits.count() == 1


def test_visit_that_does_not_join_the_one_before_stays(track, user):
    deal = DealFactory(stage=track.contact)
    visit = deal.move_to(track.quote, by=user, now=NOW)
    deal.visits.filter(stage=track.contact).update(stage=track.payment)
    with pytest.raises(UndoRefused, match="История"):
        deal.undo_move(visit.pk, by=user, now=SOON)


@pytest.mark.parametrize("gone", ["deal", "stage", "unsorted"])
def test_undo_leads_nowhere_a_move_may_not_lead(track, user, gone):
    deal = DealFactory(stage=track.unsorted)
    visit = deal.move_to(track.quote, by=user, now=NOW)
    if gone == "deal":
        Deal.objects.filter(pk=deal.pk).update(deleted_at=NOW)
    else:
        track.pipeline.stages.filter(pk=track.unsorted.pk).update(
            **{"stage": {"deleted_at": NOW}}.get(gone, {"amo_id": 7})
        )
    before = standing(deal)
    with pytest.raises(EntryRefused):
        deal.undo_move(visit.pk, by=user, now=SOON)
    assert standing(deal) == before
