"""manage.py refresh_segments: a line per segment, and the JSON summary last."""

import json

import pytest
from django.core.management import CommandError, call_command

from pipelines.models import Stage
from segments.models import Segment
from tests.factories import ContactFactory, DealFactory, SegmentFactory, StageFactory

pytestmark = pytest.mark.django_db

TAGGED = {"field": "tags", "op": "any_of", "value": ["эскроу"]}


def run(capsys, *ids):
    call_command("refresh_segments", *map(str, ids))
    return capsys.readouterr().out.splitlines()


def test_last_line_sums_up(capsys):
    segment = SegmentFactory(rules=TAGGED)
    ContactFactory(tags=["эскроу"])
    *lines, last = run(capsys)
    summary = json.loads(last)
    assert summary["segments"] == len(lines) == Segment.objects.count()
    assert summary["entered"] == summary["memberships"] >= 1
    assert (summary["left"], summary["broken"]) == (0, [])
    assert summary["seconds"] >= 0
    assert any(line.startswith(f"{segment.pk} ") for line in lines)


def test_given_segments_alone(capsys):
    one, other = SegmentFactory(rules=TAGGED), SegmentFactory(rules=TAGGED)
    assert json.loads(run(capsys, one.pk)[-1])["segments"] == 1
    other.refresh_from_db()
    assert other.refreshed_at is None


def test_given_segment_reads_the_present_lifecycle(capsys):
    DealFactory(contact=ContactFactory(), stage=StageFactory(kind=Stage.Kind.WON))
    segment = SegmentFactory(rules={"field": "lifecycle", "op": "eq", "value": "new"})
    summary = json.loads(run(capsys, segment.pk)[-1])
    assert (summary["entered"], summary["memberships"]) == (0, 0)


def test_broken_segment_is_named(capsys):
    segment = SegmentFactory(rules={"segment": 999999, "op": "in"})
    assert json.loads(run(capsys, segment.pk)[-1])["broken"] == [segment.pk]


def test_segment_that_is_not_there_is_refused():
    with pytest.raises(CommandError, match="1000000000"):
        call_command("refresh_segments", "1000000000")
