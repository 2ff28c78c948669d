"""segments.dependencies: what moves a rule besides the rows it reads."""

import pytest

from segments.dependencies import depends_on_time, in_levels, segments_read
from segments.models import Segment

TAGS = {"field": "tags", "op": "any_of", "value": ["эскроу"]}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (TAGS, False),
        ({"field": "created_at", "op": "before", "value": "2026-01-01"}, False),
        ({"field": "created_at", "op": "within_last", "value": "30d"}, True),
        ({"all": [TAGS, {"none": [{"field": "last_contact_at", "op": "more_than_ago", "value": "10d"}]}]}, True),
        ({"has": "deals", "where": {"field": "closed_at", "op": "in_period", "value": "this_month"}}, True),
        ({"has": "stage_visits", "where": {"field": "duration", "op": "gt", "value": "14d"}}, True),
        ({"has": "stage_visits", "agg": "sum", "of": "duration", "op": "gt", "value": 9}, True),
        ({"has": "tasks", "where": {"field": "is_overdue", "op": "eq", "value": True}}, True),
        ({"segment": 1, "op": "in"}, False),
        ({"segment": 1, "op": "in", "for": "3d"}, True),
        (None, False),
    ],
)
def test_rules_the_clock_moves(rules, expected):
    assert depends_on_time(rules) is expected


def test_segments_are_found_at_any_depth():
    inner = {"has": "deals", "where": {"has": "contacts", "where": {"segment": 7, "op": "in"}}}
    assert segments_read({"any": [inner, {"segment": 9, "op": "not_in"}, TAGS]}) == {7, 9}


def test_readers_come_after_what_they_read():
    reads = {1: [2], 2: [3], 3: [], 4: [1, 99]}
    segments = [Segment(pk=pk, rules={"any": [{"segment": one} for one in inner]}) for pk, inner in reads.items()]
    assert [[one.pk for one in level] for level in in_levels(segments)] == [[3], [2], [1], [4]]


def test_cycle_does_not_hang():
    segments = [Segment(pk=1, rules={"segment": 2}), Segment(pk=2, rules={"segment": 1}), Segment(pk=3, rules=TAGS)]
    assert [[one.pk for one in level] for level in in_levels(segments)] == [[3], [1, 2]]
