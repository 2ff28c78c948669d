import json
from datetime import timedelta
from io import StringIO

import pytest
import redis
from django.core.management import call_command
from django.utils import timezone

from crmseg.management.commands.run_due import Command
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
    assert (summary["started"], summary["accepted"]) == (1, 1)
    assert run_due()["accepted"] == 0


def test_run_due_does_all_of_it_without_redis_and_says_so_in_its_help(campaign, person, memory, dead_redis, capsys):
    person("a@mail.example")
    due(campaign)
    summary = run_due()
    assert (summary["started"], summary["accepted"], capsys.readouterr().err) == (1, 1, "")
    assert "если Redis не отвечает, письма уходят всё равно" in Command.help
