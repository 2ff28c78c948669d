"""Values that print as people read them and compare as what they are: «7 030 000 ₽» is more than 7000000.

A text beside one of them in a condition is read as the same kind where it can be, «7 030 000» or «2026-12-31»; where it
cannot, the two compare as texts.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Any, Self

from django.utils.dateparse import parse_date

from .nothing import Nothing

NUMERAL = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?")
SIGNS = re.compile(r"[\s₽]")
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
        """What it may be compared with; None: as texts only."""
        return None

    def beside(self, other: object) -> Pair:
        """Both as Liquid compares them."""
        read = other.value if type(other) is type(self) else self.read(other)
        return (str(self), other) if read is None else (self.value, read)

    def __eq__(self, other: object) -> bool:
        mine, read = self.beside(other)
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
        try:
            found = parse_date(other) if isinstance(other, str) else None
        except ValueError:  # 2026-02-31
            return None
        return found.toordinal() if found else None


def side_by_side(left: object, right: object) -> Pair:
    """The two sides of «<» as Liquid can compare them; a number and nothing are not compared."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Nothing) and (isinstance(other, Printed) or not isinstance(other, str)):
            return None, None
    if isinstance(left, Printed):
        return left.beside(right)
    return right.beside(left)[::-1] if isinstance(right, Printed) else (left, right)
