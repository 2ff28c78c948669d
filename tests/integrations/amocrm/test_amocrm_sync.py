"""manage.py amocrm_sync: everything that was asked for is done, and what may not be done is told."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from integrations.amocrm.client import AmoClient
from integrations.amocrm.limiter import Unlimited
from integrations.amocrm.management.commands import amocrm_sync
from integrations.amocrm.sandbox.transport import transport
from pipelines import changes


@pytest.fixture
def sync(imported, box, monkeypatch):
    def run(*asked: str) -> dict[str, object]:
        out = StringIO()
        call_command("amocrm_sync", *asked, stdout=out)
        return json.loads(out.getvalue().splitlines()[-1])

    def to_the_sandbox(account):
        return AmoClient(account, limiter=Unlimited(), transport=transport(box))

    monkeypatch.setattr(amocrm_sync, "AmoClient", to_the_sandbox)
    monkeypatch.setattr(changes, "safe_horizon", lambda: 2**62)
    return run


@pytest.mark.parametrize(
    ("asked", "done"),
    [
        ("", ["pull", "push"]),
        ("--push", ["push"]),
        ("--push --pull", ["pull", "push"]),
        ("--reconcile --pull", ["pull", "reconcile"]),
        ("--push --full", ["import", "complete", "push"]),
        ("--push --reconcile --full --pull", ["import", "complete", "pull", "reconcile", "push"]),
    ],
)
def test_all_that_was_asked_for_is_done_reading_before_writing(sync, asked, done):
    assert list(sync(*asked.split())) == [*done, "requests", "seconds"]
