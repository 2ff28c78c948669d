"""crmseg.accounts.backoff: wrong passwords cost time, and only to whoever tries them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crmseg.accounts import backoff
from crmseg.accounts.models import LoginCount
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

EMAIL, PASSWORD = "head@domuozera.example", "dlinnyy-parol-1"
TRIES = backoff.FREE_TRIES["pair"]


@pytest.fixture(autouse=True)
def _head():
    UserFactory(email=EMAIL)


def login(password="wrong", email=EMAIL, address="192.0.2.1", client=None):
    form = {"username": email, "password": password}
    return (client or Client()).post(reverse("accounts:login"), form, REMOTE_ADDR=address)


def guess(times=TRIES, **more):
    return [login(**more).status_code for _ in range(times)]


def wait(minutes):
    passed = timedelta(minutes=minutes)
    for row in LoginCount.objects.all():
        row.last_at -= passed
        row.blocked_until = row.blocked_until and row.blocked_until - passed
        row.save()


@pytest.mark.parametrize("email", [EMAIL, "nobody@domuozera.example"])
def test_after_a_few_wrong_passwords_the_next_try_waits(email):
    assert guess(email=email) == [422] * TRIES
    answer = login(PASSWORD, email=email)
    assert answer.status_code == 429
    assert "Попробуйте снова через 1 минуту" in answer.content.decode()
    assert 0 < int(answer["Retry-After"]) <= 60


def test_the_right_password_opens_after_the_wait():
    guess()
    wait(1)
    assert login(PASSWORD).status_code == 302
    assert guess(TRIES - 1) == [422] * (TRIES - 1)  # and counting began anew


def test_every_further_wrong_password_doubles_the_wait():
    guess()
    for minutes in (1, 2, 4, 8, 15, 15):
        assert f"через {minutes} мин" in login().content.decode()
        wait(minutes)
        login()


def test_a_day_without_tries_forgets():
    guess()
    wait(25 * 60)
    assert guess() == [422] * TRIES


def test_others_of_the_same_address_get_in():
    guess()
    UserFactory(email="colleague@domuozera.example")
    assert login(PASSWORD, email="colleague@domuozera.example").status_code == 302


def test_guesses_from_many_addresses_are_stopped_but_a_known_browser_is_not():
    known = Client()
    assert login(PASSWORD, client=known).status_code == 302
    known.post(reverse("accounts:logout"))
    for number in range(backoff.FREE_TRIES["account"]):
        login(address=f"198.51.100.{number}")
    assert login(PASSWORD, address="203.0.113.1").status_code == 429
    assert login(PASSWORD, client=known, address="203.0.113.1").status_code == 302


def test_guesses_at_many_accounts_from_one_address_are_stopped():
    for number in range(backoff.FREE_TRIES["address"]):
        login(email=f"user{number}@domuozera.example")
    assert login(PASSWORD).status_code == 429
    assert login(PASSWORD, address="203.0.113.1").status_code == 302


def test_a_right_password_does_not_wipe_what_the_address_has_guessed():
    UserFactory(email="insider@domuozera.example")
    for number in range(backoff.FREE_TRIES["address"] - 1):
        login(email=f"user{number}@domuozera.example")
    assert login(PASSWORD, email="insider@domuozera.example").status_code == 302
    login(email="one-more@domuozera.example")
    assert login(PASSWORD).status_code == 429


def test_a_cookie_made_for_another_or_by_hand_is_not_known(rf):
    other = Client()
    UserFactory(email="other@domuozera.example")
    login(PASSWORD, email="other@domuozera.example", client=other)
    for cookie in (other.cookies[backoff.COOKIE].value, "forged", ""):
        request = rf.get("/")
        request.COOKIES[backoff.COOKIE] = cookie
        assert set(backoff.Attempt.of(request, EMAIL).keys) == {"pair", "account", "address"}


def test_behind_a_proxy_the_address_is_what_the_proxy_saw(rf, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = rf.get("/", headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.9"})
    assert backoff.address_of(request) == "203.0.113.9"
    assert "address" not in backoff.Attempt.of(rf.get("/"), EMAIL).keys


def test_counts_hold_no_address_and_no_email():
    login()
    text = " ".join(LoginCount.objects.values_list("key", flat=True))
    assert EMAIL not in text
    assert "192.0.2.1" not in text


def test_old_counts_go():
    guess(1)
    LoginCount.objects.update(last_at=timezone.now() - timedelta(days=3))
    guess(1, email="other@domuozera.example", address="203.0.113.1")
    assert LoginCount.objects.count() == 3
