from datetime import timedelta

import pytest

from crmseg.accounts.models import Role
from pipelines import people
from pipelines.models import Note
from tests.factories import (
    NOW,
    ContactFactory,
    ContactPointFactory,
    DealFactory,
    NoteFactory,
    StageFactory,
    TaskFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def head():
    return UserFactory(role=Role.HEAD)


def test_facts_count_open_deals_only():
    contact = ContactFactory()
    DealFactory(contact=contact, price=1_000)
    DealFactory(contact=contact, price=500)
    DealFactory(contact=contact, price=9_000, stage=StageFactory(kind="won"))
    known = people.facts([contact], head())[contact.pk]
    assert (known.open_deals, known.open_sum) == (2, 1_500)


def test_last_contact_is_the_latest_touch_of_the_person_or_a_deal():
    contact = ContactFactory()
    deal = DealFactory(contact=contact)
    NoteFactory(contact=contact, kind=Note.Kind.CALL_IN, created_at=NOW - timedelta(days=3))
    NoteFactory(deal=deal, kind=Note.Kind.MAIL_OUT, created_at=NOW - timedelta(days=2))
    NoteFactory(contact=contact, kind=Note.Kind.COMMON, created_at=NOW)
    TaskFactory(deal=deal, is_done=True, completed_at=NOW - timedelta(days=1))
    assert people.facts([contact], head())[contact.pk].last_contact_at == NOW - timedelta(days=1)


def test_facts_take_the_same_number_of_queries_for_a_page(django_assert_num_queries):
    contacts = [ContactPointFactory().contact for _ in range(10)]
    viewer = head()
    with django_assert_num_queries(6):
        people.facts(contacts, viewer)


def test_managers_facts_are_of_own_deals():
    manager, contact = UserFactory(), ContactFactory()
    DealFactory(contact=contact, responsible=manager, price=1_000)
    other = DealFactory(contact=contact, responsible=UserFactory(), price=9_000)
    NoteFactory(deal=other, kind=Note.Kind.CALL_IN)
    known = people.facts([contact], manager)[contact.pk]
    assert (known.open_sum, known.last_contact_at) == (1_000, None)
