"""The few SQL shapes the rules need beyond the ORM's lookups.

Plain expressions rather than lookups: a lookup prepares its value by the column (2.5 becomes 2 beside an integer),
an expression compares what was written.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    BooleanField,
    DateField,
    DateTimeField,
    DecimalField,
    DurationField,
    Exists,
    Expression,
    F,
    Func,
    JSONField,
    Q,
    TextField,
    Value,
)
from django.utils import timezone

from .durations import Duration

Sql = Expression | F | Q
SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())  # what str.strip() takes away

NUMBER = DecimalField(max_digits=None, decimal_places=None)


def compare(left: Sql, operator: str, right: Sql) -> Func:
    return Func(left, right, template="(%(expressions)s)", arg_joiner=f" {operator} ", output_field=BooleanField())


def every(conditions: list[Any]) -> Q:
    return Q(*conditions)


def some(conditions: list[Any]) -> Q:
    return Q(*conditions, _connector=Q.OR)


def negated(condition: Any) -> Any:
    """The exact complement: true also where SQL would answer "unknown"."""
    if isinstance(condition, Exists):
        return ~condition
    return Func(condition, template="((%(expressions)s) IS NOT TRUE)", output_field=BooleanField())


def is_present(expression: Sql) -> Func:
    return Func(expression, template="(%(expressions)s IS NOT NULL)", output_field=BooleanField())


def number(value: Decimal) -> Value:
    return Value(value, output_field=NUMBER)


def moment(value: date | datetime) -> Value:
    return Value(value, output_field=DateTimeField() if isinstance(value, datetime) else DateField())


def array(values: tuple[Any, ...], of: str) -> Func:
    """``of`` is a PostgreSQL type: the driver cannot tell which array it is."""
    return Func(Value(list(values)), template=f"%(expressions)s::{of}[]", output_field=TextField())


def one_of(left: Sql, values: tuple[Any, ...], of: str) -> Func:
    listed = array(values, of)
    return Func(left, listed, template="(%(expressions)s))", arg_joiner=" = ANY (", output_field=BooleanField())


# --- text ---------------------------------------------------------------------------------------------------
class Trimmed(Func):
    output_field = TextField()

    def __init__(self, expression: Sql) -> None:
        super().__init__(expression, Value(SPACES), function="btrim")


class Folded(Func):
    """Lower case, ё = е: the same letters as the stored ``name_key``."""

    template = """replace(lower((%(expressions)s) COLLATE "pg_c_utf8"), 'ё', 'е')"""
    output_field = TextField()


class Repeated(Func):
    """Its one expression stands several times in the template."""

    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        sql, params = super().as_sql(compiler, connection)
        return sql, [*params] * str(self.template).count("%(expressions)s")


class Digits(Repeated):
    template = "translate(%(expressions)s, translate(%(expressions)s, '0123456789', ''), '')"
    output_field = TextField()


def text_in(left: Sql, literals: list[Sql]) -> Func:
    listed = Func(*literals, template="(%(expressions)s)", output_field=TextField())
    return compare(left, "IN", listed)


def contains(left: Sql, literal: Sql) -> Func:
    return Func(left, literal, template="(strpos(%(expressions)s) > 0)", output_field=BooleanField())


def starts_with(left: Sql, literal: Sql) -> Func:
    return Func(left, literal, function="starts_with", output_field=BooleanField())


def ends_with(left: Sql, literal: Sql) -> Func:
    length = Func(literal, function="length", output_field=TextField())
    return compare(Func(left, length, function="right", output_field=TextField()), "=", literal)


# --- custom values ------------------------------------------------------------------------------------------
def json_value(key: str) -> Func:
    return Func(F("custom"), Value(key), function="jsonb_extract_path", output_field=JSONField())


def json_text(key: str) -> Func:
    return Func(F("custom"), Value(key), function="jsonb_extract_path_text", output_field=TextField())


def json_any(key: str, values: tuple[str, ...]) -> Func:
    return Func(json_value(key), array(values, "text"), function="jsonb_exists_any", output_field=BooleanField())


def json_filled(key: str) -> Func:
    template = """(%(expressions)s <> ALL (ARRAY['[]', 'null', '""']::jsonb[]))"""
    return Func(json_value(key), template=template, output_field=BooleanField())


class JsonNumber(Repeated):
    """A value of the wrong form is a missing one; it must not break the query. So below."""

    template = "CASE WHEN jsonb_typeof(%(expressions)s) = 'number' THEN (%(expressions)s)::numeric END"
    output_field = NUMBER


class JsonDay(Repeated):
    template = (
        r"CASE WHEN %(expressions)s ~ '^\d{4}-\d\d-\d\d$' AND pg_input_is_valid(%(expressions)s, 'date')"
        " THEN (%(expressions)s)::date END"
    )
    output_field = DateField()


class JsonInstant(Repeated):
    template = (
        r"CASE WHEN %(expressions)s ~ '^\d{4}-\d\d-\d\d' AND pg_input_is_valid(%(expressions)s, 'timestamptz')"
        " THEN (%(expressions)s)::timestamptz END"
    )
    output_field = DateTimeField()


# --- time ---------------------------------------------------------------------------------------------------
def later(start: Sql, duration: Duration) -> Func:
    """``start`` moved ahead; months and years on the company's wall clock, as ``durations.ahead`` does it."""
    if not duration.is_calendar:
        return Func(
            start,
            _length(duration.length),
            template="(%(expressions)s)",
            arg_joiner=" + ",
            output_field=DateTimeField(),
        )
    zone = Value(str(timezone.get_default_timezone()))
    local = Func(zone, start, function="timezone", output_field=DateTimeField())
    months = Func(
        Value(duration.months), template="make_interval(months => %(expressions)s)", output_field=DurationField()
    )
    moved = Func(local, months, template="(%(expressions)s)", arg_joiner=" + ", output_field=DateTimeField())
    return Func(zone, moved, function="timezone", output_field=DateTimeField())


def seconds_between(start: Sql, end: Sql) -> Func:
    return Func(end, start, template="extract(epoch from (%(expressions)s))", arg_joiner=" - ", output_field=NUMBER)


def month_day(expression: Sql) -> Func:
    return Func(expression, template="to_char(%(expressions)s, 'MMDD')::int", output_field=TextField())


def _length(length: timedelta) -> Value:
    return Value(length, output_field=DurationField())
