"""F15 with real processes: a worker dies by SIGKILL in the middle of a send over real SMTP."""

import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from integrations.channels.catcher import Catcher, Fault
from segments.campaigns import delivery
from segments.campaigns.models import Message
from segments.campaigns.models.message import LEASE
from tests import database
from tests.patience import PATIENCE

from .conftest import started

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = """
import django; django.setup()
from django.utils import timezone
from segments.campaigns import delivery
delivery.send_planned(200, worker="doomed", now_fn=timezone.now)
"""


@pytest.fixture
def catcher(tmp_path, settings):
    with Catcher(tmp_path / "letters") as catcher:
        url = {"host": "127.0.0.1", "port": catcher.ports.smtp, "user": "", "password": "", "ssl": False}
        settings.EMAIL_URL = url | {"starttls": False}
        yield catcher


def worker(catcher):
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "crmseg.settings",
        "DATABASE_URL": database.url(),
        "EMAIL_URL": f"smtp://127.0.0.1:{catcher.ports.smtp}",
        "FIELD_KEYS": ",".join(django_settings.FIELD_KEYS),
    }
    return subprocess.Popen([sys.executable, "-c", WORKER], env=env)


def test_killed_worker_leaves_one_unknown_and_nobody_gets_two(campaign, person, catcher):
    for number in range(6):
        person(f"{number}@mail.example")
    now = timezone.now()
    started(campaign, now)
    catcher.faults.extend([Fault.NONE, Fault.NONE, Fault.SLOW])
    doomed = worker(catcher)
    assert catcher.held.wait(PATIENCE)
    doomed.send_signal(signal.SIGKILL)
    doomed.wait()
    catcher.release()

    later = timezone.now() + LEASE * 2
    delivery.sweep(later)
    sent = delivery.send_planned(200, worker="w2", now_fn=lambda: later)
    letters = Counter(letter["to"] for letter in catcher.letters())
    assert (sent.accepted, set(letters.values()), len(letters)) == (3, {1}, 6)
    assert Counter(Message.objects.values_list("state", flat=True)) == {"accepted": 5, "unknown": 1}


def test_server_that_falls_silent_leaves_one_unknown_and_goes_on(campaign, person, catcher):
    for number in range(4):
        person(f"{number}@mail.example")
    now = timezone.now()
    started(campaign, now)
    catcher.faults.extend([Fault.NONE, Fault.DROP_AFTER, Fault.CLOSING])
    sent = delivery.send_planned(200, worker="w1", now_fn=timezone.now)
    assert (sent.accepted, sent.unknown, sent.deferred) == (2, 1, 1)
