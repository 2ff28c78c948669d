import hashlib
import hmac
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import translation

from pipelines.models import ContactPoint
from segments.campaigns import consent
from segments.campaigns.models import Consent, Suppression
from tests.factories import NOW, ContactPointFactory

pytestmark = pytest.mark.django_db

EMAIL = "elena@mail.example"
LATER = NOW + timedelta(days=1)


def say(purpose, given, at=NOW, channel="email"):
    Consent.objects.create(address=EMAIL, channel=channel, purpose=purpose, given=given, source="test", at=at)


@pytest.mark.parametrize(
    ("history", "advertising", "service"),
    [
        ([], False, False),
        ([("advertising", True)], True, False),
        ([("processing", True)], False, True),
        ([("processing", True), ("advertising", True)], True, True),
        ([("advertising", True), ("advertising", False)], False, False),
        ([("advertising", False), ("advertising", True)], True, False),
        ([("advertising", True), ("processing", False)], False, False),
        ([("processing", True), ("processing", False), ("processing", True)], False, True),
    ],
)
def test_latest_row_of_each_document_counts(history, advertising, service):
    ContactPointFactory(value=EMAIL)
    for hour, (purpose, given) in enumerate(history):
        say(purpose, given, at=NOW + timedelta(hours=hour))
    found = {
        purpose: ContactPoint.objects.filter(consent.allowed("email", purpose, LATER)).exists()
        for purpose in ("advertising", "service")
    }
    assert found == {"advertising": advertising, "service": service}


def test_consent_of_another_channel_or_of_the_future_is_none():
    ContactPointFactory(value=EMAIL)
    say("advertising", True, channel="sms")
    say("advertising", True, at=LATER)
    assert not ContactPoint.objects.filter(consent.allowed("email", "advertising", NOW)).exists()


def test_same_instant_goes_by_the_later_row():
    ContactPointFactory(value=EMAIL)
    say("advertising", True)
    say("advertising", False)
    assert not ContactPoint.objects.filter(consent.allowed("email", "advertising", NOW)).exists()


def test_hash_is_the_same_in_python_and_in_the_database():
    ContactPointFactory(value="почта@mail.example")
    hashed = ContactPoint.objects.annotate(hash=consent.AddressHash("email", F("value"))).get().hash
    assert hashed == consent.address_hash("email", " Почта@mail.example ")
    assert hashed == hmac.new(consent.address_key(), "email:почта@mail.example".encode(), hashlib.sha256).hexdigest()


def test_hash_depends_on_the_oldest_key_only(settings):
    settings.FIELD_KEYS = ["old"]
    before = consent.address_hash("email", EMAIL)
    settings.FIELD_KEYS = ["new", "old"]
    assert consent.address_hash("email", EMAIL) == before
    settings.FIELD_KEYS = ["other"]
    assert consent.address_hash("email", EMAIL) != before


def test_suppression_is_written_once_and_keeps_no_address():
    assert consent.suppress("Elena@mail.example", "email", "bounced", now=NOW)
    assert not consent.suppress(EMAIL, "email", "unsubscribed", now=LATER)
    row = Suppression.objects.get()
    assert (row.reason, row.address_hint) == ("unsubscribed", "e***@m***.example")


def test_address_is_kept_as_it_is_compared():
    consent.give(" Elena@Mail.example ", "email", "advertising", source="test", at=NOW)
    consent.withdraw("ELENA@mail.example", "email", "advertising", source="test", at=NOW)
    assert set(Consent.objects.values_list("address", flat=True)) == {EMAIL}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ru", ["отказ от рассылки", "адрес не существует", "жалоба на спам", "добавлено вручную"]),
        ("en", ["opted out of mailings", "address does not exist", "reported as spam", "added by hand"]),
    ],
)
def test_reason_does_not_guess_who_it_was(language, words):
    with translation.override(language):
        assert [str(reason.label) for reason in Suppression.Reason] == words
