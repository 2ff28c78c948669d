"""A second reading of the rule language: plain Python over loaded rows, sharing no code with the compiler."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from pipelines.models import Company, Contact, ContactPoint, Deal, DealContact, Note, StageVisit, Task
from segments.campaigns.models import Consent
from segments.models import Membership

ZONE = ZoneInfo("Europe/Moscow")
Row = Any


class World:
    """Every row, and how one leads to another."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.contacts = list(Contact.objects.filter(deleted_at=None))
        self.deals = list(Deal.objects.filter(deleted_at=None).select_related("stage"))
        self.visits = list(StageVisit.objects.select_related("deal"))
        self.tasks = list(Task.objects.filter(deleted_at=None))
        self.notes = list(Note.objects.filter(deleted_at=None))
        self.companies = list(Company.objects.filter(deleted_at=None))
        self.points = list(ContactPoint.objects.all())
        self.stays = list(Membership.objects.filter(left_at=None))
        self.consents = list(Consent.objects.order_by("at", "id"))
        self.links = set(DealContact.objects.values_list("contact_id", "deal_id"))

    def selected(self, rule: dict[str, Any]) -> set[int]:
        return {contact.pk for contact in self.contacts if self.holds(rule, contact)}

    def holds(self, rule: dict[str, Any], row: Row) -> bool:
        if "all" in rule:
            return all(self.holds(child, row) for child in rule["all"])
        if "any" in rule:
            return any(self.holds(child, row) for child in rule["any"])
        if "none" in rule:
            return not any(self.holds(child, row) for child in rule["none"])
        if "segment" in rule:
            return self._member(rule, row) == (rule["op"] == "in")
        return self._has(rule, row) if "has" in rule else self._condition(rule, row)

    # --- relations ---------------------------------------------------------------------------------------------
    def _has(self, rule: dict[str, Any], row: Row) -> bool:
        rows = self.related(rule["has"], row)
        if "pick" in rule and rows:
            rows = [max(rows, key=PICKS[rule["pick"]])]
        rows = [one for one in rows if self.holds(rule["where"], one)] if "where" in rule else rows
        agg = rule.get("agg", "count")
        if agg == "count":
            found: Any = len(rows)
        else:
            values = [value for one in rows if (value := self._amount(rule["of"], one)) is not None]
            if not values and agg != "sum":
                return False
            found = {"sum": sum, "min": min, "max": max, "avg": lambda v: sum(v) / len(v)}[agg](values)
        return NUMBERS[rule.get("op", "gte")](found, rule.get("value", 1))

    def related(self, relation: str, row: Row) -> list[Row]:
        if isinstance(row, Deal):
            return {
                "stage_visits": lambda: [v for v in self.visits if v.deal_id == row.pk],
                "tasks": lambda: [t for t in self.tasks if t.deal_id == row.pk],
                "contacts": lambda: [c for c in self.contacts if (c.pk, row.pk) in self.links],
            }[relation]()
        deals = [deal for deal in self.deals if (row.pk, deal.pk) in self.links]
        return {
            "deals": lambda: deals,
            "stage_visits": lambda: [v for v in self.visits if v.deal_id in {deal.pk for deal in deals}],
            "tasks": lambda: [t for t in self.tasks if t.contact_id == row.pk],
            "company": lambda: [c for c in self.companies if c.pk == row.company_id],
        }[relation]()

    def _member(self, rule: dict[str, Any], row: Row) -> bool:
        since = moved(self.now, rule["for"], -1) if "for" in rule else None
        return any(
            stay.contact_id == row.pk and stay.segment_id == rule["segment"] and (not since or stay.entered_at <= since)
            for stay in self.stays
        )

    # --- values ------------------------------------------------------------------------------------------------
    def _condition(self, rule: dict[str, Any], row: Row) -> bool:
        op, wanted = rule["op"], rule.get("value")
        values = self.values(rule["field"], row)
        present = [value for value in values if value is not None and value not in ("", [])]
        for negative, positive in NEGATIVES.items():
            if op == negative:
                return not self._condition(rule | {"op": positive}, row)
        if op == "is_set":
            return bool(present)
        if isinstance(wanted, bool):
            return (present == [True]) == wanted
        return any(self._passes(rule["field"], op, value, wanted) for value in present)

    def _passes(self, field: str, op: str, value: Any, wanted: Any) -> bool:
        if isinstance(value, list):
            return any(one in value for one in wanted) if op == "any_of" else all(one in value for one in wanted)
        if isinstance(value, tuple):
            return self._lasts(op, *value, wanted)
        if isinstance(value, date):
            return self._dated(op, value, wanted)
        if isinstance(value, str) and field not in EXACT:
            normal = digits if field == "phone" else plain
            wanted = [normal(one) for one in wanted] if isinstance(wanted, list) else normal(wanted)
            return TEXTS[op](normal(value), wanted)
        return NUMBERS[op](value, wanted)

    def values(self, field: str, row: Row) -> list[Any]:
        if field.startswith("custom."):
            return [custom(row, field.removeprefix("custom."))]
        special = getattr(self, f"_{type(row).__name__.lower()}_{field}", None)
        if special is not None:
            return list(special(row))
        value = getattr(row, field if hasattr(row, field) else "missing")
        return [getattr(row, f"{field}_id", value)]

    def _amount(self, field: str, row: Row) -> Any:
        (value,) = self.values(field, row)
        return (value[1] - value[0]).total_seconds() if isinstance(value, tuple) else value

    def _contact_email(self, row: Row) -> Iterable[Any]:
        return [point.value for point in self.points if point.contact_id == row.pk and point.kind == "email"]

    def _contact_phone(self, row: Row) -> Iterable[Any]:
        return [point.value for point in self.points if point.contact_id == row.pk and point.kind == "phone"]

    def _contact_consent(self, row: Row) -> Iterable[Any]:
        mine = {point.value for point in self.points if point.contact_id == row.pk}
        last = {(said.address, said.channel, said.purpose): said.given for said in self.consents if said.at <= self.now}
        return [
            [f"{channel}:{purpose}" for (address, channel, purpose), given in last.items() if given and address in mine]
        ]

    def _won(self, row: Row) -> list[Deal]:
        return [deal for deal in self.related("deals", row) if deal.stage.kind == "won"]

    def _contact_won_count(self, row: Row) -> Iterable[Any]:
        return [len(self._won(row))]

    def _contact_won_total(self, row: Row) -> Iterable[Any]:
        return [sum(deal.price or 0 for deal in self._won(row))]

    def _contact_first_won_at(self, row: Row) -> Iterable[Any]:
        return [min((deal.closed_at for deal in self._won(row) if deal.closed_at), default=None)]

    def _contact_last_won_at(self, row: Row) -> Iterable[Any]:
        return [max((deal.closed_at for deal in self._won(row) if deal.closed_at), default=None)]

    def _contact_open_deals(self, row: Row) -> Iterable[Any]:
        return [sum(deal.stage.kind in ("incoming", "open") for deal in self.related("deals", row))]

    def _touched(self, row: Row) -> list[datetime]:
        deals = {deal.pk for deal in self.related("deals", row)}
        personal = ("call_in", "call_out", "mail_in", "mail_out", "sms_in", "sms_out")
        notes = [(note, note.created_at) for note in self.notes if note.kind in personal]
        tasks = [(task, task.completed_at or task.updated_at) for task in self.tasks if task.is_done]
        return [
            at
            for one, at in notes + tasks
            if one.contact_id == row.pk or (one.contact_id is None and one.deal_id in deals)
        ]

    def _contact_touches(self, row: Row) -> Iterable[Any]:
        return [len(self._touched(row))]

    def _contact_last_contact_at(self, row: Row) -> Iterable[Any]:
        return [max(self._touched(row), default=None)]

    def _deal_stage_kind(self, row: Row) -> Iterable[Any]:
        return [row.stage.kind]

    def _stagevisit_duration(self, row: Row) -> Iterable[Any]:
        return [(row.entered_at, row.left_at or self.now)]

    def _stagevisit_since_created(self, row: Row) -> Iterable[Any]:
        return [(row.deal.created_at, row.entered_at)]

    def _stagevisit_is_current(self, row: Row) -> Iterable[Any]:
        return [row.left_at is None]

    def _task_is_overdue(self, row: Row) -> Iterable[Any]:
        return [not row.is_done and row.due_at < self.now]

    # --- time --------------------------------------------------------------------------------------------------
    def _lasts(self, op: str, start: datetime, end: datetime, wanted: Any) -> bool:
        if op == "between":
            return moved(start, wanted[0], 1) <= end <= moved(start, wanted[1], 1)
        return bool(NUMBERS[op](end, moved(start, wanted, 1)))

    def _dated(self, op: str, value: date, wanted: Any) -> bool:
        if isinstance(value, datetime):
            return self._timed(op, value, wanted)
        today = self.now.astimezone(ZONE).date()
        if op == "anniversary_within_next":
            last = moved(self.now, wanted, 1).astimezone(ZONE).date()
            days = (today + timedelta(n) for n in range((last - today).days + 1))
            return any(_birthday(value, day.year) == day for day in days)
        if op in ("before", "after", "on"):
            return bool(DAYS[op](value, _day(wanted)))
        if op == "between":
            return _day(wanted[0]) <= value <= _day(wanted[1])
        if op == "in_period":
            return period(value, today) >= {wanted}
        past, future = (moved(self.now, wanted, sign).astimezone(ZONE).date() for sign in (-1, 1))
        return bool(RELATIVE[op](value, today, past, future))

    def _timed(self, op: str, value: datetime, wanted: Any) -> bool:
        local = value.astimezone(ZONE)
        if op in ("before", "after", "on") and len(wanted) == 10:
            return bool(DAYS[op](local.date(), date.fromisoformat(wanted)))
        if op in ("before", "after"):
            return bool(DAYS[op](value, datetime.fromisoformat(wanted)))
        if op == "between":
            low, high = wanted
            after = local.date() >= _day(low) if len(low) == 10 else value >= datetime.fromisoformat(low)
            return after and (local.date() <= _day(high) if len(high) == 10 else value <= datetime.fromisoformat(high))
        if op == "in_period":
            return wanted in period(local.date(), self.now.astimezone(ZONE).date())
        return bool(RELATIVE[op](value, self.now, moved(self.now, wanted, -1), moved(self.now, wanted, 1)))


NEGATIVES = {
    "ne": "eq",
    "not_in": "in",
    "not_contains": "contains",
    "none_of": "any_of",
    "is_not_set": "is_set",
}
EXACT = {"lifecycle", "stage_kind", "direction", "type", "custom.city", "custom.material"}
NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "between": lambda a, b: b[0] <= a <= b[1],
    "in": lambda a, b: a in b,
}
TEXTS: dict[str, Callable[[str, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "in": lambda a, b: a in b,
    "contains": lambda a, b: b in a,
    "starts_with": lambda a, b: a.startswith(b),
    "ends_with": lambda a, b: a.endswith(b),
}
PICKS: dict[str, Callable[[Deal], Any]] = {
    "latest": lambda deal: (deal.created_at, deal.pk),
    "largest": lambda deal: (-1 if deal.price is None else deal.price, deal.pk),
}
DAYS: dict[str, Callable[[Any, Any], bool]] = {
    "before": lambda a, b: a < b,
    "after": lambda a, b: a > b,
    "on": lambda a, b: a == b,
}
RELATIVE: dict[str, Callable[[Any, Any, Any, Any], bool]] = {
    "within_last": lambda t, now, past, future: past <= t <= now,
    "more_than_ago": lambda t, now, past, future: t < past,
    "within_next": lambda t, now, past, future: now <= t <= future,
    "more_than_ahead": lambda t, now, past, future: t > future,
}


def moved(instant: datetime, duration: str, sign: int) -> datetime:
    count, unit = sign * int(duration[:-1]), duration[-1]
    if unit in "my":
        step = relativedelta(months=count) if unit == "m" else relativedelta(years=count)
        return instant.astimezone(ZONE) + step
    return instant + timedelta(**{{"h": "hours", "d": "days", "w": "weeks"}[unit]: count})


def period(day: date, today: date) -> set[str]:
    """The names of all periods the day lies in."""
    units: dict[str, Callable[[date], tuple[int, ...]]] = {
        "week": lambda d: d.isocalendar()[:2],
        "month": lambda d: (d.year, d.month),
        "quarter": lambda d: (d.year, (d.month - 1) // 3),
        "year": lambda d: (d.year,),
    }
    steps = {"week": {"weeks": 1}, "month": {"months": 1}, "quarter": {"months": 3}, "year": {"years": 1}}
    found = {{0: "today", 1: "yesterday"}.get((today - day).days, "another day")}
    for unit, of in units.items():
        if of(day) == of(today):
            found.add(f"this_{unit}")
        if of(day) == of(today - relativedelta(**steps[unit])):
            found.add(f"last_{unit}")
    return found


def plain(text: str) -> str:
    return text.strip().lower().replace("ё", "е")


def digits(text: str) -> str:
    found = re.sub(r"\D", "", text)
    return f"7{found[1:]}" if len(found) == 11 and found[0] == "8" else found


def custom(row: Row, key: str) -> Any:
    value = row.custom.get(key)
    wanted = {"age": int | float, "income": int | float, "area": int | float, "staff": int | float}.get(key, object)
    if key in ("birthday", "visit_at") and value is not None:
        try:
            return date.fromisoformat(value) if key == "birthday" else datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, wanted) else None


def _day(text: str) -> date:
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text).astimezone(ZONE).date()


def _birthday(born: date, year: int) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
