"""What every address has in common: tokens, envelopes, empty answers, limits of a page and a batch."""

import base64
import json

import pytest

from integrations.amocrm.sandbox import Sandbox


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no"}, {"Authorization": ""}])
def test_without_a_known_token_the_answer_is_401(box, headers):
    answer = box.handle("GET", "/api/v4/leads", headers, b"")
    assert (answer.status, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert json.loads(answer.body)["title"] == "Unauthorized"


def test_expired_token_is_refused(box, api):
    box.clock.now = 1_924_992_000
    assert api("GET", "/account")[0] == 401


def test_token_carries_the_claims_of_amocrm(box):
    part = box.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert claims.keys() >= {"aud", "sub", "exp", "account_id", "base_domain", "api_domain", "scopes"}
    assert (claims["account_id"], claims["base_domain"]) == (box.account_id, "amocrm.ru")


def test_token_survives_a_restart(box):
    assert Sandbox(contacts=1, deals=0).token == box.token


def test_every_answer_has_a_request_id(api):
    seen = {api.raw("GET", path).headers["X-Request-Id"] for path in ("/leads", "/nowhere", "/leads/1")}
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nowhere"), ("DELETE", "/calls/1"), ("GET", "/leads/abc")],
)
def test_unknown_route_is_404_and_names_the_path(box, api, method, path):
    status, body = api(method, path)
    assert (status, body["detail"]) == (404, f"Cannot {method} {box.base_url}{path}!")


@pytest.mark.parametrize(
    "path", ["/leads", "/leads/1", "/contacts/1", "/companies/1", "/leads/1/notes/1", "/account", "/users"]
)
def test_wrong_method_is_405_with_an_empty_body(api, path):
    answer = api.raw("DELETE", path)
    assert (answer.status, answer.body) == (405, b"")


@pytest.mark.parametrize(
    "path",
    ["/leads/1", "/contacts/1", "/companies/1", "/tasks/1", "/leads?page=999", "/contacts?query=никого", "/webhooks"],
)
def test_nothing_found_is_204_without_a_body(api, path):
    answer = api.raw("GET", path)
    assert (answer.status, answer.body) == (204, b"")


def test_pages_are_linked_to_their_neighbours(api):
    first = api.get("/leads?limit=20")
    middle = api.get("/leads?limit=20&page=2")
    last = api.get("/leads?limit=20&page=3")
    assert first["_links"].keys() == {"self", "next"}
    assert middle["_links"].keys() == {"self", "next", "first", "prev"}
    assert last["_links"].keys() == {"self", "first", "prev"}
    assert (middle["_page"], "_total_items" in middle) == (2, False)


def test_following_next_gives_every_row_once(box, api):
    rows = api.every("/leads?limit=7&with=contacts", "leads")
    assert sorted(row["id"] for row in rows) == sorted(box.store.entities["leads"])


@pytest.mark.parametrize(("limit", "shown"), [("", 50), ("limit=1", 1), ("limit=251", 250), ("limit=no", 50)])
def test_page_size_has_a_default_and_a_ceiling(limit, shown):
    from tests.integrations.amocrm.sandbox.conftest import Client

    box = Sandbox(contacts=260, deals=0, limits=False)
    assert len(Client(box).items(f"/contacts?{limit}", "contacts")) == shown


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/leads", {"name": "Дом"}),
        ("PATCH", "/leads", {"id": 1}),
        ("PATCH", "/leads/1", [{"name": "Дом"}]),
        ("POST", "/webhooks", [{}, {}]),
        ("POST", "/leads", ["Дом"]),
    ],
)
def test_arrays_and_objects_are_not_interchangeable(api, method, path, body):
    status, problem = api(method, path, body)
    assert (status, problem["detail"]) == (400, "Invalid request body")


@pytest.mark.parametrize("body", [None, [], {}])
def test_empty_body_is_a_plain_400(api, body):
    status, problem = api.post("/leads", body)
    assert (status, problem["detail"]) == (400, "Request data can not be empty")


def test_more_than_250_objects_are_422(api):
    status, problem = api.post("/contacts", [{"name": "Анна"}] * 251)
    assert (status, problem["detail"]) == (422, "Limit 250 per page")
    assert api.post("/contacts", [{"name": "Анна"}] * 250)[0] == 200


def test_broken_json_is_400(box, api):
    answer = box.handle("POST", "/api/v4/leads", {"Authorization": f"Bearer {box.token}"}, b"[{")
    assert answer.status == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users", None),
        ("GET", "/users/9100001", None),
        ("GET", "/webhooks", None),
        ("POST", "/webhooks", {"destination": "https://a.example", "settings": ["add_lead"]}),
        ("POST", "/leads/pipelines", [{"name": "Новая", "sort": 1, "is_main": False}]),
        ("POST", "/leads/custom_fields", [{"name": "Поле", "type": "text"}]),
        ("POST", "/leads/loss_reasons", [{"name": "Передумал"}]),
    ],
)
def test_what_only_administrators_may_do_is_a_json_403(manager, method, path, body):
    answer = manager.raw(method, path, body)
    assert (answer.status, answer.headers["Content-Type"]) == (403, "application/problem+json")


@pytest.mark.parametrize("path", ["/leads", "/leads/pipelines", "/leads/custom_fields", "/account", "/events"])
def test_managers_read_what_everybody_reads(manager, path):
    assert manager("GET", path)[0] == 200
