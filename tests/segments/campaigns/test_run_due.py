import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from segments.campaigns import launch

pytestmark = pytest.mark.django_db


def run_due():
    out = StringIO()
    call_command("run_due", stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_run_due_starts_and_sends_what_is_due(campaign, person, memory):
    person("a@mail.example")
    person("b@mail.example", allowed=False)
    now = timezone.now()
    campaign.schedule = {"at": (now - timedelta(minutes=1)).isoformat()}
    campaign.save()
    launch.launch(campaign, by=None, now=now)
    summary = run_due()
    assert (summary["started"], summary["accepted"]) == (1, 1)
    assert run_due()["accepted"] == 0
