import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crmseg.accounts.models import User
from segments.campaigns import consent
from segments.campaigns.models import Message, Run
from tests.factories import NOW, CampaignFactory, MessageFactory, SegmentFactory

from ..conftest import started
from .conftest import detail, leaving

pytestmark = pytest.mark.django_db

ROLES = {"owner": 200, "admin": 200, "head": 200, "marketer": 200, "auditor": 200, "manager": 403, "partner": 403}


@pytest.mark.parametrize(("role", "status"), ROLES.items())
def test_who_sees_campaigns(login, role, status):
    assert login(role).get(reverse("campaigns:list")).status_code == status


@pytest.mark.parametrize(("role", "status"), ROLES.items())
def test_who_sees_a_report(login, role, status):
    campaign = CampaignFactory(state="done")
    assert login(role).get(reverse("campaigns:detail", args=[campaign.pk])).status_code == status


def test_stranger_is_sent_to_the_login(client):
    assert client.get(reverse("campaigns:list")).status_code == 302


def test_first_visit_explains_itself(login):
    assert "Кампаний пока нет" in login().get(reverse("campaigns:list")).content.decode()


def test_list_shows_counts_and_filters_by_state(login):
    message = MessageFactory(state="accepted", sent_at=NOW)
    draft = CampaignFactory()
    client = login()
    page = client.get(reverse("campaigns:list")).content.decode()
    assert message.run.campaign.name in page
    assert draft.name in page
    assert "1 из 1" in " ".join(page.split())
    assert draft.name not in client.get(reverse("campaigns:list"), {"state": "running"}).content.decode()


def test_report_says_why_somebody_gets_nothing(login, campaign, person):
    person("a@mail.example")
    person()
    started(campaign)
    page = login().get(reverse("campaigns:detail", args=[campaign.pk])).content.decode()
    assert "нет адреса" in page
    assert "a@mail.example" in page


def test_report_tells_what_was_sent_before_what_was_not(login):
    run = MessageFactory(state="accepted", sent_at=NOW).run
    MessageFactory(run=run, step=run.messages.get().step, state="skipped", reason="no_consent")
    page = login().get(reverse("campaigns:detail", args=[run.campaign_id]))
    assert [state for state, _, _ in page.context["states"]] == ["accepted", "skipped"]


def test_report_follows_a_running_campaign_and_stops_with_it(login, campaign, person):
    person("a@mail.example")
    started(campaign)
    client, url = login(), reverse("campaigns:detail", args=[campaign.pk])
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="report"')
    assert "every 5s" in part
    campaign.cancel(now=NOW)
    assert "every 5s" not in client.get(url).content.decode()


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_report_follows_a_stopped_campaign_until_nothing_is_in_flight(login, state):
    message = MessageFactory(run__campaign__state=state)
    client, url = login(), reverse("campaigns:detail", args=[message.run.campaign_id])
    asked = []
    for at in ("planned", "claimed", "handing_over", "accepted"):
        Message.objects.update(state=at)
        asked.append("every 5s" in client.get(url, headers={"HX-Request": "true"}).content.decode())
    assert asked == [False, True, True, False]


def test_ledger_is_filtered_by_state(login, campaign, person):
    person("a@mail.example")
    person("b@mail.example", allowed=False)
    started(campaign)
    page = login().get(reverse("campaigns:detail", args=[campaign.pk]), {"state": "skipped"}).content.decode()
    ledger = page[page.index('id="ledger"') :]
    assert "b@mail.example" in ledger
    assert "a@mail.example" not in ledger


@pytest.mark.parametrize(
    ("state", "language", "words"),
    [
        ("accepted", "ru", "Почтовый сервер принял письмо"),
        ("accepted", "en", "The mail server accepted the letter"),
        ("rejected", "ru", "Почтовый сервер отказал"),
        ("planned", "ru", "Сервер пока не принял, попробуем ещё раз"),
    ],
)
def test_ledger_tells_why_in_the_words_of_the_reader(login, state, language, words):
    message = MessageFactory(state=state, detail="250 2.0.0 OK queued")
    client = login()
    User.objects.update(language=language)
    page = client.get(reverse("campaigns:detail", args=[message.run.campaign_id])).content.decode()
    assert f"<summary>{words}</summary><code>250 2.0.0 OK queued</code>" in page


def test_letter_that_only_waits_says_nothing():
    assert (Message(state="planned").words, Message(state="planned").answer) == ("", "")


def test_ledger_is_paged_by_keyset(login, django_assert_max_num_queries):
    first = MessageFactory()
    MessageFactory.create_batch(60, run=first.run, step=first.step)
    client, url = login(), reverse("campaigns:detail", args=[first.run.campaign_id])
    with django_assert_max_num_queries(20):
        page = client.get(url).content.decode()
    assert page.count('id="message-') == 50
    assert "cursor=" in page


@pytest.fixture
def unknown(campaign, person):
    """A letter of unknown fate to somebody who may still be written to."""
    person("a@mail.example", first_name="Елена")
    started(campaign)
    Message.objects.update(state="unknown", changed_at=NOW, attempt=1, sent_at=NOW, worker="dead")
    return Message.objects.get()


def decide(client, message, act, page):
    """Press the button of a page as it was drawn; what the person is told then."""
    address = reverse(f"campaigns:{act}", args=[message.run.campaign_id, message.pk])
    form = re.search(rf'<form[^>]*action="{address}".*?</form>', page, re.DOTALL).group()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    answer = client.post(address, fields, follow=True).content.decode()
    return re.search(r'<[^>]*class="toast.*', answer, re.DOTALL).group()


def test_unknown_letters_are_listed_for_a_decision(login, unknown, nudges):
    client = login()
    page = client.get(reverse("campaigns:detail", args=[unknown.run.campaign_id])).content.decode()
    assert "Неизвестно, ушло ли" in page
    assert "Письмо поставлено в очередь" in decide(client, unknown, "resend", page)
    assert Message.objects.get().state == "planned"
    assert nudges


@pytest.mark.parametrize("act", ["resend", "close"])
def test_second_window_is_told_what_the_first_one_did(login, unknown, nudges, act):
    client = login()
    page = client.get(reverse("campaigns:detail", args=[unknown.run.campaign_id])).content.decode()
    decide(client, unknown, "resend", page)
    told = decide(client, unknown, act, page)
    assert "Это письмо уже отправлено ещё раз. Его состояние: в очереди" in told
    assert ("Ещё рано" in told, len(nudges)) == (False, 1)


def test_letter_to_who_said_no_meanwhile_is_not_said_to_be_queued(login, unknown, nudges):
    consent.suppress("a@mail.example", "email", "unsubscribed", now=NOW)
    client = login()
    page = client.get(reverse("campaigns:detail", args=[unknown.run.campaign_id])).content.decode()
    assert "Не отправлено: отписка или стоп-лист" in decide(client, unknown, "resend", page)
    assert (Message.objects.get().state, nudges) == ("unknown", [])


def test_unknown_letter_is_closed(login):
    message = MessageFactory(state="unknown")
    login().post(reverse("campaigns:close", args=[message.run.campaign_id, message.pk]))
    assert Message.objects.get().state == "rejected"


def test_letter_of_another_campaign_is_not_found(login):
    message, other = MessageFactory(state="unknown"), CampaignFactory()
    assert login().post(reverse("campaigns:resend", args=[other.pk, message.pk])).status_code == 404


def test_report_shows_the_letter_and_not_its_source(login, campaign, person):
    person("a@mail.example", first_name="Елена")
    started(campaign)
    campaign.steps.update(html="<p>Переписано потом</p>")
    page = detail(login(), campaign)
    letter, source = page[page.index('id="letter"') :].split("<details", 1)
    assert "<p>Здравствуйте, Елена</p>" in letter
    assert "Переписано" not in page
    assert "{{" not in letter
    assert "Здравствуйте, {{ contact.first_name }}" in source


def test_letter_of_a_chosen_recipient_carries_the_subject_that_left(login, campaign, person):
    person("a@mail.example", first_name="Елена")
    chosen = person("b@mail.example", first_name="Борис")
    started(campaign)
    Message.objects.filter(contact=chosen).update(state="accepted", sent_at=NOW, subject="Боря, как ушло")
    client, message = login(), Message.objects.get(contact=chosen)
    for answer in (
        detail(client, campaign, letter=message.pk),
        detail(client, campaign, fragment=True, letter=message.pk),
    ):
        assert "Боря, как ушло" in answer
        assert "<p>Здравствуйте, Борис</p>" in answer
        assert message.token not in answer


def test_letter_first_shown_is_one_that_left(login, campaign, person):
    person(first_name="Анна")
    gone = person("b@mail.example", first_name="Борис")
    started(campaign)
    Message.objects.filter(contact=gone).update(state="accepted", sent_at=NOW, subject="Тема")
    assert "<p>Здравствуйте, Борис</p>" in detail(login(), campaign)


def test_letter_of_another_campaign_is_not_shown(login, campaign, person):
    other = MessageFactory(contact__first_name="Чужой")
    person("a@mail.example", first_name="Елена")
    started(campaign)
    assert "<p>Здравствуйте, Елена</p>" in detail(login(), campaign, letter=other.pk)


def test_letter_of_a_scheduled_campaign_is_shown_as_somebody_will_see_it(login, campaign, person):
    person("a@mail.example", first_name="Елена")
    leaving(campaign)
    page = detail(login(), campaign)
    assert "Как увидит" in page
    assert "<p>Здравствуйте, Елена</p>" in page


def test_letter_without_html_is_shown_as_text(login, campaign, person):
    person("a@mail.example")
    campaign.steps.update(html="", text="Первая строка\nВторая <b>строка</b>")
    started(campaign)
    assert "Первая строка<br>Вторая &lt;b&gt;строка" in detail(login(), campaign)


def test_letter_that_cannot_be_written_says_why(login, campaign, person):
    person("a@mail.example")
    campaign.steps.update(subject="{{ contact.first_name }}", html="<p>Текст</p>")
    started(campaign)
    assert "пустая тема" in detail(login(), campaign)


def test_report_names_the_segments_that_are_left_out(login, campaign, person):
    person("a@mail.example")
    for name in ("Молчуны", "Отказники"):
        campaign.exclude_segments.add(SegmentFactory(name=name))
    started(campaign)
    page = re.sub(r"<[^>]+>", "", detail(login(), campaign))
    assert f"{campaign.segment} кроме Молчуны, Отказники ·" in page


@pytest.mark.parametrize(
    ("language", "words"),
    [("ru", ["Отписка: Оксана", "Жалоба на спам: Оксана"]), ("en", ["Opt-out: Оксана", "Spam complaint: Оксана"])],
)
def test_events_fit_men_and_women(login, language, words):
    message = MessageFactory(contact__name="Оксана", state="accepted")
    for kind in ("unsubscribed", "complained"):
        message.events.create(kind=kind, at=NOW)
    client = login()
    User.objects.update(language=language)
    page = re.sub(r"<[^>]+>", "", detail(client, message.run.campaign))
    assert [word in page for word in words] == [True, True]


def test_page_says_what_stands_still_and_who_can_help(login, campaign, person):
    person("a@mail.example")
    started(campaign)
    url = reverse("campaigns:detail", args=[campaign.pk])
    Run.objects.update(started_at=timezone.now())
    assert "фоновая работа стоит" not in login().get(url).content.decode()
    Run.objects.update(started_at=timezone.now() - timedelta(minutes=5))
    assert "фоновая работа стоит" in login().get(url).content.decode()
