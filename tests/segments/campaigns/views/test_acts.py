import pytest
from django.urls import reverse

from segments.campaigns.models import Campaign
from tests.factories import NOW, CampaignFactory

from ..conftest import started

pytestmark = pytest.mark.django_db

ACTS = ["launch", "pause", "resume", "cancel"]


def press(client, act, campaign):
    return client.post(reverse(f"campaigns:{act}", args=[campaign.pk]))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["manager", "auditor", "partner"])
def test_who_may_not_launch_may_not_steer(login, campaign, act, role):
    assert press(login(role), act, campaign).status_code == 403


@pytest.mark.parametrize("act", ACTS)
def test_acts_are_posts(login, campaign, act):
    assert login().get(reverse(f"campaigns:{act}", args=[campaign.pk])).status_code == 405


def test_launch_starts_it_and_wakes_a_worker(login, campaign, person, nudges):
    person("a@mail.example")
    assert press(login("head"), "launch", campaign).status_code == 302
    assert Campaign.objects.get().state == "running"
    assert nudges


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
