"""manage.py amocrm_sync: everything that was asked for is done, and what may not be done is told."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from integrations.amocrm.client import AmoClient
from integrations.amocrm.limiter import Unlimited
from integrations.amocrm.management.commands import amocrm_sync
from integrations.amocrm.sandbox.transport import transport
from pipelines import arming, changes
from pipelines.models import Home

from .conftest import NOW


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


def test_a_copy_says_that_it_writes_nothing_why_and_what_next(sync, capsys):
    arming.is_armed(NOW)
    Home.objects.update(server="7311/00000001/5/16400")
    assert sync("--push")["push"] == {"planned": 0, "held_back": True}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("В amoCRM ничего не пишется: база восстановлена из копии")
    assert line.endswith("/settings/amocrm/")


def test_what_only_reads_is_not_held_back(sync, capsys):
    arming.is_armed(NOW)
    Home.objects.update(server="7311/00000001/5/16400")
    assert list(sync("--pull")) == ["pull", "requests", "seconds"]
    assert "копии" not in capsys.readouterr().err
