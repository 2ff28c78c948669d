"""integrations.amocrm.consent: ticking and unticking a box is written to the ledger once each."""

import pytest
from django.test import Client
from django.urls import reverse

from integrations.amocrm.consent import follow_checkbox, follow_everyone
from integrations.amocrm.models import Account
from pipelines.models import ContactPoint
from segments.campaigns.consent import suppress
from segments.campaigns.models import Consent
from tests.factories import ConsentFactory, ContactFactory, ContactPointFactory, CustomFieldFactory, UserFactory

from .conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    CustomFieldFactory(key="amo_9", name="Согласие на рассылку", form="boolean")
    return Account.objects.create(base_url="https://a.example", amo_id=1, consent_field="amo_9", connected_at=NOW)


@pytest.fixture
def person():
    contact = ContactFactory(amo_id=601, custom={"amo_9": True})
    ContactPointFactory(contact=contact, value="anna@mail.example")
    ContactPointFactory(contact=contact, kind=ContactPoint.Kind.PHONE, value="+79990001122")
    return contact


def tick(person, value) -> None:
    person.custom = {"amo_9": value}
    person.save(update_fields=["custom"])


def latest() -> set[tuple[str, bool]]:
    rows = Consent.objects.order_by("purpose", "-id").distinct("purpose")
    return {(row.purpose, row.given) for row in rows}


def test_ticked_box_gives_both_purposes_for_each_address_once(account, person):
    assert follow_checkbox(account, [601], NOW) == 2
    assert follow_checkbox(account, [601], NOW) == 0
    assert latest() == {("advertising", True), ("processing", True)}
    assert {(row.address, row.source) for row in Consent.objects.all()} == {
        ("anna@mail.example", "amoCRM: поле «Согласие на рассылку»")
    }


@pytest.mark.parametrize("value", [False, None])
def test_unticked_box_withdraws_what_it_gave(account, person, value):
    follow_checkbox(account, [601], NOW)
    tick(person, value)
    assert follow_checkbox(account, [601], NOW) == 2
    assert latest() == {("advertising", False), ("processing", False)}
    tick(person, True)
    assert follow_checkbox(account, [601], NOW) == 2
    assert latest() == {("advertising", True), ("processing", True)}


def test_box_that_was_never_ticked_says_nothing(account, person):
    tick(person, False)
    assert follow_checkbox(account, [601], NOW) == 0


def test_old_tick_does_not_overrule_a_withdrawal(account, person):
    ConsentFactory(address="anna@mail.example", given=False, source="Страница отписки")
    follow_checkbox(account, [601], NOW)
    assert latest() == {("advertising", False), ("processing", True)}


def test_choosing_the_field_follows_everybody(account, person):
    assert follow_everyone(account, NOW, chunk=1) == 2


def test_no_field_no_consent(account, person):
    account.consent_field = ""
    assert follow_checkbox(account, [601], NOW) == 0


@pytest.mark.parametrize(("reason", "is_told"), [("unsubscribed", True), ("bounced", False)])
def test_card_of_who_opted_out_says_that_the_tick_is_amocrms(account, person, reason, is_told):
    client = Client()
    client.force_login(UserFactory(role="head"))
    card, remark = reverse("contacts:detail", args=[person.pk]), "значение из amoCRM, отписки не отменяет"
    assert remark not in client.get(card).content.decode()
    suppress("anna@mail.example", "email", reason, now=NOW)
    assert (remark in client.get(card).content.decode()) is is_told
