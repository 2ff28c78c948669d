"""The ``value`` of a condition: JSON in, the value that operators work with out, or ``Refused`` with what is wrong."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from . import dates
from .durations import Duration, parse_duration
from .operators import Shape, Type
from .registry import Field

MOST_VALUES = 10_000
LONGEST_TEXT = 10_000
LARGEST_POWER = 20  # of ten
LARGEST_ID = 2**63 - 1
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
LONGEST = Duration(100, "y")
FIRST_YEAR, LAST_YEAR = 1000, 9000


class Refused(Exception):
    """``below`` leads from the value to the part that is wrong."""

    def __init__(self, code: str, message: str, below: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.below = code, message, below


def read_value(field: Field, shape: Shape, raw: Any) -> Any:
    return SHAPES[shape](field, raw)


def read_duration(raw: Any) -> Duration:
    found = parse_duration(raw) if isinstance(raw, str) else None
    if found is None:
        raise Refused("bad_duration", _("Срок записывается числом и буквой: 12h, 14d, 2w, 3m, 1y"))
    if found.surely_longer_than(LONGEST):
        raise Refused("duration_too_long", _("Срок больше 100 лет. Укажите короче, например 90d"))
    return found


def read_number(raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        raise Refused("not_a_number", _("Нужно число"))
    number = Decimal(str(raw)) if isinstance(raw, float) else Decimal(raw)
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_POWER:
        raise Refused("bad_number", _("Такое число сравнить нельзя"))
    return number


def read_id(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 < raw <= LARGEST_ID:
        raise Refused("bad_id", _("Нужен номер записи"))
    return raw


def _one(field: Field, raw: Any) -> Any:
    return ITEMS[field.type](field, raw)


def _many(field: Field, raw: Any) -> tuple[Any, ...]:
    if not isinstance(raw, list):
        raise Refused("not_a_list", _("Нужен список значений"))
    if not raw:
        raise Refused("empty_list", _("Список пуст: выберите хотя бы одно значение"))
    if len(raw) > MOST_VALUES:
        raise Refused("too_many_values", _("В списке больше 10 000 значений"))
    return tuple(_at(str(index), field, one) for index, one in enumerate(raw))


def _at(below: str, field: Field, raw: Any) -> Any:
    try:
        return _one(field, raw)
    except Refused as refused:
        raise Refused(refused.code, refused.message, below) from None


def _pair(field: Field, raw: Any) -> tuple[Any, Any]:
    if not isinstance(raw, list) or len(raw) != 2:
        raise Refused("not_a_pair", _("Нужны два значения: от и до"))
    low, high = _at("0", field, raw[0]), _at("1", field, raw[1])
    if _is_reversed(low, high):
        raise Refused("reversed", _("Начало больше конца"))
    return low, high


def _is_reversed(low: Any, high: Any) -> bool:
    if isinstance(low, date):
        return dates.is_reversed(low, high)
    if isinstance(low, Duration):
        return low.surely_longer_than(high)
    return bool(low > high)


def _day(field: Field, raw: Any) -> date:
    found = _date(field, raw)
    if isinstance(found, datetime):
        raise Refused("not_a_date", _("Нужна дата без времени: 2026-11-21"))
    return found


def _period(field: Field, raw: Any) -> str:
    if not isinstance(raw, str) or raw not in dates.PERIODS:
        raise Refused("unknown_period", _("Такого периода нет"))
    return raw


SHAPES: dict[Shape, Callable[[Field, Any], Any]] = {
    Shape.ONE: _one,
    Shape.MANY: _many,
    Shape.PAIR: _pair,
    Shape.DAY: _day,
    Shape.DURATION: lambda field, raw: read_duration(raw),
    Shape.PERIOD: _period,
}


# --- one value of a type ------------------------------------------------------------------------------------
def _string(raw: Any) -> str:
    if not isinstance(raw, str):
        raise Refused("not_a_text", _("Нужен текст"))
    if not raw.strip():
        raise Refused("empty_value", _("Значение пустое"))
    if len(raw) > LONGEST_TEXT or "\0" in raw or any("\ud800" <= letter <= "\udfff" for letter in raw):
        raise Refused("bad_text", _("Такой текст сравнить нельзя"))
    return raw


def _text(field: Field, raw: Any) -> str:
    text = field.text.normal(_string(raw))
    if not text:
        raise Refused("bad_text", _("Здесь нечего сравнивать"))
    return text


def _date(field: Field, raw: Any) -> date | datetime:
    found = _parsed_date(raw) if isinstance(raw, str) else None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Refused("bad_date", _("Нужна дата 2026-11-21 или время с поясом 2026-11-21T14:00:00+03:00"))
    if isinstance(found, datetime) and found.tzinfo is None:
        raise Refused("no_zone", _("У времени не указан пояс: 2026-11-21T14:00:00+03:00"))
    return found


def _parsed_date(raw: str) -> date | datetime | None:
    try:
        if DAY.fullmatch(raw):
            return date.fromisoformat(raw)
        return datetime.fromisoformat(raw) if INSTANT.fullmatch(raw) else None
    except ValueError:
        return None


def _option(field: Field, raw: Any) -> str:
    text = _string(raw)
    if field.options is not None and text not in {key for key, _label in field.options}:
        raise Refused("unknown_option", _("Такого варианта нет: %(option)s") % {"option": text})
    return text


def _element(field: Field, raw: Any) -> Any:
    return read_id(raw) if field.by_id else _option(field, raw)


def _boolean(field: Field, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise Refused("not_a_boolean", _("Нужно true или false"))
    return raw


ITEMS: dict[Type, Callable[[Field, Any], Any]] = {
    Type.TEXT: _text,
    Type.NUMBER: lambda field, raw: read_number(raw),
    Type.MONEY: lambda field, raw: read_number(raw),
    Type.DATE: _date,
    Type.DATETIME: _date,
    Type.DURATION: lambda field, raw: read_duration(raw),
    Type.CHOICE: _option,
    Type.REFERENCE: lambda field, raw: read_id(raw),
    Type.SET: _element,
    Type.BOOLEAN: _boolean,
}
