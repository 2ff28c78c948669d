import json
import logging
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.urls import path, re_path
from django.views.decorators.http import require_GET

from crmseg.accounts.models import ApiKey, Role, User
from crmseg.starting.logs import Requests
from crmseg.urls import handler400, handler403, handler404, handler500  # noqa: F401
from crmseg.urls import urlpatterns as real
from crmseg.web import errors
from tests.factories import UserFactory


def deny(request, rest=""):
    raise PermissionDenied


def fail(request, rest=""):
    raise RuntimeError("boom")


urlpatterns = [*real, path("deny/", deny), path("fail/", fail), re_path("^deny/[^?]+/$", deny)]
urlpatterns += [re_path("^fail/[^?]+/$", fail), path("no-page/read/", require_GET(deny))]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def visitor():
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory(role=Role.MANAGER))
    return client


def test_forbidden_page_names_the_administrators(visitor):
    UserFactory(name="Ольга Жукова", role=Role.ADMIN)
    UserFactory(name="Ушла Давно", role=Role.ADMIN, is_active=False)
    UserFactory(name="Из amoCRM", role=Role.ADMIN, password=None)
    response = visitor.get("/deny/")
    assert response.status_code == 403
    assert "Попросите администратора: Ольга Жукова" in response.content.decode()
    assert "Ушла Давно" not in response.content.decode()
    assert errors.admin_names() == "Ольга Жукова"


def test_fragment_is_refused_by_a_toast(visitor):
    response = visitor.get("/deny/", headers={"HX-Request": "true"})
    assert response.status_code == 403
    assert json.loads(response["HX-Trigger"])["toast"]["kind"] == "bad"


def test_missing_page_keeps_the_way_home(visitor):
    response = visitor.get("/no-such-page/")
    assert response.status_code == 404
    assert "Такой страницы нет" in response.content.decode()


def test_failure_shows_a_number_that_is_in_the_log(visitor, caplog):
    with caplog.at_level(logging.ERROR, logger="crmseg.web.errors"):
        response = visitor.get("/fail/")
    assert response.status_code == 500
    number = re.search(r"Номер: ([0-9A-F]{4})", response.content.decode()).group(1)
    assert f"Failure {number} at GET /fail/" in caplog.text
    assert "RuntimeError: boom" in caplog.text


def test_refusal_is_one_line_of_the_log_that_tells_who_and_what(visitor, caplog):
    person = User.objects.get()
    visitor.get("/deny/?phone=79035551842")
    assert [record.getMessage() for record in caplog.records] == [f"403 GET /deny/: user {person.pk} (manager)"]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("door", ["deny", "fail"])
def test_a_line_end_in_the_address_makes_no_second_line(visitor, caplog, door):
    visitor.get(f"/{door}/%0A2026-11-21 ERROR root: forged/")
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert f"/{door}/\\n2026-11-21 ERROR" in told[0]


def test_a_second_setup_changes_no_line(visitor, caplog):
    again = Requests()
    logging.getLogger("django.request").addFilter(again)
    visitor.get("/deny/")
    logging.getLogger("django.request").removeFilter(again)
    assert caplog.records[0].getMessage().startswith("403 GET /deny/: user ")


def test_refusal_of_a_program_names_its_key(caplog):
    key, secret = ApiKey.issue("Партнёр", ["deals:read"])
    Client().get("/api/v1/contacts/", headers={"authorization": f"Bearer {secret}"})
    Client().get("/api/v1/contacts/")
    told = [f"403 GET /api/v1/contacts/: key {key.pk}", "401 GET /api/v1/contacts/: a stranger"]
    assert [record.getMessage() for record in caplog.records] == told


def test_request_for_another_site_is_one_line_with_its_name(caplog):
    assert Client().get("/livez", headers={"host": "evil.example"}).status_code == 400
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("Invalid HTTP_HOST header: 'evil.example'")
    assert "Traceback" not in caplog.text


def test_missing_page_is_not_in_the_log(visitor, caplog):
    for address in ("/no-such-page/", "/api/v1/nothing/", "/contacts/9999999/"):
        assert visitor.get(address).status_code == 404
    assert caplog.text == ""


def test_failure_is_in_the_log_once(visitor, caplog):
    visitor.get("/fail/")
    assert caplog.text.count("Traceback") == caplog.text.count("/fail/") == 1


def test_failure_page_needs_no_database(django_db_blocker):
    request = RequestFactory().get("/")
    with django_db_blocker.block():
        assert errors.failure(request).status_code == 500


def test_stale_form_is_explained_and_leads_back():
    client = Client(enforce_csrf_checks=True)
    for place, link in (("http://testserver/login/?next=/deals/", 'href="/login/?next=/deals/">Вернуться'), ("", "")):
        response = client.post("/login/", {"username": "a", "password": "b"}, headers={"Referer": place})
        assert response.status_code == 403
        assert "Страница устарела" in response.content.decode()
        assert link in response.content.decode()
        assert bool(link) == ("Вернуться" in response.content.decode())


def test_request_that_cannot_be_read_leads_back(visitor, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 1
    response = visitor.post("/profile/", {"a": "1", "b": "2"}, headers={"Referer": "http://testserver/profile/"})
    assert response.status_code == 400
    assert 'href="/profile/">Вернуться' in response.content.decode()


FRAGMENT = {"HX-Request": "true", "HX-Current-URL": "http://testserver/deny/?x=1"}


@pytest.mark.parametrize("client", [Client(), Client(enforce_csrf_checks=True)])  # its token may be gone as well
def test_ended_session_tells_a_fragment_and_leads_its_page_nowhere(client):
    answer = client.post("/profile/", headers=FRAGMENT)
    assert answer.status_code == 401
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#toasts", "beforeend")
    assert '<a href="/login/" target="_blank">' in answer.content.decode()
    assert not {"HX-Redirect", "Location"} & set(answer.headers)


@pytest.mark.parametrize(
    ("referer", "following"),
    [
        ("http://testserver/campaigns/4/?letter=7", "/campaigns/4/%3Fletter%3D7"),
        ("http://testserver/campaigns/4/pause/", "/campaigns/4/pause/"),  # a page whose form goes to its own address
        ("https://evil.example/campaigns/4/", "/"),
        ("", "/"),
    ],
)
def test_login_leads_back_to_the_page_of_a_button_and_not_to_its_address(client, referer, following):
    answer = client.post("/campaigns/4/pause/", headers={"Referer": referer})
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={following}")
    assert client.get("/campaigns/4/")["Location"] == "/login/?next=/campaigns/4/"


WRONG_HOST = [("ru", "Этого имени сайта нет в ALLOWED_HOSTS."), ("en", "This host name is not among ALLOWED_HOSTS.")]


@pytest.mark.parametrize(("language", "told"), WRONG_HOST)
def test_unknown_host_is_told_with_the_setting_that_lets_it_in(client, language, told):
    asked = {"Host": "other.example", "Accept-Language": language}
    answer = client.get("/api/v1/contacts/", headers=asked)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["detail"].startswith(told)
    assert answer.json()["errors"][0]["code"] == "host_not_allowed"
    page = client.get("/login/", headers=asked)
    assert page.status_code == 400
    assert told in page.content.decode()
    assert 'class="btn' not in page.content.decode()  # home is refused as well


def test_address_that_only_takes_forms_says_so_and_leads_back(visitor):
    answer = visitor.get("/campaigns/4/pause/", headers={"Referer": "http://testserver/campaigns/4/"})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Так этот адрес не открыть" in answer.content.decode()
    assert 'href="/campaigns/4/">Вернуться' in answer.content.decode()
    assert "Вернуться" not in visitor.get("/campaigns/4/pause/").content.decode()


def test_form_sent_to_an_address_without_its_last_slash_ends_in_words(visitor):
    answer = visitor.post("/campaigns/4/pause", follow=True)
    assert answer.status_code == 405
    assert "Так этот адрес не открыть" in answer.content.decode()


def test_page_that_is_only_read_says_that_it_takes_nothing_and_leads_back(visitor):
    answer = visitor.post("/no-page/read/", {"a": "1"}, headers={"Referer": "http://testserver/contacts/"})
    assert (answer.status_code, answer["Allow"]) == (405, "GET")
    told = answer.content.decode()
    assert "Сюда это не отправить" in told
    assert "Он только принимает" not in told
    assert 'href="/contacts/">Вернуться' in told
    toast = json.loads(visitor.post("/no-page/read/", headers=FRAGMENT)["HX-Trigger"])["toast"]["text"]
    assert toast == "Этот адрес не принимает того, что отправлено: ничего не изменилось"


def test_fragment_is_told_by_a_toast_that_an_address_takes_forms(visitor):
    answer = visitor.get("/campaigns/4/pause/", headers=FRAGMENT)
    assert answer.status_code == 405
    assert json.loads(answer["HX-Trigger"])["toast"]["kind"] == "bad"


def test_method_the_api_does_not_know_stays_a_document(client):
    _key, secret = ApiKey.issue("Партнёр", ["contacts:read"])
    answer = client.delete("/api/v1/contacts/", headers={"authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
