"""Seven requests a second, 429, and the ban for whoever does not listen."""

import json

import pytest


@pytest.fixture
def limited(box):
    box.flags.limits = True
    return box


def statuses(api, count):
    return [api.raw("GET", "/account").status for _ in range(count)]


def test_eighth_request_within_a_second_is_429(limited, api):
    assert statuses(api, 9) == [200] * 7 + [429] * 2


def test_window_slides(limited, api):
    statuses(api, 4)
    limited.clock.now += 0.6
    assert statuses(api, 4) == [200, 200, 200, 429]
    limited.clock.now += 0.5
    assert statuses(api, 5) == [200] * 4 + [429]


def test_429_is_a_problem_document(limited, api):
    statuses(api, 7)
    answer = api.raw("GET", "/account")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.body)["retry_after"] == 1
    assert "Retry-After" not in answer.headers


def test_429_may_be_html_with_a_retry_after(limited, api):
    limited.flags.html_429, limited.flags.retry_after = True, 5
    statuses(api, 7)
    answer = api.raw("GET", "/account")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Retry-After"] == "5"


def test_too_many_429s_in_a_minute_bring_a_ban_that_ends(limited, api):
    assert statuses(api, 27) == [200] * 7 + [429] * 20
    limited.clock.now += 5
    answer = api.raw("GET", "/account")
    assert (answer.status, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    limited.clock.now += 56
    assert statuses(api, 1) == [200]


def test_429s_spread_over_minutes_bring_no_ban(limited, api):
    for _ in range(30):
        assert statuses(api, 8)[-1] == 429
        limited.clock.now += 4
    assert 403 not in statuses(api, 7)


def test_both_tokens_share_the_budget_of_the_integration(limited, api, manager):
    statuses(api, 7)
    assert statuses(manager, 1) == [429]


def test_unknown_tokens_and_the_control_plane_cost_nothing(limited, box, api):
    for _ in range(20):
        box.handle("GET", "/api/v4/account", {}, b"")
        api("GET", "/__sandbox__/state")
    assert statuses(api, 7) == [200] * 7


def test_limits_can_be_off(box, api):
    assert statuses(api, 60) == [200] * 60
