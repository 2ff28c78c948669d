"""Durations of the rule language: ``"14d"`` in, instants out.

``h d w`` are fixed lengths (a day is 24 hours); ``m y`` are calendar months and years on the company's wall clock,
clamped to the month's end (contracts §4).
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone

PATTERN = re.compile(r"(?P<count>[0-9]{1,9})(?P<unit>[hdwmy])")
FIXED_HOURS = {"h": 1, "d": 24, "w": 168}
MONTHS = {"m": 1, "y": 12}
DAYS_AT_LEAST = {"h": 1 / 24, "d": 1, "w": 7, "m": 28, "y": 365}
DAYS_AT_MOST = {"h": 1 / 24, "d": 1, "w": 7, "m": 31, "y": 366}
EARLIEST = datetime(1, 1, 3, tzinfo=UTC)
LATEST = datetime(9999, 12, 29, tzinfo=UTC)
CENTURIES = timedelta(days=3_650_000)  # longer than any span between two instants this calendar knows


@dataclass(frozen=True)
class Duration:
    count: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def is_calendar(self) -> bool:
        return self.unit in MONTHS

    @property
    def months(self) -> int:
        """Calendar months, for the units that have no fixed length."""
        return min(self.count * MONTHS[self.unit], 120_000)

    @property
    def length(self) -> timedelta:
        """The fixed length, for the units that have one."""
        try:
            return min(timedelta(hours=self.count * FIXED_HOURS[self.unit]), CENTURIES)
        except OverflowError:
            return CENTURIES

    def surely_longer_than(self, other: "Duration") -> bool:
        """Longer whatever the months in question are."""
        if self.unit == other.unit or self.is_calendar == other.is_calendar:
            return self._size() > other._size()
        return self.count * DAYS_AT_LEAST[self.unit] > other.count * DAYS_AT_MOST[other.unit]

    def _size(self) -> int:
        return self.count * (MONTHS[self.unit] if self.is_calendar else FIXED_HOURS[self.unit])


def parse_duration(text: str) -> Duration | None:
    found = PATTERN.fullmatch(text)
    return Duration(int(found["count"]), found["unit"]) if found else None


def ago(now: datetime, duration: Duration) -> datetime:
    return _shift(now, duration, -1)


def ahead(now: datetime, duration: Duration) -> datetime:
    return _shift(now, duration, 1)


def _shift(now: datetime, duration: Duration, sign: int) -> datetime:
    """An instant the calendar cannot hold becomes the nearest one it can: the comparison comes out the same."""
    try:
        if duration.is_calendar:
            moved = _by_months(timezone.localtime(now, timezone.get_default_timezone()), sign * duration.months)
        else:
            moved = now.astimezone(UTC) + sign * duration.length
        return min(max(moved.astimezone(UTC), EARLIEST), LATEST)
    except (OverflowError, ValueError):
        return LATEST if sign > 0 else EARLIEST


def _by_months(local: datetime, months: int) -> datetime:
    years, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    if not 1 <= years <= 9999:
        raise OverflowError
    return local.replace(year=years, month=month + 1, day=min(local.day, monthrange(years, month + 1)[1]), fold=0)
