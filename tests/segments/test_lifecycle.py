"""segments.lifecycle: the table of statuses, with the edges of each."""

from datetime import timedelta

import pytest

from pipelines.models import Change, DealContact, Stage
from segments import lifecycle
from segments.lifecycle import FREQUENT, MONTHLY, Thresholds
from tests.factories import (
    NOW,
    CompanyFactory,
    ContactFactory,
    DealFactory,
    LossReasonFactory,
    PipelineFactory,
    StageFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def stages():
    pipeline = PipelineFactory()
    return {kind: StageFactory(pipeline=pipeline, kind=kind) for kind in Stage.Kind.values}


@pytest.fixture
def deal(stages):
    def add(contact, kind="won", days_ago=0.0, price=100_000, reason=None, **fields):
        closed = NOW - timedelta(days=days_ago) if kind in ("won", "lost") else None
        return DealFactory(
            contact=contact,
            stage=stages[kind],
            price=price,
            closed_at=closed,
            loss_reason=reason,
            visit=False,
            **fields,
        )

    return add


def status(contact, **thresholds):
    lifecycle.refresh([contact.pk], now=NOW, thresholds=Thresholds(**thresholds))
    contact.refresh_from_db()
    return contact.lifecycle


@pytest.mark.parametrize(
    ("deals", "expected"),
    [
        ([], "new"),
        ([("incoming", 0)], "in_work"),
        ([("open", 0)], "in_work"),
        ([("lost", 5)], "refused"),
        ([("lost", 5), ("open", 0)], "in_work"),
        ([("won", 900)], "buyer_one_off"),
        ([("won", 900), ("lost", 1)], "buyer_one_off"),
        ([("won", 900), ("won", 500)], "buyer_periodic"),
        ([("won", 1), ("won", 2), ("won", 3)], "buyer_periodic"),
        ([("won", 1), ("won", 2), ("won", 3), ("won", 4)], "buyer_regular"),
        ([("won", 1), ("won", 2), ("won", 3), ("won", 200)], "buyer_periodic"),
        ([("won", 10), ("won", 45), ("won", 75)], "buyer_regular"),
        ([("won", 10), ("won", 45), ("won", 50)], "buyer_periodic"),
    ],
)
def test_status_follows_the_deals(deal, deals, expected):
    contact = ContactFactory()
    for kind, days_ago in deals:
        deal(contact, kind, days_ago)
    assert status(contact) == expected


@pytest.mark.parametrize(
    ("days_ago", "price", "expected"),
    [
        (365, 10_000_000, "vip"),
        (365.01, 10_000_000, "buyer_one_off"),
        (1, 9_999_999, "buyer_one_off"),
        (-0.01, 10_000_000, "buyer_one_off"),
    ],
)
def test_vip_spent_the_sum_within_the_year(deal, days_ago, price, expected):
    contact = ContactFactory()
    deal(contact, "won", days_ago, price)
    assert status(contact) == expected


def test_regular_presets_can_be_chosen_one_by_one(deal):
    often, monthly = ContactFactory(), ContactFactory()
    for days_ago in (1, 2, 3, 4):
        deal(often, "won", days_ago)
    for days_ago in (10, 45, 75):
        deal(monthly, "won", days_ago)
    assert [status(often, regular=(FREQUENT,)), status(monthly, regular=(FREQUENT,))] == [
        "buyer_regular",
        "buyer_periodic",
    ]
    assert [status(often, regular=(MONTHLY,)), status(monthly, regular=(MONTHLY,))] == [
        "buyer_periodic",
        "buyer_regular",
    ]


def test_wrong_number_is_low_quality_by_the_last_reason(deal):
    contact = ContactFactory()
    deal(contact, "lost", 50, reason=LossReasonFactory(name="Дорого"))
    deal(contact, "lost", 5, reason=LossReasonFactory(name="Нецелевое обращение"))
    assert status(contact) == "low_quality"
    deal(contact, "lost", 1)
    assert status(contact) == "refused"


def test_every_linked_person_of_a_deal_bought(deal):
    wife = ContactFactory()
    DealContact.objects.create(deal=deal(ContactFactory()), contact=wife)
    assert status(wife) == "buyer_one_off"


def test_deleted_deal_counts_for_nothing(deal):
    contact = ContactFactory()
    deal(contact, "won", deleted_at=NOW)
    assert status(contact) == "new"


def test_only_rows_that_differ_are_written_and_told(deal):
    contact, other = ContactFactory(), ContactFactory()
    deal(contact)
    assert lifecycle.refresh(None, now=NOW) == 1
    assert lifecycle.refresh(None, now=NOW) == 0
    change = Change.objects.get()
    contact.refresh_from_db()
    assert (change.type, change.subject_id, change.origin) == ("contact.updated", contact.pk, "automation")
    assert change.data == {"fields": ["lifecycle"]}
    assert contact.changed_at == NOW != other.changed_at


def test_time_alone_ends_what_was_bought_long_ago(deal):
    vip, often = ContactFactory(), ContactFactory()
    deal(vip, "won", 300, 20_000_000)
    for days_ago in (100, 101, 102, 103):
        deal(often, "won", days_ago)
    lifecycle.refresh(None, now=NOW)
    assert lifecycle.refresh_aging(now=NOW + timedelta(days=120)) == 2
    vip.refresh_from_db()
    often.refresh_from_db()
    assert (vip.lifecycle, often.lifecycle) == ("buyer_one_off", "buyer_periodic")


def test_company_has_a_status_over_its_own_deals(stages):
    company = CompanyFactory()
    DealFactory(company=company, stage=stages["won"], closed_at=NOW, price=1)
    assert lifecycle.refresh_companies(None, now=NOW) == 1
    company.refresh_from_db()
    assert company.lifecycle == "buyer_one_off"
    assert lifecycle.refresh_companies([company.pk], now=NOW) == 0


def test_settings_move_the_thresholds(deal, settings):
    settings.LIFECYCLE = {"vip_total": 50_000}
    contact = ContactFactory()
    deal(contact, "won", 1, 50_000)
    lifecycle.refresh(None, now=NOW)
    contact.refresh_from_db()
    assert contact.lifecycle == "vip"
