"""pipelines.load: pages into the mirror; only what differs is written and told."""

from datetime import timedelta

import pytest

from pipelines.load import lacks, load_contacts, load_deals, load_pipelines, load_users, mark_deleted
from pipelines.models import Change, Contact, Deal, Origin, Stage
from tests.factories import NOW, UserFactory

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=3)
STATUSES = [(1, "incoming"), (10, "open"), (20, "open"), (30, "open"), (142, "won"), (143, "lost")]


@pytest.fixture(autouse=True)
def pipeline():
    stages = [
        {"amo_id": amo_id, "name": str(amo_id), "position": amo_id, "kind": kind, "color": "#e6e8ea"}
        for amo_id, kind in STATUSES
    ]
    row = {"amo_id": 5, "name": "Дома", "position": 1, "is_main": True, "is_archived": False, "stages": stages}
    load_pipelines([row], NOW)


def contact(amo_id: int = 1, *emails: str, **more: object) -> dict[str, object]:
    points = [
        {"kind": "email", "value": email, "raw": email, "label": "work", "position": n, "is_valid": True}
        for n, email in enumerate(emails)
    ]
    row = {"amo_id": amo_id, "name": "Анна", "responsible": None, "tags": ["vip"], "custom": {"city": "Казань"}}
    return row | {"created_at": NOW, "updated_at": NOW, "company": None, "points": points} | more


def deal(amo_id: int = 1, status: int = 10, *people: int, **more: object) -> dict[str, object]:
    row = {"amo_id": amo_id, "name": "Дом", "price": "4830000.50", "pipeline": 5, "status": status, "tags": []}
    links = [{"contact": person, "is_main": number == 0} for number, person in enumerate(people)]
    return row | {"custom": {}, "created_at": NOW, "updated_at": NOW, "contacts": links, "company": None} | more


def told() -> list[tuple[str, object]]:
    return [(change.type, change.data.get("fields")) for change in Change.objects.order_by("id")]


def test_new_row_is_told_as_created_at_its_own_time():
    result = load_contacts([contact()], Origin.IMPORT, LATER)
    change = Change.objects.get()
    assert (change.type, change.occurred_at, change.origin) == ("contact.created", NOW, "import")
    assert result.created == [Contact.objects.get().pk]


def test_same_page_again_writes_nothing():
    load_contacts([contact(1, "a@b.example")], Origin.IMPORT, NOW)
    result = load_contacts([contact(1, "a@b.example")], Origin.IMPORT, LATER)
    assert (result.touched, result.unchanged, Change.objects.count()) == ([], 1, 1)
    assert Contact.objects.get().changed_at == NOW


def test_changed_fields_are_named():
    load_contacts([contact()], Origin.IMPORT, NOW)
    load_contacts([contact(name="Яна", tags=["vip", "опт"])], Origin.AMOCRM, LATER)
    assert told()[1:] == [("contact.updated", ["name", "tags"])]


def test_stamp_alone_is_no_news():
    load_contacts([contact()], Origin.IMPORT, NOW)
    load_contacts([contact(updated_at=LATER)], Origin.AMOCRM, LATER)
    assert len(told()) == 1
    assert Contact.objects.get().updated_at == LATER


def test_addresses_are_replaced_by_difference():
    load_contacts([contact(1, "a@b.example", "c@d.example")], Origin.IMPORT, NOW)
    kept = Contact.objects.get().points.get(value="c@d.example").pk
    load_contacts([contact(1, "c@d.example", "e@f.example")], Origin.AMOCRM, LATER)
    person = Contact.objects.get()
    assert [point.value for point in person.points.all()] == ["c@d.example", "e@f.example"]
    assert person.points.get(value="c@d.example").pk == kept
    assert told()[1:] == [("contact.updated", ["emails"])]
    assert person.changed_at == LATER


def test_restored_contact_is_alive_again():
    load_contacts([contact()], Origin.IMPORT, NOW)
    assert mark_deleted("contact", [1, 99], Origin.AMOCRM, NOW) == 1
    load_contacts([contact()], Origin.AMOCRM, LATER)
    assert Contact.objects.get().deleted_at is None


def test_new_deal_stands_on_its_stage_since_it_was_created():
    load_contacts([contact()], Origin.IMPORT, NOW)
    load_deals([deal(1, 20, 1)], Origin.IMPORT, LATER)
    found = Deal.objects.get()
    visit = found.visits.get()
    assert (visit.entered_at, visit.left_at, visit.direction) == (NOW, None, "start")
    assert str(found.price) == "4830000.50"
    assert found.links.get().is_main


def test_moved_deal_closes_and_opens_a_visit():
    load_deals([deal(1, 10)], Origin.IMPORT, NOW)
    load_deals([deal(1, 30, updated_at=LATER)], Origin.AMOCRM, LATER)
    first, second = Deal.objects.get().visits.order_by("entered_at")
    assert (first.left_at, second.entered_at) == (LATER, LATER)
    assert (second.direction, second.skipped, second.previous_stage) == ("forward", 1, first.stage)
    assert second.skipped_stages == [Stage.objects.get(amo_id=20).pk]
    assert told()[-1][0] == "deal.moved"


def test_won_deal_is_told_as_moved_and_won():
    load_deals([deal(1, 10)], Origin.IMPORT, NOW)
    load_deals([deal(1, 142, closed_at=LATER, updated_at=LATER)], Origin.AMOCRM, LATER)
    assert [type_ for type_, _ in told()] == ["deal.created", "deal.moved", "deal.won"]


def test_held_stage_stays_and_the_rest_comes_in():
    load_deals([deal(1, 10)], Origin.IMPORT, NOW)
    load_deals([deal(1, 30, name="Баня", holds_stage=True)], Origin.AMOCRM, LATER)
    found = Deal.objects.get()
    assert (found.name, found.stage.amo_id, found.visits.count()) == ("Баня", 10, 1)


def test_people_of_a_deal_are_replaced_and_the_main_one_changes():
    load_contacts([contact(1), contact(2), contact(3)], Origin.IMPORT, NOW)
    load_deals([deal(1, 10, 1, 2)], Origin.IMPORT, NOW)
    load_deals([deal(1, 10, 2, 3)], Origin.AMOCRM, LATER)
    links = Deal.objects.get().links.values_list("contact__amo_id", "is_main")
    assert sorted(links) == [(2, True), (3, False)]
    assert told()[-1] == ("deal.updated", ["contacts"])


def test_what_is_lacking_is_told_beforehand():
    assert lacks([deal(1, 77, 8, company=9)]) == {"company": {9}, "contact": {8}, "stage": {77}}
    assert lacks([deal(1, 10)]) == {}


def test_amocrm_user_with_a_known_address_is_that_person():
    user = UserFactory(email="head@ozero.example", name="Глава")
    rows = [
        {"amo_id": 7, "name": "Петров", "email": "head@ozero.example", "is_active": True},
        {"amo_id": 8, "name": "Новая", "email": "new@ozero.example", "is_active": True},
    ]
    load_users(rows)
    load_users(rows)
    user.refresh_from_db()
    assert (user.amo_id, user.name) == (7, "Глава")
    assert not type(user).objects.get(amo_id=8).has_usable_password()
