from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from segments.campaigns.launch import launch
from segments.campaigns.models import Campaign
from tests.factories import NOW, CampaignFactory

from ..conftest import started

pytestmark = pytest.mark.django_db

ACTS = ["launch", "take_back", "pause", "resume", "cancel"]


def press(client, act, campaign):
    return client.post(reverse(f"campaigns:{act}", args=[campaign.pk]))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["manager", "auditor", "partner"])
def test_who_may_not_launch_may_not_steer(login, campaign, act, role):
    assert press(login(role), act, campaign).status_code == 403


@pytest.mark.parametrize("act", ACTS)
def test_acts_are_posts(login, campaign, act):
    assert login().get(reverse(f"campaigns:{act}", args=[campaign.pk])).status_code == 405


@pytest.fixture
def sent(campaign, person):
    """Just sent by a click."""
    person("a@mail.example")
    return launch(campaign, by=None, now=timezone.now(), grace=timedelta(seconds=60))


def test_launch_of_a_draft_can_be_taken_back(login, campaign, person, nudges):
    person("a@mail.example")
    assert press(login("head"), "launch", campaign).status_code == 302
    assert Campaign.objects.get().is_leaving
    assert nudges == ["later"]


def test_draft_nobody_needs_is_cancelled_from_its_own_page(login, campaign):
    client, cancel = login(), reverse("campaigns:cancel", args=[campaign.pk])
    assert f'action="{cancel}"' in client.get(reverse("campaigns:edit", args=[campaign.pk])).content.decode()
    page = client.post(cancel, follow=True).content.decode()
    assert ("Кампания отменена" in page, Campaign.objects.get().state) == (True, "cancelled")


def test_launch_of_what_waits_starts_it_and_wakes_a_worker(login, sent, nudges):
    press(login(), "launch", sent)
    assert Campaign.objects.get().state == "running"
    assert nudges == ["now"]


def test_take_back_opens_the_draft_again(login, sent):
    client = login()
    response = press(client, "take_back", sent)
    assert response.url == reverse("campaigns:edit", args=[sent.pk])
    page = client.get(response.url).content.decode()
    assert "Отправка отменена, ни одно письмо не ушло" in page
    assert sent.steps.get().html.split()[0] in page
    assert Campaign.objects.get().state == "draft"


def test_take_back_that_is_late_says_so(login, sent):
    client = login()
    press(client, "launch", sent)
    assert press(client, "take_back", sent).url == reverse("campaigns:detail", args=[sent.pk])
    assert "Отменить уже нельзя" in client.get(reverse("campaigns:detail", args=[sent.pk])).content.decode()
    assert Campaign.objects.get().state == "running"


def test_launch_that_is_refused_says_why(login):
    campaign = CampaignFactory(state="cancelled")
    client = login()
    press(client, "launch", campaign)
    page = client.get(reverse("campaigns:detail", args=[campaign.pk])).content.decode()
    assert "Кампания уже запущена" in page


def test_pause_resume_and_cancel(login, campaign, person):
    person("a@mail.example")
    started(campaign, NOW)
    client = login()
    states = []
    for act in ("pause", "resume", "cancel"):
        press(client, act, campaign)
        states.append(Campaign.objects.get().state)
    assert states == ["paused", "running", "cancelled"]
