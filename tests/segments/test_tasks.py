"""segments.tasks: names that the beat table knows, bodies that call the domain."""

import pytest

from crmseg.celery import app
from segments import tasks
from segments.models import Segment
from tests.factories import ContactFactory, SegmentFactory


def test_beat_wakes_tasks_that_exist():
    named = {entry["task"] for entry in app.conf.beat_schedule.values() if entry["task"].startswith("segments.")}
    assert named <= {task.name for task in (tasks.follow_changes, tasks.refresh_stale, tasks.refresh_all)}


@pytest.mark.parametrize(
    ("task", "queue"),
    [("segments.refresh", "heavy"), ("segments.follow_changes", "heavy"), ("amocrm.continue_import", "heavy"),
     ("amocrm.pull", "io"), ("campaigns.send_planned", "io")],
)  # fmt: skip
def test_long_work_has_a_queue_of_its_own(task, queue):
    assert app.amqp.router.route({}, task)["queue"].name == queue


@pytest.mark.django_db
def test_tasks_refresh():
    segment = SegmentFactory(rules={"field": "tags", "op": "any_of", "value": ["эскроу"]})
    ContactFactory(tags=["эскроу"])
    tasks.refresh(segment=segment.pk)
    segment.refresh_from_db()
    assert segment.size == 1
    tasks.refresh(segment=10**9)
    tasks.follow_changes()
    tasks.refresh_stale()
    tasks.refresh_all()
    assert Segment.objects.filter(ready_key="lifecycle_new", size=1).exists()
