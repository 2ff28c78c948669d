from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from crmseg.accounts.models import ApiKey
from tests.factories import DealFactory, SegmentFactory

pytestmark = pytest.mark.django_db


def test_without_a_key_the_answer_is_401_with_a_problem_document():
    answer = APIClient().get("/api/v1/contacts/")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["errors"][0]["code"] == "not_authenticated"


@pytest.mark.parametrize("header", ["Bearer nope", "Bearer", "Bearer a b", "Bearer \xff\xfe"])
def test_wrong_key_is_401(header):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    assert client.get("/api/v1/contacts/").status_code == 401


@pytest.mark.parametrize(
    ("scope", "status"),
    [("contacts:read", 200), ("contacts:*", 200), ("admin", 200), ("deals:read", 403), ("contacts:write", 403)],
)
def test_scope_opens_its_resource_only(partner, scope, status):
    assert partner(scope).get("/api/v1/contacts/").status_code == status


def test_expired_and_revoked_keys_are_dead(partner):
    client = partner("admin")
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get("/api/v1/deals/").status_code == 401
    ApiKey.objects.update(expires_at=None, revoked_at=timezone.now())
    assert client.get("/api/v1/deals/").status_code == 401


def test_last_use_is_kept(partner):
    partner("admin").get("/api/v1/deals/")
    assert ApiKey.objects.get().last_used_at is not None


@pytest.mark.parametrize("scopes", [["contacts:read", "deals:read", "segments:read"], ["contacts:write"], ["admin"]])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_what_nobody_may_do_is_405_whatever_the_key(partner, scopes, method):
    client, deal, segment = partner(*scopes), DealFactory(), SegmentFactory()
    paths = ["contacts/", "contacts/1/", "companies/", "companies/1/", "deals/", f"deals/{deal.pk}/"]
    for path in [*paths, f"deals/{deal.pk}/visits/", "segments/", f"segments/{segment.pk}/members/"]:
        answer = client.generic(method.upper(), f"/api/v1/{path}", b"a;b", content_type="text/csv")
        assert (path, answer.status_code, answer["Allow"]) == (path, 405, "GET, HEAD, OPTIONS")
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["errors"][0]["code"] == "method_not_allowed"


def test_a_stranger_learns_nothing_of_methods():
    answer = APIClient().delete("/api/v1/contacts/1/")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize(("scope", "status"), [("contacts:read", 200), ("contacts:write", 403)])
@pytest.mark.parametrize("method", ["head", "options"])
def test_asking_about_a_resource_is_reading(partner, method, scope, status):
    answer = getattr(partner(scope), method)("/api/v1/contacts/")
    assert (answer.status_code, answer["Allow"]) == (status, "GET, HEAD, OPTIONS")
    assert method == "options" or not answer.content


def test_command_prints_a_working_key_last():
    out = StringIO()
    call_command("create_api_key", "Сайт", scopes="contacts:read,deals:*", stdout=out)
    secret = out.getvalue().splitlines()[-1]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert client.get("/api/v1/deals/").status_code == 200
    assert secret not in str(ApiKey.objects.values())


@pytest.mark.parametrize(
    ("scopes", "told"),
    [("contacts:delete", "Неизвестные права: contacts:delete"), ("", "Укажите права"), (",", "Укажите права")],
)
def test_command_refuses_unknown_scopes(scopes, told):
    with pytest.raises(CommandError, match=told):
        call_command("create_api_key", "Сайт", scopes=scopes)


def test_command_shows_two_narrow_scopes_and_names_the_wide_ones_last():
    with pytest.raises(CommandError) as told:
        call_command("create_api_key", "Сайт")
    said = str(told.value)
    assert said.startswith("Укажите права, например: --scopes contacts:read,deals:read. Есть ещё: contacts:write, ")
    assert said.endswith(", webhooks:*, admin")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "   ", "a\nb", "я" * 201])
def test_key_without_a_fit_name_is_not_issued(name):
    with pytest.raises(CommandError, match="для кого ключ"):
        call_command("create_api_key", name, scopes="contacts:read")
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("address", "ru", "en"),
    [
        ("contacts/", ("Контакты", "Список по страницам."), ("Contacts", "A list by pages.")),
        ("companies/", ("Компании", "Список по страницам."), ("Companies", "A list by pages.")),
        ("deals/1/", ("Сделки", "Одна запись по её id."), ("Deals", "One record by its id.")),
        ("deals/1/visits/", ("Сделки", "История этапов сделки"), ("Deals", "The stage history of the deal")),
        ("segments/1/members/", ("Сегменты", "Состав сегмента сейчас"), ("Segments", "The members of the segment")),
    ],
)
def test_options_describe_the_address_in_the_language_of_the_reader(partner, address, ru, en):
    client = partner("admin")
    for language, (name, words) in (("ru", ru), ("en", en)):
        told = client.options(f"/api/v1/{address}", headers={"Accept-Language": language}).json()
        assert (told["name"], told["description"].startswith(words)) == (name, True)
