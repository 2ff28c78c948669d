import json
from datetime import timedelta
from io import StringIO

import pytest
import redis
from django.core.management import call_command
from django.utils import timezone

from crmseg.management.commands.run_due import Command
from crmseg.starting.logs import Untold
from pipelines import arming
from pipelines.models import Home
from segments.campaigns import launch

pytestmark = pytest.mark.django_db


def run_due():
    out = StringIO()
    call_command("run_due", stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


@pytest.fixture
def dead_redis(monkeypatch):
    def refuse(self):
        raise redis.ConnectionError("Connection refused")

    monkeypatch.setattr(redis.connection.AbstractConnection, "connect", refuse)


def due(campaign) -> None:
    now = timezone.now()
    campaign.schedule = {"at": (now - timedelta(minutes=1)).isoformat()}
    campaign.save()
    launch.launch(campaign, by=None, now=now)


def test_run_due_starts_and_sends_what_is_due(campaign, person, memory):
    person("a@mail.example")
    person("b@mail.example", allowed=False)
    due(campaign)
    summary = run_due()
    assert (summary["started"], summary["accepted"], summary["skipped"]) == (1, 1, 1)
    again = run_due()
    assert (again["accepted"], again["skipped"]) == (0, 0)


def test_run_due_does_all_of_it_without_redis_and_says_so_in_its_help(campaign, person, memory, dead_redis, capsys):
    person("a@mail.example")
    due(campaign)
    summary = run_due()
    assert (summary["started"], summary["accepted"], capsys.readouterr().err) == (1, 1, "")
    assert "если Redis недоступен, письма уходят всё равно" in Command.help


def test_run_due_on_a_copy_says_what_it_holds_back_in_one_line_and_leaves_the_log_its_own(capsys, caplog):
    arming.is_armed(timezone.now())
    Home.objects.update(server="7311/00000001/5/16400")
    assert run_due()["held_back"] is True
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Кампании не начинаются, письма не отправляются: база восстановлена из копии")
    (record,) = caplog.records
    assert record.message.startswith("This database is a copy")
    assert not Untold().filter(record)


def test_run_due_at_home_says_nothing(capsys):
    assert "held_back" not in run_due()
    assert capsys.readouterr().err == ""
