"""A token that no key of FIELD_KEYS opens: everybody says so, nothing is lost, another token or the key mends it."""

import json
import logging
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from crmseg.accounts.models import Role
from integrations.amocrm import connect, session, tasks, views
from integrations.amocrm.client import AmoClient
from integrations.amocrm.limiter import Unlimited
from integrations.amocrm.management.commands import amocrm_connect
from integrations.amocrm.models import Account, ImportStep, Push
from integrations.amocrm.sandbox.transport import transport
from pipelines import changes
from tests.factories import DealFactory, StageFactory, UserFactory

from .conftest import NOW

PAGE = "/settings/amocrm/"
TOLD = "Токен записан другими ключами (FIELD_KEYS): верните прежний ключ в FIELD_KEYS вторым или подключите заново"


def kept() -> str:
    """The column as it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM amocrm_account")
        return cursor.fetchone()[0]


@pytest.fixture
def locked(account, settings):
    account.put(imported_at=NOW, cursors={"contacts": 5}, state=Account.State.CONNECTED)
    ImportStep.objects.create(entity="users", position=0, state="done")
    settings.FIELD_KEYS = ["another key"]
    return Account.objects.get()


@pytest.fixture
def admin(client_of_role):
    return client_of_role(Role.ADMIN)


def test_page_says_what_to_do_and_lets_connect(locked, admin):
    body = admin.get(PAGE).content.decode()
    assert TOLD in body
    assert f'action="{reverse("amocrm:connect")}"' in body
    assert "Нужно переподключить" in body
    assert reverse("amocrm:again") not in body
    assert admin.get(reverse("amocrm:progress"), HTTP_HX_REQUEST="true").status_code == 200


@pytest.mark.parametrize("name", ["amocrm:try_now", "amocrm:again", "amocrm:consent"])
def test_other_buttons_of_the_page_lose_nothing(locked, admin, name):
    before = kept()
    assert admin.post(reverse(name)).status_code == 302
    assert (kept(), Account.objects.get().state) == (before, "connected")


def test_saving_what_was_not_read_keeps_it(locked):
    before = kept()
    locked.save()
    assert kept() == before


def test_key_that_comes_back_opens_it_again(account, settings, box):
    keys = settings.FIELD_KEYS
    settings.FIELD_KEYS = ["another key"]
    assert Account.objects.get().is_locked
    settings.FIELD_KEYS = ["another key", *keys]
    assert (Account.objects.get().is_locked, Account.objects.get().token) == (False, box.token)


@pytest.mark.parametrize("task", ["continue_import", "pull_changes", "read_receipts", "push_changes"])
@pytest.mark.parametrize("state", [Account.State.IMPORTING, Account.State.CONNECTED])
def test_worker_says_it_once_and_leaves_everything(locked, caplog, task, state):
    locked.put(state=state)
    session.say_once.cache_clear()
    for _tick in range(2):
        with caplog.at_level(logging.WARNING):
            getattr(tasks, task)()
    assert [record.getMessage() for record in caplog.records] == [TOLD]
    assert (Account.objects.get().state, Account.objects.get().pull_error) == (state, "")


@pytest.mark.parametrize("state", [Account.State.CONNECTED, Account.State.NEEDS_REPAIR])
def test_what_happens_here_meanwhile_is_counted_as_waiting(locked, monkeypatch, state):
    monkeypatch.setattr(changes, "safe_horizon", lambda: 2**62)
    locked.put(state=state)
    deal, stage = DealFactory(amo_id=7), StageFactory()
    deal.move_to(stage, by=UserFactory(), now=NOW)
    tasks.push_changes()
    deal.refresh_from_db()
    assert (Push.objects.open().get().local_id, deal.sync_state) == (deal.pk, "waiting")


@pytest.mark.parametrize(("role", "is_linked"), [(Role.ADMIN, True), (Role.MANAGER, False)])
def test_every_other_page_says_that_the_exchange_stands(locked, client_of_role, role, is_linked):
    body = client_of_role(role).get(reverse("contacts:list")).content.decode()
    assert "Обмен с amoCRM стоит" in body
    assert (f'<a href="{PAGE}">Подробнее' in body) == is_linked
    assert "Обмен с amoCRM стоит" not in client_of_role(Role.ADMIN).get(PAGE).content.decode()


@pytest.mark.parametrize("asked", ["", "--full", "--pull", "--push", "--reconcile"])
def test_command_says_it_in_one_line(locked, asked):
    with pytest.raises(CommandError) as caught:
        call_command("amocrm_sync", *asked.split())
    assert str(caught.value) == TOLD
    assert Account.objects.get().state == "connected"


def test_no_client_asks_with_what_is_no_token(locked):
    with pytest.raises(connect.HttpError, match="FIELD_KEYS"):
        AmoClient(locked)


def test_command_connects_anew_and_keeps_the_place(locked, box, monkeypatch):
    checked = connect.check(box.base_url, box.token, NOW, limiter=Unlimited(), transport=transport(box))
    monkeypatch.setattr(amocrm_connect.connect, "check", lambda *_: checked)
    out = StringIO()
    call_command("amocrm_connect", "--base-url", box.base_url, "--token", box.token, stdout=out)
    assert json.loads(out.getvalue())["state"] == "connected"
    account = Account.objects.get()
    assert (account.is_locked, account.token, account.cursors) == (False, box.token, {"contacts": 5})


def test_form_connects_anew_and_keeps_the_place(locked, admin, box, monkeypatch):
    checked = connect.check(box.base_url, box.token, NOW, limiter=Unlimited(), transport=transport(box))
    monkeypatch.setattr(connect, "check", lambda *_: checked)
    monkeypatch.setattr(connect, "subscribe", lambda client: "")
    monkeypatch.setattr(views.tasks.continue_import, "delay", lambda: None)
    answer = admin.post(reverse("amocrm:connect"), {"base_url": box.base_url, "token": box.token})
    assert answer.status_code == 302
    account = Account.objects.get()
    assert (account.is_locked, account.token, account.cursors) == (False, box.token, {"contacts": 5})
