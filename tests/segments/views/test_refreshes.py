"""Refresh now: 202, then a fragment that asks until the worker is done."""

from datetime import timedelta

import pytest
from django.urls import reverse

from crmseg.accounts.models import Role
from tests.factories import NOW, SegmentFactory

from .conftest import HX

pytestmark = pytest.mark.django_db


@pytest.fixture
def segment():
    return SegmentFactory(refreshed_at=NOW)


def address(segment):
    return reverse("segments:refreshes", args=[segment.pk])


def test_refresh_is_handed_to_a_worker_and_polled(marketer, segment, sent):
    response = marketer.post(address(segment), **HX)
    assert (response.status_code, sent) == (202, [segment.pk])
    assert 'hx-trigger="load delay:1s"' in response.content.decode()


def test_without_scripts_it_leads_back_to_the_page(marketer, segment, sent):
    response = marketer.post(address(segment))
    assert (response.status_code, sent) == (302, [segment.pk])


def test_poll_goes_on_until_the_worker_is_done(marketer, segment):
    waiting = {"since": (NOW + timedelta(seconds=1)).isoformat(), "attempt": 3}
    going_on = marketer.get(address(segment), waiting, **HX)
    assert "attempt=4" in going_on.content.decode()
    done = marketer.get(address(segment), waiting | {"since": NOW.isoformat()}, **HX)
    assert "hx-get" not in done.content.decode()
    assert '<span class="sr-only">обновлён' in done.content.decode()  # heard; the card shows it
    assert "segment-refreshed" in done["HX-Trigger"]


def test_address_the_page_polls_is_understood(marketer, segment, sent):
    shown = marketer.post(address(segment), **HX).content.decode()
    polled = shown.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert "attempt=2" in marketer.get(polled, **HX).content.decode()


@pytest.mark.parametrize("query", [{"attempt": "x"}, {"since": "2026-13-41T00:00"}, {}])
def test_odd_poll_ends(marketer, segment, query):
    assert "hx-get" not in marketer.get(address(segment), query, **HX).content.decode()


def test_poll_that_lasts_says_it_will_happen_by_itself(marketer, segment):
    late = {"since": (NOW + timedelta(seconds=1)).isoformat(), "attempt": 61}
    assert "обновится само" in marketer.get(address(segment), late, **HX).content.decode()


def test_partner_is_refused(as_role, segment, sent):
    assert as_role(Role.PARTNER).post(address(segment)).status_code == 403
    assert sent == []
