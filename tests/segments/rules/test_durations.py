"""Fixed lengths and calendar months: month ends, leap days, clock changes."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models import Value

from segments.rules.durations import EARLIEST, LATEST, ago, ahead, parse_duration
from segments.rules.sql import later


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    "text", ["", "14", "d", "-1d", "+1d", "1.5d", "1 d", "1d ", "1D", "1s", "1min", "1d2h", "9999999999d"]
)
def test_other_spellings_are_no_durations(text: str) -> None:
    assert parse_duration(text) is None


PAST = [
    ("2026-11-21T14:00+03:00", "36h", "2026-11-20T02:00+03:00"),
    ("2026-11-21T14:00+03:00", "14d", "2026-11-07T14:00+03:00"),
    ("2026-11-21T14:00+03:00", "2w", "2026-11-07T14:00+03:00"),
    ("2026-03-31T12:00+03:00", "1m", "2026-02-28T12:00+03:00"),
    ("2028-03-31T12:00+03:00", "1m", "2028-02-29T12:00+03:00"),
    ("2026-12-31T12:00+03:00", "6m", "2026-06-30T12:00+03:00"),
    ("2026-01-15T12:00+03:00", "1m", "2025-12-15T12:00+03:00"),
    ("2028-02-29T12:00+03:00", "1y", "2027-02-28T12:00+03:00"),
    ("2028-02-29T12:00+03:00", "4y", "2024-02-29T12:00+03:00"),
    ("2026-03-01T01:00+03:00", "1m", "2026-02-01T01:00+03:00"),
    ("2026-02-28T22:30+00:00", "1m", "2026-02-01T01:30+03:00"),  # the first of March in Moscow
    ("2026-11-21T14:00+03:00", "0d", "2026-11-21T14:00+03:00"),
]


@pytest.mark.parametrize(("now", "text", "then"), PAST)
def test_ago(now: str, text: str, then: str) -> None:
    assert ago(at(now), parse_duration(text)) == at(then)


@pytest.mark.parametrize(
    ("now", "text", "then"),
    [
        ("2026-01-31T12:00+03:00", "1m", "2026-02-28T12:00+03:00"),
        ("2027-02-28T12:00+03:00", "1y", "2028-02-28T12:00+03:00"),
        ("2026-11-30T23:30+03:00", "3m", "2027-02-28T23:30+03:00"),
    ],
)
def test_ahead(now: str, text: str, then: str) -> None:
    assert ahead(at(now), parse_duration(text)) == at(then)


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("1d", "2026-03-28T14:00+01:00"),  # 24 hours: the clock shows another hour
        ("1m", "2026-02-28T15:00+01:00"),  # the same hour, clamped
    ],
)
def test_a_change_of_clocks_moves_days_and_not_months(settings, text: str, then: str) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    assert ago(at("2026-03-29T15:00+02:00"), parse_duration(text)) == at(then)


def test_a_span_beyond_the_calendar_ends_at_its_edge() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    for text in ("999999999h", "99999999d", "999999999w", "999999999m", "999999999y", "5000y"):
        assert ago(now, parse_duration(text)) in (EARLIEST, ago(now, parse_duration("999999999h")))
    assert ahead(now, parse_duration("999999999y")) == LATEST


@pytest.mark.parametrize(
    ("first", "second", "longer"),
    [
        ("15d", "2w", True),
        ("14d", "2w", False),
        ("13m", "1y", True),
        ("2m", "31d", True),
        ("1m", "30d", False),
        ("32d", "1m", True),
        ("30d", "1m", False),
    ],
)
def test_longer_whatever_the_months_are(first: str, second: str, longer: bool) -> None:
    assert parse_duration(first).surely_longer_than(parse_duration(second)) is longer


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Europe/Moscow", "Europe/Berlin", "America/New_York"])
def test_the_database_counts_like_python(settings, zone: str) -> None:
    settings.TIME_ZONE = zone
    from pipelines.models import Stage  # any model gives a query to compile against

    for start in (
        "2026-01-31T10:00+00:00",
        "2028-02-29T23:30+00:00",
        "2026-03-28T12:00+00:00",
        "2026-10-24T22:00+00:00",
    ):
        for text in ("36h", "14d", "1m", "13m", "1y"):
            moved = later(Value(at(start)), parse_duration(text))
            query = Stage.objects.annotate(moved=moved).values("moved").query
            sql, params = query.get_compiler(connection=connection).as_sql()
            with connection.cursor() as cursor:
                cursor.execute(sql.split(" FROM ")[0], params)
                assert cursor.fetchone()[0] == ahead(at(start), parse_duration(text)), (start, text)
