from datetime import timedelta

import pytest

from pipelines import arming
from segments.campaigns.models import Campaign, Message, Run
from segments.campaigns.reports import is_left_undone
from tests.factories import NOW

from .conftest import started

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def running(campaign, person):
    for address in ("a@mail.example", "b@mail.example"):
        person(address)
    started(campaign)
    campaign.refresh_from_db()
    return campaign


def test_letters_nobody_claims_are_told_after_a_while(running):
    assert [is_left_undone(running, NOW + timedelta(minutes=minutes)) for minutes in (0, 2, 3)] == [False, False, True]


@pytest.mark.parametrize("is_late", [False, True])
def test_a_start_that_nobody_makes_is_told_too(campaign, is_late):
    Campaign.objects.update(state="scheduled", next_due_at=NOW if is_late else LATER)
    campaign.refresh_from_db()
    assert is_left_undone(campaign, LATER) == is_late


def test_nothing_is_told_while_a_worker_is_at_it(running):
    Message.objects.claim(1, worker="w", now=LATER)
    assert not is_left_undone(running, LATER)
    assert is_left_undone(running, LATER + timedelta(hours=1))


@pytest.mark.parametrize(
    "change",
    [
        lambda run: Message.objects.update(due_at=LATER),
        lambda run: run.campaign.pause(now=LATER),
        lambda run: run.campaign.pause(now=NOW) and run.campaign.resume(now=LATER),
        lambda run: Message.objects.update(state="accepted"),
    ],
)
def test_nothing_is_told_where_nothing_is_due_long_enough(running, change):
    change(Run.objects.select_related("campaign").get())
    running.refresh_from_db()
    assert not is_left_undone(running, LATER)


def test_a_copy_has_another_reason(running, monkeypatch):
    monkeypatch.setattr(arming, "is_armed", lambda now: False)
    assert not is_left_undone(running, LATER)
