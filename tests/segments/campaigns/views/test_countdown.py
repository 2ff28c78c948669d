"""A campaign that lies ahead: the minute of second thoughts, how many letters, and what a page sees of its start."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crmseg.accounts.models import User
from segments.campaigns import launch
from segments.campaigns.models import Message
from tests.factories import NOW

from ..conftest import started
from .conftest import detail, leaving

pytestmark = pytest.mark.django_db


def test_page_of_what_is_about_to_leave_counts_down_and_can_stop_it(login, campaign):
    leaving(campaign, since=20)
    page = login().get(reverse("campaigns:detail", args=[campaign.pk])).content.decode()
    assert 0 < int(re.search(r'data-left="(\d+)"', page)[1]) <= 40
    assert reverse("campaigns:take_back", args=[campaign.pk]) in page
    assert reverse("campaigns:edit", args=[campaign.pk]) not in page
    assert "js/countdown" in page


def counted(client, campaign):
    """What the countdown asks for once it stands."""
    page = client.get(reverse("campaigns:detail", args=[campaign.pk])).content.decode()
    url = unescape(re.search(r'hx-get="([^"]+count[^"]*)"', page)[1])
    return client.get(url, headers={"HX-Request": "true"}).content.decode().strip()


COUNTED = {
    "leaving": [
        (1, "ru", "1 письмо уйдёт через"),
        (2, "ru", "2 письма уйдут через"),
        (5, "ru", "5 писем уйдут через"),
        (0, "ru", "Получателей сейчас нет. Отправка начнётся через"),
        (1, "en", "1 email leaves in"),
        (2, "en", "2 emails leave in"),
    ],
    "scheduled": [
        (1, "ru", "Сейчас письмо получил бы 1 человек"),
        (3, "ru", "Сейчас письмо получили бы 3 человека"),
        (5, "ru", "Сейчас письмо получили бы 5 человек"),
        (0, "ru", "Сейчас письмо не получил бы никто"),
        (1, "en", "1 person would get the email now"),
        (2, "en", "2 people would get the email now"),
    ],
}


@pytest.mark.parametrize(
    ("state", "people", "language", "words"), [(state, *case) for state, cases in COUNTED.items() for case in cases]
)
def test_campaign_that_lies_ahead_tells_how_many_letters(login, campaign, person, state, people, language, words):
    for place in range(people):
        person(f"{place}@mail.example")
    person("no@mail.example", allowed=False)
    {"leaving": leaving, "scheduled": scheduled}[state](campaign)
    client = login()
    User.objects.update(language=language)
    assert counted(client, campaign) == words


def scheduled(campaign):
    campaign.schedule = {"at": (timezone.now() + timedelta(days=2)).isoformat()}
    campaign.save()
    return launch.launch(campaign, by=None, now=timezone.now(), grace=timedelta(seconds=60))


@pytest.mark.parametrize("steer", [None, "pause", "cancel"])
def test_campaign_that_has_not_begun_shows_no_figures_of_nothing(login, campaign, person, steer):
    person("a@mail.example", first_name="Елена")
    scheduled(campaign)
    if steer:
        getattr(campaign, steer)(now=timezone.now())
    client = login()
    with CaptureQueriesContext(connection) as queries:
        page = detail(client, campaign)
    for nothing in ("Принято сервером", "Никто не пропущен", "Писем нет", 'id="ledger"'):
        assert nothing not in page
    assert "<p>Здравствуйте, Елена</p>" in page
    assert ("count=1" in page) is (steer != "cancel")
    assert not any("WITH people AS" in one["sql"] for one in queries)


def test_campaign_between_two_runs_keeps_its_figures(login, campaign, person):
    person("a@mail.example")
    started(campaign)
    Message.objects.update(state="accepted", sent_at=NOW)
    type(campaign).objects.update(state="scheduled", next_due_at=timezone.now() + timedelta(days=2))
    page = detail(login(), campaign)
    assert [words in page for words in ("Принято сервером", 'id="ledger"', "count=1")] == [True, True, False]


def test_countdown_does_not_judge_the_audience_while_the_page_opens(login, campaign, person):
    person("a@mail.example")
    leaving(campaign)
    client = login()
    with CaptureQueriesContext(connection) as queries:
        assert "Письма уйдут через" in client.get(reverse("campaigns:detail", args=[campaign.pk])).content.decode()
    assert not any("WITH people AS" in one["sql"] for one in queries)


def test_countdown_that_began_meanwhile_is_not_counted(login, campaign, person):
    person("a@mail.example")
    leaving(campaign)
    client = login()
    url = f"{reverse('campaigns:detail', args=[campaign.pk])}?count=1&seen=leaving"
    launch.launch(campaign, by=None, now=timezone.now())
    assert client.get(url, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_auditor_sees_the_countdown_without_buttons(login, campaign):
    leaving(campaign)
    page = login("auditor").get(reverse("campaigns:detail", args=[campaign.pk])).content.decode()
    assert "Письма уйдут через" in page
    assert reverse("campaigns:take_back", args=[campaign.pk]) not in page


def test_what_stands_in_the_way_takes_the_place_of_the_countdown(login, campaign):
    leaving(campaign, since=60)
    campaign.segment.is_paused = True
    campaign.segment.save()
    launch.start_due(timezone.now())
    page = login().get(reverse("campaigns:detail", args=[campaign.pk])).content.decode()
    assert page.count("на паузе") == 1
    assert "data-left" not in page


def poll(client, campaign, seen):
    url = reverse("campaigns:detail", args=[campaign.pk])
    return client.get(url, {"seen": seen}, headers={"HX-Request": "true"})


def test_page_is_drawn_anew_when_the_campaign_begins_or_ends(login, campaign, person):
    person("a@mail.example")
    leaving(campaign)
    client = login()
    assert "HX-Refresh" not in poll(client, campaign, "leaving").headers
    launch.launch(campaign, by=None, now=timezone.now())
    assert poll(client, campaign, "leaving").headers["HX-Refresh"] == "true"
    assert "HX-Refresh" not in poll(client, campaign, "running").headers


def test_another_tab_follows_to_the_draft(login, campaign):
    leaving(campaign).take_back(now=timezone.now())
    answer = poll(login(), campaign, "leaving")
    assert answer.headers["HX-Redirect"] == reverse("campaigns:edit", args=[campaign.pk])
