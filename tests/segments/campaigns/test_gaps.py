"""For how many a place of the letter stays empty: counted in the database as the letters would show it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from segments.campaigns import gaps, personal
from segments.campaigns.audience import audience
from tests.factories import NOW, CompanyFactory, ContactFactory, CustomFieldFactory, DealFactory, UserFactory

pytestmark = pytest.mark.django_db


def counted(campaign, *names):
    _counts, people = audience(campaign, now=NOW).judged()
    return gaps.count(gaps.fields(list(names)), people)


def deal_of(contact, days=0, **fields):
    deal = DealFactory(created_at=NOW + timedelta(days=days), **fields)
    deal.links.create(contact=contact)
    return deal


def test_only_those_nobody_can_greet_have_no_first_name(campaign, person):
    person("a@mail.example", name="Анна Петрова", first_name="")
    person("b@mail.example", name="Анна Петрова", first_name="")
    person("c@mail.example", name="Клиент", first_name="")
    person("d@mail.example", name="Клиент", first_name="Олег")
    assert counted(campaign, "contact.first_name") == {"contact.first_name": 1}


def test_budget_is_missing_without_a_deal_with_none_and_with_zero(campaign, person):
    deal_of(person("a@mail.example"), price=Decimal(5))
    deal_of(person("b@mail.example"), price=None)
    deal_of(person("c@mail.example"), price=0)
    person("d@mail.example")
    assert counted(campaign, "deal.price", "deal.name") == {"deal.price": 3, "deal.name": 1}


def test_latest_deal_that_is_not_deleted_counts(campaign, person):
    anna, boris = person("a@mail.example"), person("b@mail.example")
    deal_of(anna, price=5)
    deal_of(anna, days=1, price=None)
    deal_of(boris, price=5)
    deal_of(boris, days=1, price=None, deleted_at=NOW)
    assert counted(campaign, "deal.price") == {"deal.price": 1}


def test_whoever_does_not_get_the_letter_is_not_counted(campaign, person):
    person()
    person("a@mail.example", allowed=False)
    person("b@mail.example")
    person("b@mail.example", allowed=False)
    ContactFactory()
    assert counted(campaign, "contact.company") == {"contact.company": 1}


def test_what_is_no_field_is_not_counted(campaign, person):
    CustomFieldFactory(key="gone", deleted_at=NOW)
    person("a@mail.example")
    assert counted(campaign, "unsubscribe_url", "contact.nope", "x", "contact.custom.gone") == {}


def test_nobody_lacks_anything_where_nobody_gets_it(campaign):
    assert counted(campaign, "deal.price", "contact.first_name") == {"deal.price": 0, "contact.first_name": 0}


CUSTOM = [{}, {"a": None}, {"a": ""}, {"a": []}, {"a": [""]}, {"a": ["x"]}, {"a": "x"}, {"a": 0}, {"a": False}]


def test_database_counts_what_the_letters_would_leave_empty(campaign, person, django_assert_max_num_queries):
    for entity in ("contact", "deal"):
        CustomFieldFactory(entity=entity, key="a", name="Площадь")
    full = {
        "company": CompanyFactory(),
        "responsible": UserFactory(),
        "last_name": "Петрова",
        "first_name": "Анна",
        "name": "Анна",
    }
    for place, custom in enumerate(CUSTOM):
        who = person(f"{place}@mail.example", custom=custom, **(full if place % 2 else {"name": ""}))
        if place % 3:
            deal_of(
                who, custom=custom, responsible=UserFactory() if place % 2 else None, name="Дом" if place > 4 else ""
            )
    _counts, ids = audience(campaign, now=NOW).judged()
    letters = personal.people(ids).values()
    names = [*gaps.FIELDS, "contact.custom.a", "deal.custom.a"]
    expected = {name: sum(_look(values, name) == "" for values in letters) for name in names}
    with django_assert_max_num_queries(4):
        assert gaps.count(gaps.fields(names), ids) == expected
    assert {name for name in names if not 0 < expected[name] < len(CUSTOM)} == set()  # so each tells something


def _look(values, name):
    for part in name.split("."):
        values = values[part]
    return values


def test_every_field_of_a_letter_can_be_counted():
    CustomFieldFactory(entity="deal", key="area")
    names = personal.names()
    own = [f"{entity}.{name}" for entity in ("contact", "deal") for name in names[entity] if name != "custom"]
    assert list(gaps.fields([*own, "deal.custom.area"])) == [*own, "deal.custom.area"]
