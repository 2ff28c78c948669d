"""When: pure functions of a schedule document and ``now``.

``{"at": ISO}`` once; ``{"rrule": TEXT, "start": ISO}`` again and again, by the clock on the wall of the company's zone,
so that nine in the morning stays nine when summer time begins; null means on launch.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulebase, rrulestr
from django.utils.dateparse import parse_datetime

from crmseg.web.reasons import Explained, Reason

LATE = timedelta(hours=2)
FARTHEST = timedelta(days=2 * 366)  # later than that nobody sets a time
HORIZON = timedelta(days=5 * 366)  # a rule that gives no date within five years gives none
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


class ScheduleRefused(Explained):
    """The document cannot be a schedule."""


@dataclass(frozen=True)
class Schedule:
    start: datetime
    rule: str = ""

    def next_due(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """The first due instant strictly after ``after``."""
        if not self.rule:
            return self.start if self.start > after else None
        start = self.start.astimezone(zone)
        begin = max(after, self.start - timedelta(seconds=1)).astimezone(zone)
        found = _rule(self.rule, start, until=begin + HORIZON).after(begin)
        return found.astimezone(UTC) if found else None

    def first_due(self, zone: ZoneInfo) -> datetime | None:
        return self.next_due(self.start - timedelta(seconds=1), zone)


def parse(document: Any) -> Schedule | None:
    """Read the JSON of contracts §3; raises ScheduleRefused."""
    if document is None:
        return None
    if not isinstance(document, dict):
        raise ScheduleRefused(Reason("schedule_no_object"))
    if document.keys() == {"at"}:
        return Schedule(_instant(document["at"]))
    if document.keys() == {"rrule", "start"}:
        schedule = Schedule(_instant(document["start"]), _checked_rule(document["rrule"]))
        _occurs(schedule)
        return schedule
    raise ScheduleRefused(Reason("schedule_no_time"))


def set_moment(document: Any) -> datetime | None:
    """The moment somebody set, of a document that is kept already."""
    return parse_datetime(document["at"]) if document and "at" in document else None


def _instant(value: Any) -> datetime:
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ScheduleRefused(Reason("schedule_no_zone"))
    return found.astimezone(UTC)


def _checked_rule(text: Any) -> str:
    if not isinstance(text, str) or not text.strip() or "\n" in text.strip() or len(text) > 300:
        raise ScheduleRefused(Reason("schedule_one_line"))
    rule = text.strip().removeprefix("RRULE:").upper()
    if not any(f"FREQ={name}" in rule for name in FREQUENCIES):
        raise ScheduleRefused(Reason("schedule_too_often"))
    if re.search(r"INTERVAL=0*(?!\d)", rule):
        raise ScheduleRefused(Reason("schedule_step"))
    return rule


def _occurs(schedule: Schedule) -> None:
    try:
        first = schedule.first_due(ZoneInfo("UTC"))
    except (ValueError, TypeError) as error:
        raise ScheduleRefused(Reason("schedule_unclear", error=str(error))) from error
    if first is None:
        raise ScheduleRefused(Reason("schedule_never"))


def _rule(text: str, start: datetime, until: datetime) -> rrulebase:
    rule = rrulestr(text, dtstart=start)
    if isinstance(rule, rrule) and "COUNT=" not in text and "UNTIL=" not in text:
        return rule.replace(until=until)
    return rule


def is_due(due_at: datetime, now: datetime) -> bool:
    return due_at <= now


def is_late(due_at: datetime, now: datetime) -> bool:
    """So late that a person is asked first (D8)."""
    return now - due_at > LATE


def quiet_until(now: datetime, hours: tuple[int, int] | None, zone: ZoneInfo) -> datetime | None:
    """When the window opens if ``now`` is in quiet hours, else None. ``(21, 9)``: from nine in the evening to nine."""
    if hours is None:
        return None
    begin, end = hours
    local = now.astimezone(zone)
    is_quiet = begin <= local.hour < end if begin < end else local.hour >= begin or local.hour < end
    if not is_quiet:
        return None
    day = local.date() if local.hour < end else local.date() + timedelta(days=1)
    return datetime.combine(day, time(end), tzinfo=zone).astimezone(UTC)
