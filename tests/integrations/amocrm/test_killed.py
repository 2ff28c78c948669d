"""A real import over HTTP, its process killed in the middle with SIGKILL, started again: complete, nothing twice."""

import json
import os
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from integrations.amocrm.models import ImportStep
from pipelines.models import Contact, Deal
from tests import database
from tests.benchmarks.import_ import stand_in
from tests.patience import PATIENCE, until

PAGE_25 = """
import os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "crmseg.settings"
import django
django.setup()
from django.core.management import call_command
from integrations.amocrm import intake, limiter
intake.PAGE = 25
limiter.SharedLimiter.take = lambda self: time.sleep(0.01)
call_command(*sys.argv[1:])
"""


def command(*arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"DATABASE_URL": database.url(), "DEBUG": "1"}
    line = [sys.executable, "-c", PAGE_25, *arguments]
    return subprocess.Popen(line, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> dict[str, object]:
    out, _ = process.communicate(timeout=2 * PATIENCE)
    assert process.returncode == 0
    return json.loads(out.strip().splitlines()[-1])


def wait_for(entity: str) -> None:
    until(ImportStep.objects.filter(entity=entity, done__gt=0).exists, pause=0.01)


@pytest.mark.django_db(transaction=True)
def test_import_killed_by_the_system_is_completed_by_the_next_run():
    server = stand_in(300, 300)
    try:
        url, token = (server.stdout.readline() if server.stdout else "").split()
        call_command("amocrm_connect", base_url=url, token=token, stdout=StringIO())
        for entity in ("deals", "history"):
            victim = command("amocrm_sync")
            wait_for(entity)
            victim.kill()
            victim.wait()
        summary = finish(command("amocrm_sync"))
    finally:
        server.terminate()
        server.wait()
    assert summary.get("complete") or "pull" in summary
    assert (Contact.objects.count(), Deal.objects.count()) == (300, 300)
    assert Deal.objects.filter(visits__left_at=None).count() == 300
