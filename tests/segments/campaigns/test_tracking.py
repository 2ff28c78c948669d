import pytest
from django.test import Client
from django.urls import reverse

from pipelines.models import Change
from segments.campaigns import events, tracking
from segments.campaigns.models import Consent, Message, MessageEvent, Suppression
from tests.factories import NOW, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter():
    return MessageFactory(state="accepted", address="elena@mail.example", provider_id="<1.1@x>", sent_at=NOW)


@pytest.fixture
def stranger():
    """Nobody: no session, and CSRF is enforced."""
    return Client(enforce_csrf_checks=True)


def link(token):
    return reverse("campaigns:unsubscribe", args=[token])


def test_get_shows_and_changes_nothing(letter, stranger):
    response = stranger.get(link(letter.token))
    assert response.status_code == 200
    assert "e***@m***.example" in response.content.decode()
    assert not response.cookies
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("sender", "whose"), [("Дом у озера <a@b.example>", "Дом у озера"), ("a@b.example", "a@b.example")]
)
def test_page_is_the_senders_and_not_ours(letter, stranger, settings, sender, whose):
    settings.DEFAULT_FROM_EMAIL = sender
    page = stranger.get(link(letter.token)).content.decode()
    assert f'<p class="brand"><b>{whose}</b></p>' in page
    assert "crmseg" not in page


def test_post_unsubscribes(letter, stranger):
    response = stranger.post(link(letter.token))
    assert "Вы отписаны" in response.content.decode()
    assert Suppression.objects.get().reason == "unsubscribed"
    assert Consent.objects.get().given is False
    letter.refresh_from_db()
    assert letter.unsubscribed_at is not None
    assert Change.objects.get().type == "message.unsubscribed"


def test_one_click_needs_neither_login_nor_cookie(letter, stranger):
    response = stranger.post(link(letter.token), {"List-Unsubscribe": "One-Click"})
    assert (response.status_code, len(response.cookies)) == (200, 0)
    assert Consent.objects.get().source == "one-click"


def test_unsubscribing_again_changes_nothing_more(letter, stranger):
    for _ in range(3):
        assert stranger.post(link(letter.token)).status_code == 200
    assert (Consent.objects.count(), Suppression.objects.count(), Change.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize("token", ["x" * 32, "\0", "ы \x07"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_unknown_token_gets_a_calm_page(stranger, method, token, db):
    response = getattr(stranger, method)(link(token))
    assert response.status_code == 404
    page = response.content.decode()
    assert "Ссылка не найдена" in page
    assert "***@" not in page


def test_other_methods_are_refused(letter, stranger):
    assert stranger.put(link(letter.token)).status_code == 405


def take(kind, message_id="<1.1@x>", **more):
    return events.take(events.ProviderEvent(kind, message_id, NOW, **more), now=NOW)


@pytest.mark.parametrize(
    ("kind", "state", "suppressed"),
    [("delivered", "delivered", None), ("bounced", "bounced", "bounced"), ("complained", "complained", "complained")],
)
def test_news_of_a_provider(letter, kind, state, suppressed):
    assert take(kind)
    assert Message.objects.get().state == state
    assert Suppression.objects.values_list("reason", flat=True).first() == suppressed
    assert Change.objects.filter(type=f"message.{kind}").count() == 1


def test_soft_bounce_forbids_nothing(letter):
    take("bounced", is_hard=False)
    assert not Suppression.objects.exists()


def test_news_repeated_or_of_strangers_changes_nothing(letter):
    assert take("delivered")
    assert not take("delivered")
    assert not take("delivered", message_id="<other@x>")
    assert not take("delivered", message_id="")
    assert MessageEvent.objects.count() == 1


def test_news_settles_an_unknown(letter):
    Message.objects.update(state="unknown")
    assert take("delivered")
    assert Message.objects.get().state == "delivered"


def test_unsubscribe_through_the_provider(letter):
    take("unsubscribed")
    assert tracking.message_of(letter.token).unsubscribed_at == NOW
