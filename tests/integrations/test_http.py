"""integrations.http: what the outside answers is one of two errors or a good answer."""

from datetime import UTC, datetime

import httpx2
import pytest

from integrations.http import Answer, Http, Permanent, Temporary

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


def http(answer, **options) -> Http:
    return Http("http://a.test", transport=httpx2.MockTransport(answer), **options)


WAITS = [
    ({"retry-after": "7"}, b"", 7.0),
    ({"retry-after": "Sat, 21 Nov 2026 11:01:00 GMT"}, b"", 60.0),
    ({"retry-after": "Sat, 21 Nov 2026 10:00:00 GMT"}, b"", 0.0),
    ({"retry-after": "soon", "content-type": "application/json"}, b'{"retry_after": 300}', 300.0),
    ({"content-type": "application/problem+json"}, b'{"retry_after": 3}', 3.0),
    ({"content-type": "text/html"}, b"<html>", None),
]


@pytest.mark.parametrize(("headers", "body", "seconds"), WAITS)
def test_how_long_to_wait(headers, body, seconds):
    assert Answer(429, headers, body).retry_after(NOW) == seconds


@pytest.mark.parametrize(("status", "family"), [(429, Temporary), (500, Temporary), (504, Temporary), (404, Permanent)])
def test_status_becomes_one_of_two_families(status, family):
    assert type(Answer(status, {}, b"").error(NOW)) is family


def test_reason_names_the_request():
    answer = Answer(500, {"content-type": "application/json", "x-request-id": "7F3A"}, b'{"detail": "Oops"}')
    assert answer.error(NOW).reason.detail == "Oops. X-Request-Id: 7F3A"


def test_number_of_a_request_alone_is_no_word_of_the_server():
    reason = Answer(502, {"content-type": "text/html", "x-request-id": "7F3A"}, b"<html>").error(NOW).reason
    assert (reason.detail, reason.values["trace"]) == ("", "X-Request-Id: 7F3A")


@pytest.mark.parametrize("body", [b'{"a": 1', b"", b"<html>"])
def test_cut_answer_is_temporary_and_doubtful(body):
    with pytest.raises(Temporary) as caught:
        Answer(200, {"content-type": "application/json"}, body).json()
    assert caught.value.is_doubtful


TROUBLES = [
    (httpx2.ConnectError, False),
    (httpx2.ConnectTimeout, False),
    (httpx2.ReadTimeout, True),
    (httpx2.RemoteProtocolError, True),
    (httpx2.ReadError, True),
]


@pytest.mark.parametrize(("trouble", "is_doubtful"), TROUBLES)
def test_lost_connection_is_doubtful_once_something_was_sent(trouble, is_doubtful):
    def fail(request: httpx2.Request) -> httpx2.Response:
        raise trouble("x", request=request)

    with pytest.raises(Temporary) as caught:
        http(fail).send("POST", "/x", json={})
    assert caught.value.is_doubtful is is_doubtful


PLACES = [
    ("http://a.test:80", "a.test"),
    ("http://a.test:8443", "a.test:8443"),
    ("https://a.test:443", "a.test"),
    ("http://[::1]:99", "[::1]:99"),
]


@pytest.mark.parametrize(("address", "place"), PLACES)
def test_lost_connection_names_a_port_that_is_not_the_usual_one(address, place):
    def fail(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("x", request=request)

    with pytest.raises(Temporary) as caught:
        Http(address, transport=httpx2.MockTransport(fail)).send("GET", "/x")
    assert caught.value.reason.values == {"host": place}


def test_huge_answer_is_not_swallowed():
    with pytest.raises(Permanent):
        http(lambda request: httpx2.Response(200, content=b"x" * 100), most_bytes=50).send("GET", "/x")


def test_redirect_is_not_followed():
    answer = http(lambda request: httpx2.Response(302, headers={"location": "http://evil.test"})).send("GET", "/x")
    assert answer.status == 302
