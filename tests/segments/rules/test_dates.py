"""Periods, local days, anniversaries."""

from datetime import date, datetime

import pytest

from segments.rules import dates
from segments.rules.durations import parse_duration

NOW = datetime.fromisoformat("2026-11-21T14:00+03:00")  # a Saturday
MIDNIGHT = "T00:00+03:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("name", "today", "first", "after"),
    [
        ("today", "2026-11-21", "2026-11-21", "2026-11-22"),
        ("yesterday", "2026-03-01", "2026-02-28", "2026-03-01"),
        ("this_week", "2026-11-22", "2026-11-16", "2026-11-23"),
        ("this_week", "2026-11-23", "2026-11-23", "2026-11-30"),
        ("last_week", "2027-01-01", "2026-12-21", "2026-12-28"),
        ("this_month", "2028-02-29", "2028-02-01", "2028-03-01"),
        ("this_month", "2026-12-31", "2026-12-01", "2027-01-01"),
        ("last_month", "2026-03-31", "2026-02-01", "2026-03-01"),
        ("this_quarter", "2026-02-28", "2026-01-01", "2026-04-01"),
        ("this_quarter", "2026-11-21", "2026-10-01", "2027-01-01"),
        ("last_quarter", "2026-01-01", "2025-10-01", "2026-01-01"),
        ("this_year", "2028-12-31", "2028-01-01", "2029-01-01"),
        ("last_year", "2026-01-01", "2025-01-01", "2026-01-01"),
    ],
)
def test_periods(name: str, today: str, first: str, after: str) -> None:
    assert dates.period(name, day(today)) == (day(first), day(after))


@pytest.mark.parametrize(
    ("op", "value", "limits"),
    [
        ("before", day("2026-11-21"), [("<", at("2026-11-21" + MIDNIGHT))]),
        ("before", at("2026-11-21T10:00Z"), [("<", at("2026-11-21T10:00Z"))]),
        ("after", day("2026-11-21"), [(">=", at("2026-11-22" + MIDNIGHT))]),
        ("after", at("2026-11-21T10:00Z"), [(">", at("2026-11-21T10:00Z"))]),
        ("on", day("2026-11-21"), [(">=", at("2026-11-21" + MIDNIGHT)), ("<", at("2026-11-22" + MIDNIGHT))]),
        (
            "between",
            (day("2026-11-01"), at("2026-11-21T10:00Z")),
            [(">=", at("2026-11-01" + MIDNIGHT)), ("<=", at("2026-11-21T10:00Z"))],
        ),
        ("within_last", parse_duration("1d"), [(">=", at("2026-11-20T14:00+03:00")), ("<=", NOW)]),
        ("more_than_ago", parse_duration("1m"), [("<", at("2026-10-21T14:00+03:00"))]),
        ("within_next", parse_duration("1d"), [(">=", NOW), ("<=", at("2026-11-22T14:00+03:00"))]),
        ("more_than_ahead", parse_duration("1d"), [(">", at("2026-11-22T14:00+03:00"))]),
        ("in_period", "today", [(">=", at("2026-11-21" + MIDNIGHT)), ("<", at("2026-11-22" + MIDNIGHT))]),
    ],
)
def test_instants_are_compared_by_limits(op: str, value: object, limits: list[dates.Limit]) -> None:
    assert dates.limits(op, value, NOW, by_day=False) == limits


@pytest.mark.parametrize(
    ("op", "value", "limits"),
    [
        ("before", at("2026-11-20T22:00Z"), [("<", day("2026-11-21"))]),
        ("after", day("2026-11-21"), [(">", day("2026-11-21"))]),
        ("on", day("2026-11-21"), [("=", day("2026-11-21"))]),
        ("within_last", parse_duration("15h"), [(">=", day("2026-11-20")), ("<=", day("2026-11-21"))]),
        ("more_than_ago", parse_duration("14h"), [("<", day("2026-11-21"))]),
        ("within_next", parse_duration("10h"), [(">=", day("2026-11-21")), ("<=", day("2026-11-22"))]),
        ("in_period", "yesterday", [(">=", day("2026-11-20")), ("<", day("2026-11-21"))]),
    ],
)
def test_dates_are_compared_by_local_days(op: str, value: object, limits: list[dates.Limit]) -> None:
    assert dates.limits(op, value, NOW, by_day=True) == limits


def test_a_day_of_a_clock_change_has_its_own_length(settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    (_from, start), (_to, end) = dates.limits("on", day("2026-03-29"), NOW, by_day=False)
    assert (start, end) == (at("2026-03-29T00:00+01:00"), at("2026-03-30T00:00+02:00"))


@pytest.mark.parametrize(
    ("today", "last", "days"),
    [
        ("2026-11-21", "2026-11-21", [1121]),
        ("2026-12-30", "2027-01-02", [101, 102, 1230, 1231]),
        ("2026-02-27", "2026-03-01", [227, 228, 229, 301]),
        ("2028-02-27", "2028-02-28", [227, 228]),
        ("2028-02-28", "2028-03-01", [228, 229, 301]),
        ("2026-03-01", "2026-03-01", [301]),
        ("2026-02-28", "2026-02-28", [228, 229]),
    ],
)
def test_anniversaries(today: str, last: str, days: list[int]) -> None:
    assert dates.anniversaries(day(today), day(last)) == days


def test_a_whole_year_holds_every_anniversary() -> None:
    assert dates.anniversaries(day("2026-11-21"), day("2027-11-22")) is None
    assert len(dates.anniversaries(day("2026-11-21"), day("2027-11-20"))) == 366
