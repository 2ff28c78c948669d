"""integrations.amocrm.views: the page in each state, who may what, and what amoCRM says against a connection."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from crmseg.accounts import policy
from crmseg.accounts.models import Role
from crmseg.web.reasons import Reason
from integrations.amocrm import connect, progress, views
from integrations.amocrm.bars import NAMES
from integrations.amocrm.connect import ConnectionRefused
from integrations.amocrm.importing import prepare
from integrations.amocrm.models import Account, ImportStep, Push, SegmentTag
from integrations.amocrm.receipts import SOURCE
from integrations.models import Receipt
from pipelines import arming
from pipelines.models import Home
from segments.models import Segment
from tests.factories import SegmentFactory, UserFactory

from .conftest import NOW

PAGE = "/settings/amocrm/"


@pytest.fixture
def admin(client_of_role):
    return client_of_role(Role.ADMIN)


@pytest.fixture
def client_of_browser():
    from django.test import Client

    return Client()


@pytest.fixture
def known(db) -> Account:
    return Account.objects.create(
        base_url="https://demo.amocrm.ru", token="secret-token", amo_id=1, name="Дом у озера", connected_at=NOW
    )


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.ADMIN, 200), (Role.AUDITOR, 200), (Role.MANAGER, 403), (Role.MARKETER, 403)],
)
@pytest.mark.django_db
def test_page_is_for_those_who_run_the_company(client_of_browser, role, status):
    client_of_browser.force_login(UserFactory(role=role))
    assert client_of_browser.get(PAGE).status_code == status


def test_auditor_may_look_and_not_connect(client_of_browser, known):
    client_of_browser.force_login(UserFactory(role=Role.AUDITOR))
    assert "Долгосрочный токен" not in client_of_browser.get(PAGE).content.decode()
    assert client_of_browser.post(reverse("amocrm:connect")).status_code == 403


def test_page_never_shows_the_token(admin, known):
    assert "secret-token" not in admin.get(PAGE).content.decode()


def test_token_is_kept_encrypted(known):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM amocrm_account")
        assert "secret-token" not in cursor.fetchone()[0]
    assert Account.objects.get().token == "secret-token"


def test_refusal_stands_by_its_field(admin, monkeypatch):
    def refuse(*args: object) -> None:
        raise ConnectionRefused("amoCRM не принял токен", "token")

    monkeypatch.setattr(connect, "check", refuse)
    answer = admin.post(reverse("amocrm:connect"), {"base_url": "https://a.amocrm.ru", "token": "x"})
    assert answer.status_code == 422
    assert 'id="id_token_error"' in answer.content.decode()


def test_good_connection_starts_the_import(admin, monkeypatch, django_capture_on_commit_callbacks):
    about = {"id": 7, "name": "Озеро", "subdomain": "ozero"}
    monkeypatch.setattr(connect, "check", lambda *_: connect.Checked("https://a.amocrm.ru", "t", about))
    monkeypatch.setattr(connect, "subscribe", lambda client: "")
    started = []
    monkeypatch.setattr(views.tasks.continue_import, "delay", lambda: started.append(1))
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(reverse("amocrm:connect"), {"base_url": "https://a.amocrm.ru", "token": "x"})
    assert answer.status_code == 302
    assert Account.objects.get().is_importing


def test_progress_asks_again_until_it_is_done(admin, known):
    prepare()
    htmx = {"HTTP_HX_REQUEST": "true"}
    body = admin.get(reverse("amocrm:progress"), **htmx).content.decode()
    assert 'hx-trigger="every 1s"' in body
    assert "<html" not in body
    ImportStep.objects.update(state="done")
    known.finish_import()
    assert "hx-trigger" not in admin.get(reverse("amocrm:progress"), **htmx).content.decode()


def strip_in(body: str) -> str:
    """What the strip says, from a page or from what replaces it there."""
    return re.search(r'<div [^>]*id="import-banner".*?(?=</span>|$)', body).group()


def test_page_of_the_import_and_its_strip_are_redrawn_by_one_look(admin, known):
    prepare()
    body = admin.get(PAGE).content.decode()
    assert re.findall(r'hx-get="([^"]+)"[^>]*hx-trigger="every', body) == [f"{reverse('amocrm:progress')}?import"]
    ImportStep.objects.filter(position__lt=5).update(state="done")
    ImportStep.objects.filter(position=5).update(state="running", done=77)
    answer = admin.get(f"{reverse('amocrm:progress')}?import", HTTP_HX_REQUEST="true").content.decode()
    label = str(NAMES[ImportStep.objects.get(position=5).entity]).lower()
    assert 'hx-swap-oob="true"' in strip_in(answer)
    assert f"{label}, 77" in strip_in(answer)
    assert f"{label}, 77" in strip_in(admin.get(PAGE).content.decode())


@pytest.mark.parametrize(
    ("total", "told"), [(None, "догружается история этапов"), (900, "заново: история этапов, 812.")]
)
def test_strip_stays_with_the_last_step_until_the_import_is_put_down_as_finished(admin, known, total, told):
    prepare()
    ImportStep.objects.update(state="done", done=812, total=total)
    assert told in strip_in(admin.get(PAGE).content.decode())
    assert told in strip_in(admin.get(reverse("amocrm:banner")).content.decode())


def test_page_of_the_import_says_how_it_ended_to_those_who_followed_it(admin, known):
    prepare()
    ImportStep.objects.update(state="done")
    known.finish_import()
    htmx = {"HTTP_HX_REQUEST": "true"}
    answer = admin.get(f"{reverse('amocrm:progress')}?import", **htmx)
    assert "hidden" in strip_in(answer.content.decode())
    assert json.loads(answer["HX-Trigger"])["toast"]["text"] == "Импорт из amoCRM завершён"
    assert "HX-Trigger" not in admin.get(reverse("amocrm:progress"), **htmx)


def test_every_page_tells_of_a_running_import(client_of_browser, known):
    prepare()
    client_of_browser.force_login(UserFactory(role=Role.MANAGER))
    assert "Импорт из amoCRM" in client_of_browser.get("/profile/").content.decode()
    known.finish_import()
    assert "Импорт из amoCRM" not in client_of_browser.get("/profile/").content.decode()
    assert client_of_browser.get(reverse("amocrm:banner"), HTTP_HX_REQUEST="true").content.strip() == b""


def test_parked_push_is_listed_and_tried_again(admin, known):
    push = Push.objects.create(
        kind="tag", entity="contact", local_id=1, cause="x", state="parked", reason="Нет прав", finished_at=NOW
    )
    assert "Нет прав" in admin.get(PAGE).content.decode()
    admin.post(reverse("amocrm:retry", args=[push.pk]))
    push.refresh_from_db()
    assert push.state == "planned"


def test_segment_tag_is_switched_on_and_off(admin, known, monkeypatch):
    monkeypatch.setitem(policy._acts, "segments.edit", frozenset({Role.ADMIN}))
    monkeypatch.setitem(policy._rules, Segment, policy.everyone_sees())
    segment = SegmentFactory(name="Молчат")
    url, part = reverse("amocrm:tag", args=[segment.pk]), {"HX-Request": "true"}
    page = admin.post(url, {"name": "Молчат"}, headers=part).content.decode()
    assert "Участники помечены тегом «Молчат»" in page
    other = reverse("amocrm:tag", args=[SegmentFactory().pk])
    assert admin.post(other, {"name": "Молчат"}, headers=part).status_code == 422
    admin.post(url, {"off": "1"}, headers=part)
    assert not SegmentTag.objects.exists()


@pytest.mark.parametrize(
    ("sent", "told"),
    [({"name": "Молчат"}, "Тег включён"), ({"name": ""}, "Обязательное поле"), ({"off": "1"}, "Тег выключен")],
)
def test_plain_form_of_the_tag_leads_back_to_the_segment(admin, known, sent, told):
    segment = SegmentFactory()
    response = admin.post(reverse("amocrm:tag", args=[segment.pk]), sent, follow=True)
    assert response.redirect_chain == [(reverse("segments:detail", args=[segment.pk]), 302)]
    assert told in response.content.decode()


def test_restored_database_is_told_on_every_page_and_armed_by_an_admin(client_of_browser, known):
    arming.is_armed(NOW)
    Home.objects.update(server="7311/00000001/5/16400")
    assert not arming.is_armed(NOW)
    manager = UserFactory(role=Role.MANAGER)
    client_of_browser.force_login(manager)
    assert "База восстановлена из копии" in client_of_browser.get("/profile/").content.decode()
    assert client_of_browser.post(reverse("amocrm:arm")).status_code == 403
    client_of_browser.force_login(UserFactory(role=Role.ADMIN))
    assert "Проверено, включить отправку" in client_of_browser.get(PAGE).content.decode()
    client_of_browser.post(reverse("amocrm:arm"))
    assert "База восстановлена из копии" not in client_of_browser.get(PAGE).content.decode()


def finished(known: Account, **errors: str) -> None:
    prepare()
    ImportStep.objects.update(state=ImportStep.State.DONE, done=1234, finished_at=NOW)
    for entity, error in errors.items():
        ImportStep.objects.filter(entity=entity).update(error=Reason("refused", status=403, detail=error))
    known.put(state=Account.State.CONNECTED, imported_at=NOW)


def test_finished_import_says_what_came_and_what_was_refused(admin, known):
    finished(known, tasks="нет права на задачи")
    page = admin.get(PAGE).content.decode()
    assert page.count("1\u202f234") + page.count("1\u00a0234") + page.count("1 234") == ImportStep.objects.count()
    assert "нет права на задачи" in page
    assert "ещё не читали" not in page


def test_admin_reads_everything_again(admin, known, django_capture_on_commit_callbacks, monkeypatch):
    finished(known, tasks="нет права на задачи")
    asked = []
    monkeypatch.setattr("integrations.amocrm.tasks.continue_import.delay", lambda: asked.append(1))
    with django_capture_on_commit_callbacks(execute=True):
        assert admin.post(reverse("amocrm:again")).status_code == 302
    known.refresh_from_db()
    assert (known.is_importing, known.imported_at, asked) == (True, NOW, [1])
    assert set(ImportStep.objects.values_list("state", "total", "error")) == {("waiting", 1234, "")}
    assert "Всё читается заново" in admin.get(PAGE).content.decode()
    strip = admin.get(reverse("amocrm:banner")).content.decode()
    assert "amoCRM читается заново" in strip
    assert re.search(r'<span class="only-sm">Перечитываем: \w+, 0</span>', strip)
    ImportStep.objects.filter(entity="users").update(done=7)
    assert admin.post(reverse("amocrm:again")).status_code == 302
    assert ImportStep.objects.get(entity="users").done == 7  # it runs already and goes on as it is


@pytest.mark.parametrize(
    ("state", "total", "error", "text", "kind"),
    [
        ("connected", None, "", "Импорт из amoCRM завершён", "ok"),
        ("connected", 12, "", "amoCRM прочитан заново", "ok"),
        ("connected", 12, "Нет прав", "Импорт завершён, но amoCRM отдал не всё", "bad"),
        ("needs_repair", None, "", "Импорт остановлен: amoCRM больше не принимает токен", "bad"),
    ],
)
def test_strip_says_how_the_import_ended_and_asks_no_more(client_of_browser, known, state, total, error, text, kind):
    client_of_browser.force_login(UserFactory(role=Role.MANAGER))
    prepare()
    url = reverse("amocrm:banner")
    running = client_of_browser.get(url, HTTP_HX_REQUEST="true")
    assert "hx-trigger" in running.content.decode()
    assert "HX-Trigger" not in running
    ImportStep.objects.update(state="done", total=total, error=error)
    known.put(state=state)
    ended = client_of_browser.get(url, HTTP_HX_REQUEST="true")
    assert ended.content.strip() == b""
    told = json.loads(ended["HX-Trigger"])["toast"]
    assert (told["text"].startswith(text), told["kind"]) == (True, kind)


def test_notifications_of_which_the_same_is_said_share_a_line(admin, known):
    seen = {"source": SOURCE, "body": b"", "read_at": NOW}
    for error in ("", Reason("hook_unreadable"), "", "", ""):
        Receipt.objects.create(**seen, error=error)
    Receipt.objects.create(source=SOURCE, body=b"")
    page = admin.get(PAGE).content.decode()
    lines = ["Уведомление ждёт", "Прочитано 3 уведомления", "Уведомление не разобрано: не", "Уведомление прочитано"]
    places = [page.index(line) for line in lines]
    assert places == sorted(places)


def test_what_was_exchanged_stands_newest_first_whoever_said_it(admin, known):
    def at(minute: int) -> datetime:
        return NOW + timedelta(minutes=minute)

    for number, minute in enumerate((3, 1)):
        Push.objects.create(
            kind="note", entity="contact", local_id=number + 1, cause=f"{number}", state="done", finished_at=at(minute)
        )
    for minute, error in ((0, ""), (2, Reason("hook_unreadable")), (9, "")):
        one = Receipt.objects.create(source=SOURCE, body=b"", read_at=NOW, error=error)
        Receipt.objects.filter(pk=one.pk).update(received_at=at(minute))
    page = admin.get(PAGE).content.decode()
    told = re.findall(r"Уведомление прочитано|№ \d|Уведомление не разобрано", page[page.index("Последнее") :])
    assert told == ["Уведомление прочитано", "№ 1", "Уведомление не разобрано", "№ 2", "Уведомление прочитано"]


def test_no_count_is_told_of_more_notifications_than_were_looked_at(admin, known, monkeypatch):
    monkeypatch.setattr(progress, "HEARD", 3)
    for number in range(4):
        Receipt.objects.create(source=SOURCE, body=b"", read_at=NOW)
        told = "Прочитано 3+ уведомления" in admin.get(PAGE).content.decode()
        assert told is (number == 3)
