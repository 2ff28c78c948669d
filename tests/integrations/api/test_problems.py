"""integrations.api.problems: what the framework would say is said in our voice, in both languages."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from crmseg.accounts.models import ApiKey
from crmseg.web import errors
from integrations.api.permissions import HasScope
from integrations.api.urls import router

CONTACTS = "/api/v1/contacts/"
OVER_HTTP = [
    (
        "get",
        CONTACTS,
        None,
        {},
        401,
        "Передайте ключ API: Authorization: Bearer <ключ>.",
        "Send an API key: Authorization: Bearer <key>.",
    ),
    (
        "get",
        CONTACTS,
        "nope",
        {},
        401,
        "Ключ неизвестен, истёк или отозван.",
        "The key is unknown, expired or revoked.",
    ),
    ("get", CONTACTS, "deals:read", {}, 403, "У ключа нет права на этот раздел.", None),
    ("get", CONTACTS, "contacts:write", {}, 403, "У ключа нет права на этот раздел.", None),
    ("post", CONTACTS, "contacts:read", {}, 405, "Метод POST здесь не поддерживается.", None),
    ("get", f"{CONTACTS}7/", "contacts:read", {}, 404, "Такой записи нет.", None),
    ("get", "/api/v1/nowhere/", "contacts:read", {}, 404, "Такого адреса в API нет.", None),
    ("get", "/api/v1/contacts/abc/", "contacts:read", {}, 404, "Такого адреса в API нет.", None),
    ("get", "/api/v1/", None, {}, 404, "Такого адреса в API нет.", None),
    ("get", "/api", None, {}, 404, "Такого адреса в API нет.", None),
    ("delete", "/api/v2/contacts/", None, {}, 404, "Такого адреса в API нет.", None),
    (
        "delete",
        CONTACTS,
        "contacts:*",
        {},
        405,
        "Метод DELETE здесь не поддерживается.",
        "The method DELETE is not supported here.",
    ),
    (
        "get",
        CONTACTS,
        "contacts:read",
        {"accept": "text/html"},
        406,
        "Ответ бывает только в application/json, а заголовок Accept его не допускает.",
        None,
    ),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "scopes", "headers", "status", "ru", "en"), OVER_HTTP)
def test_refusal_is_a_problem_in_both_languages(method, path, scopes, headers, status, ru, en):
    secret = ApiKey.issue("Партнёр", [scopes])[1] if scopes and ":" in scopes else scopes
    if secret:
        headers = {**headers, "authorization": f"Bearer {secret}"}
    said = {}
    for language in ("ru", "en"):
        answer = getattr(Client(), method)(path, headers={**headers, "accept-language": language})
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
        said[language] = body = answer.json()
        assert (body["status"], body["detail"]) == (status, body["errors"][0]["message"])
    assert said["ru"]["detail"] == ru
    assert said["en"]["detail"] == (en or said["en"]["detail"])
    assert said["en"]["detail"].isascii()
    assert said["en"]["title"].isascii()
    assert said["ru"]["errors"][0]["code"] == said["en"]["errors"][0]["code"]


@pytest.mark.django_db
def test_without_a_language_the_answer_is_russian():
    assert Client().get(CONTACTS).json()["title"] == "Нужен ключ"


class Open(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        return Response(request.data)


class Closed(Open):
    permission_classes = (HasScope,)


class Busy(Open):
    wait: float | None = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise Throttled(wait=self.wait)


IN_PROCESS = [
    (
        Open,
        {},
        b"{",
        "application/json",
        400,
        "Тело запроса — не JSON: строка 1, знак 2.",
        "The body is not JSON: line 1, character 2.",
    ),
    (Open, {}, b"\xff", "application/json", 400, "Тело запроса не в UTF-8.", "The body is not UTF-8."),
    (Open, {}, b"NaN", "application/json", 400, "Тело запроса — не JSON.", "The body is not JSON."),
    (
        Open,
        {},
        b"a=1",
        "text/csv",
        415,
        "Тело запроса принимается в application/json, а пришло text/csv.",
        "The body is taken as application/json, and text/csv came.",
    ),
    (
        Closed,
        {},
        b"{}",
        "application/json",
        403,
        "У ключа нет права на этот раздел.",
        "The key has no right to this section.",
    ),
    (
        Busy,
        {"wait": 2.5},
        b"{}",
        "application/json",
        429,
        "Запросов слишком много. Повторите через 3 секунды.",
        "Too many requests. Try again in 3 seconds.",
    ),
    (
        Busy,
        {},
        b"{}",
        "application/json",
        429,
        "Запросов слишком много. Повторите позже.",
        "Too many requests. Try again later.",
    ),
]


@pytest.mark.parametrize(("view", "options", "body", "kind", "status", "ru", "en"), IN_PROCESS)
def test_body_and_pace_are_refused_in_both_languages(view, options, body, kind, status, ru, en):
    for language, told in (("ru", ru), ("en", en)):
        with translation.override(language):
            answer = view.as_view(**options)(APIRequestFactory().generic("POST", "/", body, content_type=kind))
        assert (answer.status_code, answer.data["detail"]) == (status, told)


@pytest.mark.parametrize(("handler", "status"), [(errors.failure, 500), (errors.bad_request, 400)])
def test_failure_below_the_api_is_no_page(handler, status):
    answer: HttpResponse = handler(RequestFactory().get("/api/v1/contacts/"))
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_unknown_address_is_told_in_plain_letters(client):
    answer = client.get("/api/v9/nowhere/", headers={"Accept-Language": "ru"})
    assert "Такого адреса в API нет." in answer.content.decode()


def api_addresses() -> list[str]:
    """One of every route: a list, a row, what hangs on a row."""
    return [
        reverse(f"api:{route.name}", kwargs=dict.fromkeys(route.pattern.regex.groupindex, 7)) for route in router.urls
    ]


@pytest.mark.parametrize("address", api_addresses())
def test_address_without_its_last_slash_is_told_with_it(client, address):
    for method in ("get", "head", "post", "patch", "put", "delete", "options"):
        answer = getattr(client, method)(address.rstrip("/"), headers={"accept-language": "ru"})
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    told = f"Адреса API кончаются на «/»: {address}"
    assert answer.json()["detail"] == told
    assert answer.json()["errors"] == [{"path": "", "code": "not_found", "message": told}]


@pytest.mark.parametrize("address", ["/api/v1/nowhere", "/api/v1/contacts/abc", "/api/v1", "/api/v1/contacts//"])
def test_address_that_is_none_even_with_a_slash_is_not_offered(client, address):
    assert client.get(address, headers={"accept-language": "ru"}).json()["detail"] == "Такого адреса в API нет."
