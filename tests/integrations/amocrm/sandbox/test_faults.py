"""Trouble ordered through the control plane."""

import json

import httpx2
import pytest

from integrations.amocrm.sandbox.transport import transport


def order(api, *faults):
    return api("POST", "/__sandbox__/faults", {"next": list(faults)})


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("500", 500, "application/problem+json"),
        ("502_html", 502, "text/html; charset=utf-8"),
        ("504_html", 504, "text/html; charset=utf-8"),
        ("429", 429, "application/problem+json"),
        ("403_html", 403, "text/html; charset=utf-8"),
        ("empty", 200, "application/hal+json"),
    ],
)
def test_next_request_meets_the_fault_and_the_one_after_does_not(api, kind, status, content_type):
    assert order(api, {"kind": kind})[0] == 200
    answer = api.raw("GET", "/leads")
    assert (answer.status, answer.headers["Content-Type"]) == (status, content_type)
    assert api.raw("GET", "/leads").status == 200


def test_truncated_answer_has_valid_headers_and_half_the_json(api):
    whole = api.raw("GET", "/leads").body
    order(api, {"kind": "truncated"})
    half = api.raw("GET", "/leads")
    assert (half.status, half.body) == (200, whole[: len(whole) // 2])
    with pytest.raises(json.JSONDecodeError):
        json.loads(half.body)


def test_fault_counts_and_looks_at_path_and_method(api):
    order(api, {"kind": "500", "count": 2, "path_prefix": "/api/v4/contacts", "method": "GET"})
    assert api("GET", "/leads")[0] == 200
    assert api("POST", "/contacts", [{"name": "А"}])[0] == 200
    assert [api.raw("GET", "/contacts").status for _ in range(3)] == [500, 500, 200]


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
def test_write_is_lost_unless_only_its_answer_should_be(box, api, after, made):
    before = len(box.store.entities["leads"])
    order(api, {"kind": "504_html", "after": after})
    assert api.raw("POST", "/leads", [{"name": "А"}]).status == 504
    assert len(box.store.entities["leads"]) - before == made


def test_closed_connection_raises_in_process(box, api):
    order(api, {"kind": "close"})
    client = httpx2.Client(transport=transport(box), headers={"Authorization": f"Bearer {box.token}"})
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get(f"{box.base_url}/api/v4/leads")
    assert client.get(f"{box.base_url}/api/v4/leads").status_code == 200


def test_empty_list_of_faults_clears_the_queue(api):
    order(api, {"kind": "500", "count": 5})
    order(api)
    assert api.raw("GET", "/leads").status == 200


@pytest.mark.parametrize("body", [{"next": [{"kind": "earthquake"}]}, {"next": [{"kind": "500", "no": 1}]}, {}])
def test_unclear_order_is_400(api, body):
    assert api("POST", "/__sandbox__/faults", body)[0] == 400
