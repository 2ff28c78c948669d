"""manage.py amocrm_sync: everything that was asked for is done, and what may not be done is told."""

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from integrations.amocrm.client import AmoClient
from integrations.amocrm.limiter import Unlimited
from integrations.amocrm.management.commands import amocrm_sync
from integrations.amocrm.sandbox.faults import Fault
from integrations.amocrm.sandbox.transport import transport
from pipelines import arming, changes
from pipelines.models import Home
from segments.tasks import refresh_all

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


@pytest.mark.parametrize(("asked", "times"), [("--full", 1), ("--pull", 0)])
def test_import_by_hand_has_everything_counted(sync, asked, times, monkeypatch, django_capture_on_commit_callbacks):
    woken = []
    monkeypatch.setattr(refresh_all, "delay", lambda: woken.append(1))
    with django_capture_on_commit_callbacks(execute=True):
        sync(asked)
    assert len(woken) == times


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


CLOSED = "amoCRM временно закрыл доступ по API"


@pytest.mark.parametrize("asked", ["--pull", "--reconcile", ""])
def test_shut_door_is_told_with_the_time_of_the_next_try(sync, box, asked):
    box.faults.waiting.append(Fault("403_html"))
    for _again in range(2):  # the second one does not even knock
        with pytest.raises(CommandError) as told:
            sync(*asked.split())
        assert re.fullmatch(rf"{CLOSED}\. Следующая попытка в \d\d:\d\d, через 15\u00a0мин", str(told.value))


def test_failure_that_names_no_time_is_told_with_the_next_pass(sync, box):
    box.faults.waiting.append(Fault("502_html"))
    with pytest.raises(CommandError) as told:
        sync("--pull")
    assert re.fullmatch(r"Сервер временно не справляется \(код 502\)\. Следующая попытка через \d\d с", str(told.value))
