"""amoCRM is the stand-in's core in this process: no socket, no network, a small seeded account."""

import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client

from crmseg.accounts.models import Role, User
from integrations.amocrm import connect
from integrations.amocrm.client import AmoClient
from integrations.amocrm.importing import run_import
from integrations.amocrm.limiter import Unlimited
from integrations.amocrm.models import Account
from integrations.amocrm.sandbox.core import Sandbox
from integrations.amocrm.sandbox.seed import plant
from integrations.amocrm.sandbox.transport import transport
from tests import database
from tests.factories import UserFactory

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


def new_sandbox(**asked: Any) -> Sandbox:
    """The same seed gives the same account, and copying that is thrice as quick as planting it for every test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("integrations.amocrm.sandbox.seed.plant", lambda **size: pickle.loads(_planted(**size)))
        return Sandbox(limits=False, **asked)


@cache
def _planted(**size: int) -> bytes:
    return pickle.dumps(plant(**size))


@pytest.fixture
def box() -> Iterator[Sandbox]:
    sandbox = new_sandbox(contacts=60, deals=80, seed=3, now=int(NOW.timestamp()), base_url="http://amo.test")
    yield sandbox
    sandbox.close()


@pytest.fixture
def account(db: None, box: Sandbox) -> Account:
    checked = connect.check(box.base_url, box.token, NOW, limiter=Unlimited(), transport=transport(box))
    return connect.connect(checked, NOW)


@pytest.fixture
def client(account: Account, box: Sandbox) -> Iterator[AmoClient]:
    with AmoClient(account, limiter=Unlimited(), transport=transport(box)) as amo:
        yield amo


@pytest.fixture
def client_of_role(db: None) -> Callable[[Role], Client]:
    def enter(role: Role) -> Client:
        browser = Client()
        browser.force_login(UserFactory(role=role))
        return browser

    return enter


@pytest.fixture(scope="session")
def kept() -> dict[str, bytes]:
    """The tables as an import left them."""
    return {}


@pytest.fixture
def imported(client: AmoClient, kept: dict[str, bytes]) -> AmoClient:
    """An account whose import is complete. It is imported once; from then on its rows are put back."""
    is_first_here = not User.objects.exists()
    if kept and is_first_here:
        put_back(kept)
        client.account.refresh_from_db()
        return client
    assert run_import(client, clock=lambda: NOW)
    if is_first_here:
        kept |= database.rows()
    return client


def put_back(kept: dict[str, bytes]) -> None:
    with connection.cursor() as cursor:
        for table in kept:
            cursor.execute(f'DELETE FROM "{table}"')
    database.put(kept)


def edit(box: Sandbox, path: str, *, method: str = "PATCH", **fields: Any) -> int:
    """Somebody changes or adds one record at amoCRM, and webhooks go out as they do there; → its id."""
    admin = next(user.id for user in box.store.users.values() if user.is_admin)
    answer = box.call(method, f"/api/v4/{path}", orjson.dumps([fields]), admin)
    assert answer.status == 200, answer.body
    box.hooks.flush()
    return orjson.loads(answer.body)["_embedded"][path.rsplit("/", maxsplit=1)[-1]][0]["id"]
