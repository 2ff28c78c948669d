"""segments.freshness: as of when the people of a segment are true."""

from datetime import timedelta

import pytest

from pipelines.models import ChangeReader
from segments import freshness
from tests.factories import NOW, SegmentFactory

pytestmark = pytest.mark.django_db

TAGGED = {"field": "tags", "op": "any_of", "value": ["эскроу"]}
AGING = {"field": "created_at", "op": "within_last", "value": "30d"}
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def followed():
    ChangeReader.objects.create(name="segments", caught_up_at=LATER)


def filled(rules=TAGGED, **fields):
    return SegmentFactory(**({"rules": rules, "refreshed_at": NOW} | fields))


def reading(*segments):
    return filled({"all": [{"segment": segment.pk, "op": "in"} for segment in segments]})


def as_of(segment):
    return freshness.of([segment])[segment.pk]


def test_who_follows_the_changes_is_as_fresh_as_they_are_read():
    assert as_of(filled()) == LATER
    assert as_of(filled(rules=None, kind="static")) == LATER


def test_later_refresh_counts():
    assert as_of(filled(refreshed_at=LATER + timedelta(hours=1))) == LATER + timedelta(hours=1)


@pytest.mark.parametrize("fields", [{"rules": AGING}, {"is_paused": True}, {"health": "broken"}])
def test_who_ages_or_stands_still_is_as_fresh_as_the_last_refresh(fields):
    assert as_of(filled(**fields)) == NOW


def test_who_was_never_filled_is_of_no_moment():
    assert as_of(filled(refreshed_at=None)) is None


def test_who_reads_another_segment_is_not_fresher_than_that():
    inner, aging = filled(), filled(AGING, refreshed_at=NOW + timedelta(minutes=30))
    assert as_of(reading(inner)) == LATER
    assert as_of(reading(inner, aging)) == as_of(reading(reading(aging))) == NOW + timedelta(minutes=30)
    assert as_of(reading(filled(refreshed_at=None))) == NOW


def test_circle_of_segments_ends():
    first = filled()
    second = reading(first)
    first.rules = {"segment": second.pk, "op": "in"}
    first.save(update_fields=["rules"])
    assert as_of(second) == LATER


def test_many_cost_two_queries(django_assert_num_queries):
    segments = [filled(), reading(filled()), reading(filled())]
    with django_assert_num_queries(2):
        freshness.of(segments)
