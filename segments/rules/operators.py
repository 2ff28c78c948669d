"""The table of operators. An operator is one object that knows its key, its name, the shape of its value,
what it asks of a field's value and how to say itself; parser, compiler and sentence read nothing else.

A negative operator is the exact complement of its positive one, so it holds where the value is missing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from django.db.models import Func, IntegerField, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from . import dates
from .access import Access, Clock, Test
from .durations import ahead
from .sql import (
    Sql,
    array,
    compare,
    contains,
    ends_with,
    every,
    is_present,
    later,
    moment,
    month_day,
    negated,
    number,
    one_of,
    starts_with,
    text_in,
)
from .texts import TextForm


class Type(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    DATETIME = "datetime"
    DURATION = "duration"
    CHOICE = "choice"
    REFERENCE = "reference"
    SET = "set"
    BOOLEAN = "boolean"


class Shape(StrEnum):
    """What stands in ``value``: of the field's type unless said otherwise."""

    NONE = "none"
    ONE = "one"
    MANY = "many"
    PAIR = "pair"
    DAY = "day"  # a date, not a datetime
    DURATION = "duration"
    PERIOD = "period"


class Subject(Protocol):
    """What an operator must know of a field."""

    @property
    def type(self) -> Type: ...

    @property
    def access(self) -> Access: ...

    @property
    def text(self) -> TextForm: ...

    @property
    def by_id(self) -> bool: ...


Build = Callable[[Subject, Any, Clock], Test]


@dataclass(frozen=True)
class Operator:
    key: str
    label: Promise
    phrase: Promise  # the same within a sentence, with the value in it
    shape: Shape
    build: Build
    is_negative: bool = False

    def condition(self, field: Subject, value: Any, clock: Clock) -> Any:
        """True, false or (where the value is missing) unknown; never unknown when negative."""
        found = field.access.where(self.build(field, value, clock), clock)
        return negated(found) if self._denies(field, value) else found

    def test(self, field: Subject, value: Any, clock: Clock) -> Test:
        """What it asks of an expression, its own negation included."""
        found = self.build(field, value, clock)
        if not self.is_negative:
            return found
        return replace(found, sql=lambda e: negated(found.sql(e)), holds=lambda v: not found.holds(v))

    def _denies(self, field: Subject, value: Any) -> bool:
        return self.is_negative or (field.type == Type.BOOLEAN and value is False)


# --- what is asked ------------------------------------------------------------------------------------------
def _text(build: Callable[[Sql, Sql], Any]) -> Build:
    def ask(field: Subject, value: Any, clock: Clock) -> Test:
        return Test(lambda e: build(field.text.column(e), field.text.literal(value)))

    return ask


def _text_in(field: Subject, value: Any, clock: Clock) -> Test:
    return Test(lambda e: text_in(field.text.column(e), [field.text.literal(one) for one in value]))


def _text_is_set(field: Subject, value: Any, clock: Clock) -> Test:
    return Test(lambda e: compare(field.text.column(e), "<>", Value("")))


COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _number(sign: str) -> Build:
    def ask(field: Subject, value: Any, clock: Clock) -> Test:
        return Test(lambda e: compare(e, sign, number(value)), holds=lambda v: COMPARISONS[sign](v, value))

    return ask


def _number_between(field: Subject, value: Any, clock: Clock) -> Test:
    low, high = value
    return Test(
        lambda e: every([compare(e, ">=", number(low)), compare(e, "<=", number(high))]),
        holds=lambda v: low <= v <= high,
    )


def _number_in(field: Subject, value: Any, clock: Clock) -> Test:
    return Test(lambda e: one_of(e, value, "numeric"), holds=lambda v: v in value)


def _is_set(field: Subject, value: Any, clock: Clock) -> Test:
    return Test(is_present, holds=lambda v: True)


def _date(op: str) -> Build:
    def ask(field: Subject, value: Any, clock: Clock) -> Test:
        bounds = dates.limits(op, value, clock.now, by_day=field.type == Type.DATE)
        return Test(lambda e: every([compare(e, sign, moment(bound)) for sign, bound in bounds]))

    return ask


def _anniversary(field: Subject, value: Any, clock: Clock) -> Test:
    days = dates.anniversaries(dates.local_day(clock.now), dates.local_day(ahead(clock.now, value)))
    return Test(is_present) if days is None else Test(lambda e: one_of(month_day(e), tuple(days), "int"))


def _duration(sign: str) -> Build:
    def ask(field: Subject, value: Any, clock: Clock) -> Test:
        return _span(lambda start, end: compare(end, sign, later(start, value)))

    return ask


def _duration_between(field: Subject, value: Any, clock: Clock) -> Test:
    low, high = value
    return _span(
        lambda start, end: every([compare(end, ">=", later(start, low)), compare(end, "<=", later(start, high))])
    )


def _span(build: Callable[[Sql, Sql], Any]) -> Test:
    return Test(sql=is_present, span=build)


def _equal(field: Subject, value: Any, clock: Clock) -> Test:
    return _among(field, (value,), clock)


def _among(field: Subject, value: Any, clock: Clock) -> Test:
    return Test(lambda e: one_of(e, value, _array_type(field)), equals=tuple(value))


def _choice_is_set(field: Subject, value: Any, clock: Clock) -> Test:
    return Test(is_present if field.by_id else lambda e: compare(e, "<>", Value("")))


def _any_of(field: Subject, value: Any, clock: Clock) -> Test:
    return Test(lambda e: compare(e, "&&", array(value, _array_type(field))), any_of=tuple(value))


def _all_of(field: Subject, value: Any, clock: Clock) -> Test:
    return Test(lambda e: compare(e, "@>", array(value, _array_type(field))), all_of=tuple(value))


def _filled(field: Subject, value: Any, clock: Clock) -> Test:
    def sql(expression: Sql) -> Any:
        return compare(Func(expression, function="cardinality", output_field=IntegerField()), ">", Value(0))

    return Test(sql, filled=True)


def _array_type(field: Subject) -> str:
    return "bigint" if field.by_id else "varchar"


def _true(field: Subject, value: Any, clock: Clock) -> Test:
    return Test(lambda e: compare(e, "=", Value(True)), equals=(True,))


# --- the table ----------------------------------------------------------------------------------------------
def _table(*operators: Operator) -> dict[str, Operator]:
    return {operator.key: operator for operator in operators}


def _presence(is_set: Build) -> Iterable[Operator]:
    yield Operator("is_set", _("заполнено"), _("— есть"), Shape.NONE, is_set)
    yield Operator("is_not_set", _("не заполнено"), _("— нет"), Shape.NONE, is_set, is_negative=True)


def _same(left: Sql, right: Sql) -> Any:
    return compare(left, "=", right)


TEXT = _table(
    Operator("eq", _("равно"), _("— %(value)s"), Shape.ONE, _text(_same)),
    Operator("ne", _("не равно"), _("не %(value)s"), Shape.ONE, _text(_same), is_negative=True),
    Operator("contains", _("содержит"), _("содержит %(value)s"), Shape.ONE, _text(contains)),
    Operator(
        "not_contains", _("не содержит"), _("не содержит %(value)s"), Shape.ONE, _text(contains), is_negative=True
    ),
    Operator("starts_with", _("начинается с"), _("начинается с %(value)s"), Shape.ONE, _text(starts_with)),
    Operator("ends_with", _("заканчивается на"), _("заканчивается на %(value)s"), Shape.ONE, _text(ends_with)),
    Operator("in", _("одно из"), _("— %(or)s"), Shape.MANY, _text_in),
    Operator("not_in", _("ни одно из"), _("— ни %(nor)s"), Shape.MANY, _text_in, is_negative=True),
    *_presence(_text_is_set),
)
NUMBER = _table(
    Operator("eq", _("равно"), _("равно %(value)s"), Shape.ONE, _number("=")),
    Operator("ne", _("не равно"), _("не равно %(value)s"), Shape.ONE, _number("="), is_negative=True),
    Operator("lt", _("меньше"), _("меньше %(value)s"), Shape.ONE, _number("<")),
    Operator("lte", _("не больше"), _("не больше %(value)s"), Shape.ONE, _number("<=")),
    Operator("gt", _("больше"), _("больше %(value)s"), Shape.ONE, _number(">")),
    Operator("gte", _("не меньше"), _("не меньше %(value)s"), Shape.ONE, _number(">=")),
    Operator("between", _("от и до"), _("от %(low)s до %(high)s"), Shape.PAIR, _number_between),
    Operator("in", _("одно из"), _("равно %(or)s"), Shape.MANY, _number_in),
    *_presence(_is_set),
)
DATETIME = _table(
    Operator("before", _("раньше"), _("раньше %(value)s"), Shape.ONE, _date("before")),
    Operator("after", _("позже"), _("позже %(value)s"), Shape.ONE, _date("after")),
    Operator("on", _("в этот день"), pgettext_lazy("в этот день", "— %(value)s"), Shape.DAY, _date("on")),
    Operator("between", _("с и по"), _("с %(low)s по %(high)s"), Shape.PAIR, _date("between")),
    Operator("within_last", _("за последние"), _("за %(last)s"), Shape.DURATION, _date("within_last")),
    Operator(
        "more_than_ago", _("больше чем назад"), _("больше %(span_of)s назад"), Shape.DURATION, _date("more_than_ago")
    ),
    Operator("within_next", _("в ближайшие"), _("в %(coming)s"), Shape.DURATION, _date("within_next")),
    Operator(
        "more_than_ahead",
        _("позже чем через"),
        _("позже чем через %(span)s"),
        Shape.DURATION,
        _date("more_than_ahead"),
    ),
    Operator("in_period", _("в течение"), _("%(value)s"), Shape.PERIOD, _date("in_period")),
    *_presence(_is_set),
)
DATE = DATETIME | _table(
    Operator(
        "anniversary_within_next",
        _("годовщина в ближайшие"),
        _("— годовщина в %(coming)s"),
        Shape.DURATION,
        _anniversary,
    ),
)
DURATION = _table(
    Operator("lt", _("меньше"), _("меньше %(span_of)s"), Shape.ONE, _duration("<")),
    Operator("lte", _("не дольше"), _("не дольше %(span_of)s"), Shape.ONE, _duration("<=")),
    Operator("gt", _("дольше"), _("дольше %(span_of)s"), Shape.ONE, _duration(">")),
    Operator("gte", _("не меньше"), _("не меньше %(span_of)s"), Shape.ONE, _duration(">=")),
    Operator("between", _("от и до"), _("от %(low)s до %(high)s"), Shape.PAIR, _duration_between),
)
CHOICE = _table(
    Operator("eq", _("это"), _("— %(value)s"), Shape.ONE, _equal),
    Operator("ne", _("не"), _("не %(value)s"), Shape.ONE, _equal, is_negative=True),
    Operator("in", _("одно из"), _("— %(or)s"), Shape.MANY, _among),
    Operator("not_in", _("ни одно из"), _("— ни %(nor)s"), Shape.MANY, _among, is_negative=True),
    *_presence(_choice_is_set),
)
SET = _table(
    Operator("any_of", _("есть любое из"), _("— %(or)s"), Shape.MANY, _any_of),
    Operator("all_of", _("есть все"), _("— %(and)s"), Shape.MANY, _all_of),
    Operator("none_of", _("нет ни одного из"), _("— нет ни %(nor)s"), Shape.MANY, _any_of, is_negative=True),
    *_presence(_filled),
)
BOOLEAN = _table(Operator("eq", pgettext_lazy("да или нет", "это"), _("— %(value)s"), Shape.ONE, _true))

OPERATORS: dict[Type, dict[str, Operator]] = {
    Type.TEXT: TEXT,
    Type.NUMBER: NUMBER,
    Type.MONEY: NUMBER,
    Type.DATE: DATE,
    Type.DATETIME: DATETIME,
    Type.DURATION: DURATION,
    Type.CHOICE: CHOICE,
    Type.REFERENCE: CHOICE,
    Type.SET: SET,
    Type.BOOLEAN: BOOLEAN,
}
AGGREGATE = {key: NUMBER[key] for key in ("eq", "ne", "lt", "lte", "gt", "gte", "between", "in")}
