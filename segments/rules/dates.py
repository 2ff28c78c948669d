"""What the date operators mean: an operator and its value in, limits to compare with out.

A datetime field is compared by instants, a date field by local days; a day is the company's (``TIME_ZONE``).
"""

from calendar import isleap
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from .durations import ago, ahead

Limit = tuple[str, date | datetime]  # (">=", bound)
DAY = timedelta(days=1)
PERIODS = (
    "today",
    "yesterday",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "this_quarter",
    "last_quarter",
    "this_year",
    "last_year",
)


def local_day(instant: datetime) -> date:
    return timezone.localtime(instant, timezone.get_default_timezone()).date()


def start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def period(name: str, today: date) -> tuple[date, date]:
    """The first day of a period and the first day after it."""
    which, _, unit = name.partition("_")
    if not unit:
        return (today, today + DAY) if which == "today" else (today - DAY, today)
    first = FIRST_DAYS[unit](today)
    if which == "last":
        return FIRST_DAYS[unit](first - DAY), first
    return first, _next_first(unit, first)


def limits(op: str, value: Any, now: datetime, *, by_day: bool) -> list[Limit]:
    """All of them hold for a value that the operator accepts."""
    return (_day_limits if by_day else _instant_limits)(op, value, now)


def anniversaries(today: date, last: date) -> list[int] | None:
    """The month-days (1231) from today to the last day; None when the stretch holds a whole year."""
    if (last - today).days >= 366:
        return None
    days = {_month_day(today + n * DAY) for n in range((last - today).days + 1)}
    if any(_is_short_february_end(today + n * DAY) for n in range((last - today).days + 1)):
        days.add(229)
    return sorted(days)


def is_reversed(low: date | datetime, high: date | datetime) -> bool:
    """Is the end before the beginning? A date begins at its start and ends at its end."""
    return _begin(low) >= _end(high) if not isinstance(high, datetime) else _begin(low) > high


def _month_day(day: date) -> int:
    return day.month * 100 + day.day


def _is_short_february_end(day: date) -> bool:
    return _month_day(day) == 228 and not isleap(day.year)


def _first_of_quarter(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


FIRST_DAYS: dict[str, Callable[[date], date]] = {
    "week": lambda day: day - day.weekday() * DAY,
    "month": lambda day: day.replace(day=1),
    "quarter": _first_of_quarter,
    "year": lambda day: day.replace(month=1, day=1),
}
LONGEST = {"week": 7, "month": 31, "quarter": 92, "year": 366}


def _next_first(unit: str, first: date) -> date:
    """A week is exactly its length; of the others the longest ends within the next one."""
    return FIRST_DAYS[unit](first + LONGEST[unit] * DAY)


def _begin(value: date | datetime) -> datetime:
    return value if isinstance(value, datetime) else start_of(value)


def _end(value: date | datetime) -> datetime:
    """The first instant after a day; of an instant, itself."""
    return value if isinstance(value, datetime) else start_of(value + DAY)


def _to_day(value: date | datetime) -> date:
    return local_day(value) if isinstance(value, datetime) else value


def _until(value: date | datetime) -> Limit:
    return ("<=", value) if isinstance(value, datetime) else ("<", _end(value))


def _instant_limits(op: str, value: Any, now: datetime) -> list[Limit]:
    match op:
        case "before":
            return [("<", _begin(value))]
        case "after":
            return [(">", value) if isinstance(value, datetime) else (">=", _end(value))]
        case "on":
            return [(">=", start_of(value)), ("<", _end(value))]
        case "between":
            return [(">=", _begin(value[0])), _until(value[1])]
        case "in_period":
            first, after = period(value, local_day(now))
            return [(">=", start_of(first)), ("<", start_of(after))]
        case _:
            return _relative(op, now, ago(now, value), ahead(now, value))


def _day_limits(op: str, value: Any, now: datetime) -> list[Limit]:
    match op:
        case "before":
            return [("<", _to_day(value))]
        case "after":
            return [(">", _to_day(value))]
        case "on":
            return [("=", value)]
        case "between":
            return [(">=", _to_day(value[0])), ("<=", _to_day(value[1]))]
        case "in_period":
            first, after = period(value, local_day(now))
            return [(">=", first), ("<", after)]
        case _:
            return _relative(op, local_day(now), local_day(ago(now, value)), local_day(ahead(now, value)))


def _relative(op: str, now: date | datetime, past: date | datetime, future: date | datetime) -> list[Limit]:
    known: dict[str, list[Limit]] = {
        "within_last": [(">=", past), ("<=", now)],
        "more_than_ago": [("<", past)],
        "within_next": [(">=", now), ("<=", future)],
        "more_than_ahead": [(">", future)],
    }
    return known[op]
