from datetime import timedelta
from decimal import Decimal
from itertools import chain
from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.test import APIClient

from tests.factories import (
    NOW,
    CompanyFactory,
    ContactFactory,
    ContactPointFactory,
    DealFactory,
    MembershipFactory,
    SegmentFactory,
    StageVisitFactory,
)

pytestmark = pytest.mark.django_db

CONTACT = set(
    "id amo_id name first_name last_name emails phones company responsible tags custom_fields lifecycle"
    " created_at updated_at deleted_at changed_at".split()
)
COMPANY = CONTACT - {"first_name", "last_name", "company"}
DEAL = set(
    "id amo_id name price pipeline stage stage_kind contacts main_contact company responsible loss_reason tags"
    " custom_fields created_at updated_at closed_at stage_entered_at deleted_at changed_at".split()
)
SEGMENT = set("id name kind rules size refreshed_at is_paused paused_until health".split())


@pytest.fixture
def client(partner):
    return partner("admin")


@pytest.mark.parametrize(
    ("path", "make", "fields"),
    [
        ("contacts", ContactFactory, CONTACT),
        ("companies", CompanyFactory, COMPANY),
        ("deals", DealFactory, DEAL),
        ("segments", SegmentFactory, SEGMENT),
    ],
)
def test_resource_has_the_fields_of_the_contract(client, path, make, fields):
    row = make()
    assert fields <= set(client.get(f"/api/v1/{path}/").json()["results"][0])
    assert client.get(f"/api/v1/{path}/{row.pk}/").json()["id"] == row.pk


def test_contact_shows_its_points(client):
    contact = ContactFactory()
    ContactPointFactory(contact=contact, value="elena@mail.example")
    ContactPointFactory(contact=contact, kind="phone", value="+79035551842")
    answer = client.get(f"/api/v1/contacts/{contact.pk}/").json()
    assert answer["emails"] == ["elena@mail.example"]
    assert answer["phones"] == ["+79035551842"]


def test_deal_shows_people_and_money_as_numbers(client):
    contact = ContactFactory()
    deal = DealFactory(contact=contact, price=4_830_000)
    answer = client.get(f"/api/v1/deals/{deal.pk}/").json()
    assert (answer["contacts"], answer["main_contact"]) == ([contact.pk], contact.pk)
    assert answer["price"] == 4830000


@pytest.mark.parametrize(
    ("price", "shown"),
    [("6740000", "6740000"), ("0", "0"), ("10.50", "10.5"), ("9999999999999.99", "9999999999999.99")],
)
def test_price_is_a_number_and_whole_roubles_have_no_point(client, price, shown):
    deal = DealFactory(price=Decimal(price))
    answer = client.get(f"/api/v1/deals/{deal.pk}/")
    assert f'"price":{shown},' in answer.content.decode()
    assert answer.json()["price"] == float(price)


def test_segment_has_the_name_it_is_stored_with(client):
    segment = SegmentFactory(name="Засыпающие покупатели", ready_key="rfm_fading")
    answer = client.get(f"/api/v1/segments/{segment.pk}/", headers={"Accept-Language": "en"}).json()
    assert answer["name"] == "Засыпающие покупатели"


def test_visits_tell_the_stage_history(client):
    deal = DealFactory(created_at=NOW - timedelta(days=3), visit=False)
    StageVisitFactory(deal=deal, entered_at=NOW - timedelta(days=3), left_at=NOW - timedelta(days=1))
    StageVisitFactory(deal=deal, entered_at=NOW - timedelta(days=1))
    first, second = client.get(f"/api/v1/deals/{deal.pk}/visits/").json()["results"]
    assert first["duration_s"] == 2 * 24 * 3600
    assert second["left_at"] is None
    assert set(first) == set("stage pipeline entered_at left_at duration_s direction skipped source".split())


def test_members_now_and_at_a_past_time(client):
    segment = SegmentFactory()
    gone = MembershipFactory(segment=segment, entered_at=NOW - timedelta(days=9), left_at=NOW - timedelta(days=2))
    here = MembershipFactory(segment=segment, entered_at=NOW - timedelta(days=1))

    def members(query: str = "") -> list[int]:
        return [
            row["contact"] for row in client.get(f"/api/v1/segments/{segment.pk}/members/{query}").json()["results"]
        ]

    assert members() == [here.contact_id]
    past = (NOW - timedelta(days=5)).isoformat().replace("+", "%2B")
    assert members(f"?at={past}") == [gone.contact_id]
    assert client.get(f"/api/v1/segments/{segment.pk}/members/?at=").status_code == 422


def test_lists_leave_deleted_rows_out_and_updated_since_includes_them(client):
    kept = ContactFactory(changed_at=NOW)
    deleted = ContactFactory(changed_at=NOW, deleted_at=NOW)
    ContactFactory(changed_at=NOW - timedelta(days=2))
    listed = {row["id"] for row in client.get("/api/v1/contacts/").json()["results"]}
    assert kept.pk in listed
    assert deleted.pk not in listed
    since = NOW.isoformat().replace("+", "%2B")
    changed = client.get(f"/api/v1/contacts/?updated_since={since}").json()["results"]
    assert {row["id"] for row in changed} == {kept.pk, deleted.pk}


def test_pages_lead_through_every_row_once_and_back(client):
    expected = [ContactFactory(changed_at=NOW).pk for _ in range(7)]
    since = NOW.isoformat().replace("+", "%2B")
    url, seen = f"/api/v1/contacts/?updated_since={since}&page_size=3", []
    while url:
        page = client.get(url).json()
        seen.append([row["id"] for row in page["results"]])
        last, url = page, page["next"]
    assert list(chain(*seen)) == expected
    back = client.get(last["previous"]).json()
    assert [row["id"] for row in back["results"]] == seen[-2]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("cursor=%00%01", "cursor"),
        ("cursor=", "cursor"),
        ("page_size=", "page_size"),
        ("updated_since=", "updated_since"),
        ("cursor=WzAsIng7Il0", "cursor"),
        ("cursor=WzAsOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTldf", "cursor"),
        ("page_size=501", "page_size"),
        ("page_size=0", "page_size"),
        ("updated_since=yesterday", "updated_since"),
        ("updated_since=2026-11-21T10:00:00", "updated_since"),
        ("updated_since=2026-13-41T10:00:00Z", "updated_since"),
    ],
)
def test_bad_parameter_is_named_in_a_422(client, query, path):
    answer = client.get(f"/api/v1/contacts/?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == path


@pytest.mark.parametrize("asked", [{}, {"updated_since": "2020-01-01T00:00:00Z"}], ids=["by-id", "by-change"])
def test_cursor_changed_by_hand_is_never_a_failure(client, asked):
    for _ in range(3):
        ContactFactory(changed_at=NOW)
    address = client.get("/api/v1/contacts/", asked | {"page_size": 1}).json()["next"]
    cursor = parse_qs(urlsplit(address).query)["cursor"][0]
    tampered = {cursor[:place] + letter + cursor[place + 1 :] for place in range(len(cursor)) for letter in "A="}
    tampered |= {cursor[:-1], cursor * 2, "", "null", "W10", "WzAsbnVsbF0", "WzAsdHJ1ZV0", "e30", "\u0441", "%"}
    seen = {client.get("/api/v1/contacts/", asked | {"cursor": each}).status_code for each in tampered}
    assert 422 in seen <= {200, 422}
    of_another_order = {"cursor": cursor} | ({} if asked else {"updated_since": NOW.isoformat()})
    assert client.get("/api/v1/contacts/", of_another_order).status_code == 422


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("contacts/", "cursor, page_size, updated_since"),
        ("companies/", "cursor, page_size, updated_since"),
        ("deals/", "cursor, page_size, updated_since"),
        ("segments/", "cursor, page_size, updated_since"),
        ("deals/{}/visits/", "cursor, page_size"),
        ("segments/{}/members/", "cursor, page_size, at"),
        ("contacts/{}/", ""),
    ],
)
def test_unknown_parameter_is_named_in_a_400_with_the_known_ones(client, path, known):
    row = {"d": DealFactory, "s": SegmentFactory, "c": ContactFactory}[path[0]]()
    address = f"/api/v1/{path.format(row.pk)}"
    answer = client.get(f"{address}?updated_sinse=2026-11-21T10:00:00Z{known and '&page_size=1'}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    hint = f"Параметра «updated_sinse» здесь нет. Есть: {known}." if known else "Этот адрес не берёт параметров."
    assert answer.json()["errors"] == [{"path": "updated_sinse", "code": "unknown_parameter", "message": hint}]
    english = client.get(f"{address}?updated_sinse=1", headers={"Accept-Language": "en"}).json()["detail"]
    assert english.startswith("There is no parameter “updated_sinse” here." if known else "This address takes no")


def test_every_unknown_parameter_is_named_and_the_format_is_one_of_them(client):
    errors = client.get("/api/v1/contacts/?format=xml&foo=1").json()["errors"]
    assert [error["path"] for error in errors] == ["format", "foo"]


def test_unknown_row_is_a_404_problem(client):
    answer = client.get("/api/v1/deals/999999/")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_list_takes_the_same_number_of_queries_whatever_its_size(client, django_assert_max_num_queries):
    for _ in range(20):
        ContactPointFactory()
        DealFactory(contact=ContactFactory())
    with django_assert_max_num_queries(6):
        client.get("/api/v1/contacts/")
    with django_assert_max_num_queries(6):
        client.get("/api/v1/deals/")


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_unknown_address_is_a_404_problem_for_everyone(method):
    answer = getattr(APIClient(), method)("/api/v1/nothing/here/")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "not_found"
