"""Values that print as people read them and compare as what they are: «7 030 000 ₽» is more than 7000000.

A text beside one of them in a condition is read as the same kind where it can be, «7 030 000» or «2026-12-31»; where it
cannot, neither is more than the other, and the two are equal only as texts.
"""

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.utils.dateparse import parse_date
from django.utils.dates import MONTHS_ALT
from django.utils.timezone import get_default_timezone, localtime
from django.utils.translation import override
from liquid.builtin.expressions import logical

from .nothing import Group, Nothing, Untrue, is_nothing

NUMERAL = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?")
DOTTED, WORDY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})"), re.compile(r"(\d{1,2}) (\w+) (\d{4})")
TIMED = re.compile(r"(.+?)(?:,?\s+|T)(\d{1,2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)")
SIGNS = re.compile(r"[\s₽]")
MINUTES = 24 * 60
YES_NO = {"да": True, "yes": True, "true": True, "нет": False, "no": False, "false": False}
Pair = tuple[Any, Any]


def numeral(said: object) -> Decimal | None:
    """The number it is, or reads as: «7 030 000 ₽», «12,5»."""
    if isinstance(said, str):
        text = SIGNS.sub("", said).replace(",", ".").replace("\u2212", "-")
        return Decimal(text) if NUMERAL.fullmatch(text) else None
    if isinstance(said, bool) or not isinstance(said, int | float | Decimal):
        return None
    found = Decimal(str(said))
    return found if found.is_finite() else None


class Printed(str):
    """``value`` is a number in any case: of a date, its place among the days."""

    __slots__ = ("value",)
    value: Any

    def __new__(cls, text: str, value: Any) -> Self:
        made = super().__new__(cls, text)
        made.value = value
        return made

    def read(self, other: object) -> Any:
        """What it may be compared with; None: nothing of its kind."""
        return None

    def beside(self, other: object) -> Pair | None:
        """Both as Liquid compares them."""
        read = other.value if type(other) is type(self) else self.read(other)
        return None if read is None else (self.value, read)

    def __eq__(self, other: object) -> bool:
        mine, read = self.beside(other) or (str(self), other)
        return bool(mine == read) or (not isinstance(other, Printed) and str.__eq__(self, other) is True)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


class Number(Printed):
    __slots__ = ()

    def read(self, other: object) -> Decimal | None:
        return numeral(other)


class Day(Printed):
    __slots__ = ()

    @classmethod
    def of(cls, text: str, day: date) -> Self:
        return cls(text, day.toordinal())

    def read(self, other: object) -> int | None:
        if isinstance(other, Moment):
            return other.day
        found = _as_day(other) if isinstance(other, str) else None
        return found.toordinal() if found else None


class Moment(Printed):
    """A day and a time, in minutes, as exact as they are printed. Beside a day it is that whole day."""

    __slots__ = ()

    @classmethod
    def of(cls, text: str, at: datetime) -> Self:
        return cls(text, _minutes(at))

    @property
    def day(self) -> int:
        return int(self.value // MINUTES)

    def beside(self, other: object) -> Pair | None:
        if not isinstance(other, str):
            return None
        if isinstance(other, Moment):
            return self.value, other.value
        if isinstance(other, Day):
            return self.day, other.value
        if at := _as_moment(other):
            return self.value, _minutes(at)
        day = _as_day(other)
        return (self.day, day.toordinal()) if day else None


class Flag(Printed):
    """A checkbox: false where it says no."""

    __slots__ = ()

    def __liquid__(self) -> str:
        return self if self.value else Untrue(self)

    def read(self, other: object) -> bool | None:
        return (
            YES_NO.get(other.strip().lower()) if isinstance(other, str) else other if isinstance(other, bool) else None
        )


def _as_day(text: str) -> date | None:
    """2026-12-01, 01.12.2026, and as letters print it."""
    try:
        return _day_of(text)
    except ValueError:  # 2026-02-31
        return None


def _as_moment(text: str) -> datetime | None:
    """A day as above with a time behind it, or with a zone as computers write it."""
    found = TIMED.fullmatch(text.strip())
    day = _as_day(found[1]) if found else None
    if not found or not day:
        return None
    try:
        at = datetime.combine(day, time.fromisoformat(re.sub(r"^(?=\d:)", "0", found[2])))
    except ValueError:  # 25:00
        return None
    return localtime(at, get_default_timezone()) if at.tzinfo else at


def _minutes(at: datetime) -> int:
    return at.toordinal() * MINUTES + at.hour * 60 + at.minute


def _day_of(text: str) -> date | None:
    if found := DOTTED.fullmatch(text.strip()):
        day, number, year = map(int, found.groups())
        return date(year, number, day)
    if (found := WORDY.fullmatch(text.strip())) and (month := _months().get(found[2].lower())):
        return date(int(found[3]), month, int(found[1]))
    return parse_date(text.strip())


def _months() -> dict[str, int]:
    """In the language of letters, whoever reads the page."""
    with override(settings.LANGUAGE_CODE):
        return {str(name).lower(): number for number, name in MONTHS_ALT.items()}


def side_by_side(left: object, right: object) -> Pair | None:
    """The two sides of «<» as Liquid can compare them; nothing is neither less nor more. None: they are unlike."""
    if isinstance(left, Nothing) or isinstance(right, Nothing):
        return None, None
    if isinstance(left, Printed):
        return left.beside(right)
    if isinstance(right, Printed):
        pair = right.beside(left)
        return pair and pair[::-1]
    return left, right


def is_same(left: object, right: object) -> bool:
    """«==»: nothing is the same as nil, '', blank and false."""
    if is_nothing(left) or is_nothing(right):
        return all(is_nothing(side) or side is False or side == "" for side in (left, right))
    if isinstance(right, Printed):
        left, right = right, left
    return left == right if isinstance(left, Printed) else logical._eq(left, right)


def kind(value: object) -> Any:
    """Of one kind are values that compare, and print, alike."""
    if is_nothing(value):
        return None
    if isinstance(value, Group):
        return value.path
    if isinstance(value, str) and not isinstance(value, Printed):
        return numeral(value) is not None, _as_day(value) is not None, _as_moment(value) is not None
    return tuple(map(kind, value)) if isinstance(value, tuple) else type(value)
