"""Two people move one deal, or undo a move of it, at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from pipelines.models import Change, Deal, Stage
from pipelines.models.refusals import MoveRefused, StageChanged
from tests.factories import NOW, DealFactory, UserFactory
from tests.pipelines.conftest import lay_track


@pytest.mark.django_db(transaction=True)
def test_of_two_moves_at_once_only_one_wins():
    track = lay_track()
    deal = DealFactory(stage=track.contact)
    start = Barrier(2)

    def move(target: Stage) -> bool:
        mine = Deal.objects.get(pk=deal.pk)
        start.wait()
        try:
            mine.move_to(target, came_from=track.contact, now=NOW + timedelta(hours=1))
        except StageChanged:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(move, [track.quote, track.payment]))
    assert sorted(won) == [False, True]
    assert deal.visits.filter(left_at=None).get().stage == Deal.objects.get(pk=deal.pk).stage
    assert Change.objects.filter(type="deal.moved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_undo_and_the_next_move_do_not_both_happen_to_one_visit():
    track, user = lay_track(), UserFactory()
    deal = DealFactory(stage=track.contact)
    visit = deal.move_to(track.quote, by=user, now=NOW)
    start = Barrier(2)

    def go(act: str) -> bool:
        mine = Deal.objects.get(pk=deal.pk)
        start.wait()
        try:
            if act == "undo":
                mine.undo_move(visit.pk, by=user, now=NOW)
            else:
                mine.move_to(track.payment, came_from=track.quote, now=NOW)
        except MoveRefused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(go, ["undo", "move"]))
    assert sorted(won) == [False, True]
    assert deal.visits.filter(left_at=None).get().stage == Deal.objects.get(pk=deal.pk).stage
    assert deal.visits.count() == (1 if won[0] else 3)
