"""amoCRM is the stand-in's core in this process: no socket, no network, a small seeded account."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from integrations.amocrm import connect
from integrations.amocrm.client import AmoClient
from integrations.amocrm.limiter import Unlimited
from integrations.amocrm.models import Account
from integrations.amocrm.sandbox.core import Sandbox
from integrations.amocrm.sandbox.transport import transport

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    sandbox = Sandbox(contacts=60, deals=80, seed=3, limits=False, now=int(NOW.timestamp()), base_url="http://amo.test")
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
