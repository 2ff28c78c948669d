"""segments.rfm: buyers on a scale of five."""

from datetime import timedelta

import pytest

from pipelines.models import Stage
from segments import rfm
from tests.factories import NOW, ContactFactory, DealFactory, StageFactory

pytestmark = pytest.mark.django_db


def scores(contact):
    contact.refresh_from_db()
    return contact.rfm_recency, contact.rfm_frequency, contact.rfm_monetary


def test_buyers_spread_over_five_and_ties_are_equal():
    won = StageFactory(kind=Stage.Kind.WON)
    buyers = [ContactFactory() for _ in range(5)]
    for n, contact in enumerate(buyers):
        DealFactory(contact=contact, stage=won, price=1000 * n, closed_at=NOW - timedelta(days=n))
    assert rfm.refresh(now=NOW) == 5
    assert [scores(contact) for contact in buyers] == [(5, 1, 1), (4, 1, 2), (3, 1, 3), (2, 1, 4), (1, 1, 5)]
    assert rfm.refresh(now=NOW) == 0


def test_score_goes_with_the_last_purchase():
    contact = ContactFactory(rfm_recency=5, rfm_frequency=5, rfm_monetary=5)
    assert rfm.refresh(now=NOW) == 1
    assert scores(contact) == (None, None, None)
