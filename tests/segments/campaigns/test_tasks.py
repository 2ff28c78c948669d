from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from segments.campaigns import delivery, launch, tasks
from segments.campaigns.models import Message
from tests.factories import MessageFactory

from .conftest import started

pytestmark = pytest.mark.django_db


@pytest.fixture
def woken(monkeypatch):
    calls = []
    monkeypatch.setattr(tasks.send_planned, "delay", lambda **kwargs: calls.append(kwargs))
    return calls


def test_tasks_have_the_names_the_beat_table_uses():
    names = {"campaigns.start_due", "campaigns.send_planned", "campaigns.sweep"}
    assert names <= set(current_app.tasks)


def test_start_due_wakes_a_sender(campaign, person, woken):
    person("a@mail.example")
    campaign.schedule = {"at": timezone.now().isoformat()}
    campaign.save()
    launch.launch(campaign, by=None, now=timezone.now())
    tasks.start_due()
    tasks.start_due()
    assert woken == [{}]
    assert Message.objects.get().state == "planned"


def test_send_planned_sends(campaign, person, memory, woken):
    person("a@mail.example")
    started(campaign, timezone.now())
    tasks.send_planned()
    assert (Message.objects.get().state, woken) == ("accepted", [])


def test_more_than_one_task_full_of_letters_calls_helpers(campaign, person, memory, woken, monkeypatch):
    monkeypatch.setattr(delivery, "PER_TASK", 2)
    for number in range(5):
        person(f"{number}@mail.example")
    started(campaign, timezone.now())
    tasks.send_planned()
    assert woken == [{"is_helper": True}] * 3  # two at the start, one as its own share was full
    tasks.send_planned(is_helper=True)
    assert Message.objects.filter(state="accepted").count() == 4


def test_sweep_finds_what_a_dead_worker_left():
    long_ago = timezone.now() - timedelta(hours=1)
    MessageFactory(state="handing_over", worker="dead", leased_until=long_ago)
    tasks.sweep()
    assert Message.objects.get().state == "unknown"


def test_lost_broker_only_delays(monkeypatch, django_capture_on_commit_callbacks):
    def away(**kwargs):
        raise OperationalError

    monkeypatch.setattr(tasks.send_planned, "delay", away)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        tasks.send_soon()
    assert len(callbacks) == 1
    monkeypatch.setattr(tasks.delivery, "lanes", lambda now: 3)
    monkeypatch.setattr(tasks.launch, "start_due", lambda now: 1)
    tasks.start_due()
    tasks.send_planned()
