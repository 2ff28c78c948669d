from datetime import timedelta

import pytest

from pipelines.models import Change, Contact
from segments.campaigns import consent
from segments.rules.compile import matching
from segments.rules.parse import RuleRefused, parse
from tests.factories import NOW, ConsentFactory, ContactFactory, ContactPointFactory

pytestmark = pytest.mark.django_db
ADS = "email:advertising"


def who(op, *value):
    rule = {"field": "consent", "op": op} | ({"value": list(value)} if value else {})
    return {contact.name for contact in matching(parse(rule), now=NOW, base=Contact.objects.all())}


@pytest.fixture
def _people():
    ContactFactory(name="Никто")
    for name, answers in {"Да": [True], "Нет": [False], "Передумал": [True, False], "Вернулся": [False, True]}.items():
        address = ContactPointFactory(contact=ContactFactory(name=name)).value
        for day, given in enumerate(answers):
            ConsentFactory(address=address, given=given, at=NOW - timedelta(days=9 - day))


@pytest.mark.usefixtures("_people")
def test_the_latest_word_of_an_address_counts():
    assert who("any_of", ADS) == {"Да", "Вернулся"}
    assert who("none_of", ADS) == {"Нет", "Передумал", "Никто"}
    assert who("is_set") == {"Да", "Вернулся"}


def test_consent_to_processing_is_no_consent_to_advertising():
    point = ContactPointFactory(contact__name="Клиент")
    ConsentFactory(address=point.value, purpose="processing")
    assert who("any_of", ADS) == set()
    assert who("all_of", "email:processing") == {"Клиент"}


def test_an_address_lost_takes_its_consent_along():
    point = ContactPointFactory(contact__name="Клиент")
    ConsentFactory(address=point.value, contact=point.contact)
    point.delete()
    assert who("is_set") == set()


def test_unknown_basis_is_refused():
    with pytest.raises(RuleRefused):
        parse({"field": "consent", "op": "any_of", "value": ["fax:advertising"]})


def test_segments_hear_of_a_withdrawal():
    point = ContactPointFactory()
    consent.withdraw(point.value.upper(), "email", "advertising", source="Письмо клиента", at=NOW)
    change = Change.objects.get(type="contact.updated")
    assert (change.subject_id, change.data) == (point.contact_id, {"fields": ["consent"]})
