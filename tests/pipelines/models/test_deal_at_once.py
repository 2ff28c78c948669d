"""Two people move one deal at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from pipelines.models import Change, Deal, Stage
from pipelines.models.deal import StageChanged
from tests.factories import NOW, DealFactory
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
