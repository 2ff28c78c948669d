from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from segments.campaigns.schedule import ScheduleRefused, is_due, is_late, parse, quiet_until

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")


def at(text):
    return datetime.fromisoformat(text)


def test_null_is_no_schedule():
    assert parse(None) is None


def test_once_is_due_once():
    schedule = parse({"at": "2026-11-22T10:00:00+03:00"})
    assert schedule.next_due(at("2026-11-21T00:00:00+03:00"), MOSCOW) == at("2026-11-22T07:00:00+00:00")
    assert schedule.next_due(schedule.start, MOSCOW) is None


@pytest.mark.parametrize(
    ("rule", "start", "after", "due"),
    [
        ("FREQ=DAILY", "2026-11-21T09:00:00+03:00", "2026-11-20T00:00:00Z", "2026-11-21T06:00:00Z"),
        ("FREQ=DAILY", "2026-11-21T09:00:00+03:00", "2026-11-21T06:00:00Z", "2026-11-22T06:00:00Z"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,TH", "2026-11-21T09:00:00+03:00", "2026-11-21T09:00:00Z", "2026-11-23T06:00:00Z"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31T09:00:00+03:00", "2026-02-01T00:00:00Z", "2026-03-31T06:00:00Z"),
        ("FREQ=DAILY;COUNT=2", "2026-11-21T09:00:00+03:00", "2026-11-22T06:00:00Z", None),
        ("FREQ=DAILY;UNTIL=20261122T060000Z", "2026-11-21T09:00:00+03:00", "2026-11-22T06:00:00Z", None),
        ("FREQ=YEARLY;INTERVAL=2", "2020-05-01T09:00:00+03:00", "2026-11-21T00:00:00Z", "2028-05-01T06:00:00Z"),
    ],
)
def test_rule_gives_the_next_instant(rule, start, after, due):
    found = parse({"rrule": rule, "start": start}).next_due(at(after), MOSCOW)
    assert found == (at(due) if due else None)


def test_nine_in_the_morning_stays_nine_when_the_clock_moves():
    schedule = parse({"rrule": "FREQ=DAILY", "start": "2026-03-27T09:00:00+01:00"})
    days = [at("2026-03-28T00:00:00Z"), at("2026-03-29T00:00:00Z")]
    assert [schedule.next_due(day, BERLIN).hour for day in days] == [8, 7]  # summer time begins on the 29th


def test_hour_that_does_not_exist_is_taken_after_the_gap():
    schedule = parse({"rrule": "FREQ=DAILY", "start": "2026-03-27T02:30:00+01:00"})
    assert schedule.next_due(at("2026-03-28T12:00:00Z"), BERLIN) == at("2026-03-29T01:30:00Z")


@pytest.mark.parametrize(
    "document",
    [
        "tomorrow",
        [],
        {},
        {"at": "2026-11-22T10:00:00"},
        {"at": "2026-13-45T10:00:00+03:00"},
        {"at": 5},
        {"at": "2026-11-22T10:00:00Z", "rrule": "FREQ=DAILY"},
        {"rrule": "FREQ=DAILY"},
        {"rrule": "FREQ=SECONDLY", "start": "2026-11-22T10:00:00Z"},
        {"rrule": "FREQ=DAILY;INTERVAL=0", "start": "2026-11-22T10:00:00Z"},
        {"rrule": "FREQ=DAILY;BYHOUR=77", "start": "2026-11-22T10:00:00Z"},
        {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "start": "2026-11-22T10:00:00Z"},
        {"rrule": "FREQ=DAILY\nDTSTART:20200101T000000Z", "start": "2026-11-22T10:00:00Z"},
        {"rrule": "nonsense", "start": "2026-11-22T10:00:00Z"},
        {"on": "entered", "after": "3d"},
    ],
)
def test_what_cannot_be_a_schedule_is_refused(document):
    with pytest.raises(ScheduleRefused):
        parse(document)


def test_due_is_from_the_instant_on_and_late_after_two_hours():
    due = at("2026-11-21T10:00:00Z")
    assert [is_due(due, due + timedelta(seconds=n)) for n in (-1, 0, 1)] == [False, True, True]
    assert [is_late(due, due + timedelta(hours=2, seconds=n)) for n in (0, 1)] == [False, True]


@pytest.mark.parametrize(
    ("local", "opens"),
    [
        ("2026-11-21T20:59:59+03:00", None),
        ("2026-11-21T21:00:00+03:00", "2026-11-22T09:00:00+03:00"),
        ("2026-11-21T23:30:00+03:00", "2026-11-22T09:00:00+03:00"),
        ("2026-11-22T08:59:59+03:00", "2026-11-22T09:00:00+03:00"),
        ("2026-11-22T09:00:00+03:00", None),
    ],
)
def test_quiet_hours_hold_until_the_morning(local, opens):
    assert quiet_until(at(local), (21, 9), MOSCOW) == (at(opens).astimezone(UTC) if opens else None)


def test_quiet_hours_within_a_day_and_none_at_all():
    assert quiet_until(at("2026-11-21T14:00:00+03:00"), (13, 15), MOSCOW) == at("2026-11-21T12:00:00Z")
    assert quiet_until(at("2026-11-21T16:00:00+03:00"), (13, 15), MOSCOW) is None
    assert quiet_until(at("2026-11-21T23:00:00+03:00"), None, MOSCOW) is None
