"""How values of a rule are written inside a sentence. Returns HTML-safe pieces: what people typed is escaped here."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.units import format_unit
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from crmseg.web import formats

from .durations import Duration
from .operators import Type
from .registry import Field
from .texts import PHONE

SHOWN = 5  # values of a list; the rest are counted
NBSP = "\u00a0"
UNITS = {"h": "hour", "d": "day", "w": "week", "m": "month", "y": "year"}
AFTER_NUMERAL = {  # «за последние 21 день, 2 недели, 5 лет»
    "h": {"one": "час", "few": "часа", "many": "часов"},
    "d": {"one": "день", "few": "дня", "many": "дней"},
    "w": {"one": "неделю", "few": "недели", "many": "недель"},
    "m": {"one": "месяц", "few": "месяца", "many": "месяцев"},
    "y": {"one": "год", "few": "года", "many": "лет"},
}
GENITIVE = {  # «дольше 21 дня, 2 недель, 5 лет»
    "h": {"one": "часа", "few": "часов", "many": "часов"},
    "d": {"one": "дня", "few": "дней", "many": "дней"},
    "w": {"one": "недели", "few": "недель", "many": "недель"},
    "m": {"one": "месяца", "few": "месяцев", "many": "месяцев"},
    "y": {"one": "года", "few": "лет", "many": "лет"},
}
LAST = {
    "h": gettext_lazy("последний час"),
    "d": gettext_lazy("последний день"),
    "w": gettext_lazy("последнюю неделю"),
    "m": gettext_lazy("последний месяц"),
    "y": gettext_lazy("последний год"),
}
NEXT = {
    "h": gettext_lazy("ближайший час"),
    "d": gettext_lazy("ближайший день"),
    "w": gettext_lazy("ближайшую неделю"),
    "m": gettext_lazy("ближайший месяц"),
    "y": gettext_lazy("ближайший год"),
}
PERIODS = {
    "today": gettext_lazy("сегодня"),
    "yesterday": gettext_lazy("вчера"),
    "this_week": gettext_lazy("на этой неделе"),
    "last_week": gettext_lazy("на прошлой неделе"),
    "this_month": gettext_lazy("в этом месяце"),
    "last_month": gettext_lazy("в прошлом месяце"),
    "this_quarter": gettext_lazy("в этом квартале"),
    "last_quarter": gettext_lazy("в прошлом квартале"),
    "this_year": gettext_lazy("в этом году"),
    "last_year": gettext_lazy("в прошлом году"),
}
Names = dict[str, dict[int, str]]


def language() -> str:
    return (get_language() or "ru")[:2]


def span(duration: Duration) -> str:
    return _counted(duration, AFTER_NUMERAL)


def last(duration: Duration) -> str:
    """«последние 7 дней», and one of them without its numeral."""
    return str(LAST[duration.unit]) if duration.count == 1 else _("последние %(span)s") % {"span": span(duration)}


def coming(duration: Duration) -> str:
    return str(NEXT[duration.unit]) if duration.count == 1 else _("ближайшие %(span)s") % {"span": span(duration)}


def span_of(duration: Duration) -> str:
    return _counted(duration, GENITIVE)


def value_words(field: Field, value: Any, names: Names) -> dict[str, Any]:
    """What the phrase of an operator may ask for."""
    if isinstance(value, Duration):
        return {"span": span(value), "span_of": span_of(value), "last": last(value), "coming": coming(value)}
    if isinstance(value, tuple):
        said = [one(field, part, names) for part in value[:SHOWN]]
        more = len(value) - SHOWN
        return {
            "low": said[0],
            "high": said[-1],
            "or": _joined(said, _(" или "), more),
            "and": _joined(said, _(" и "), more),
            "nor": _joined(said, _(", ни "), more, last=_(", ни ")),
        }
    return {} if value is None else {"value": one(field, value, names)}


def one(field: Field, value: Any, names: Names) -> SafeString | str:
    if isinstance(value, Duration):
        return span_of(value)
    if isinstance(value, bool):
        return _("да") if value else _("нет")
    if isinstance(value, date):
        return _date(value)
    if isinstance(value, Decimal):
        return _number(field, value)
    if isinstance(value, int):
        return quoted(names.get(field.reference or "", {}).get(value) or _("№ %(number)s") % {"number": value})
    if value in PERIODS and field.type in {Type.DATE, Type.DATETIME}:
        return str(PERIODS[value])
    if field.text is PHONE and len(value) > 10:
        return formats.phone(f"+{value}")
    return quoted(dict(field.options or ()).get(value, value))


def quoted(text: Any) -> SafeString:
    return fill(_("«%(text)s»"), {"text": text})


def fill(phrase: Any, words: dict[str, Any]) -> SafeString:
    """A translated phrase with its values; both are escaped once."""
    return mark_safe(conditional_escape(str(phrase)) % {key: conditional_escape(word) for key, word in words.items()})  # noqa: S308


def _joined(said: Sequence[Any], word: str, more: int, last: str | None = None) -> SafeString:
    *first, end = said
    parts = mark_safe(  # noqa: S308
        (last or ", ").join(conditional_escape(part) for part in first)
    )
    if more > 0:
        together = mark_safe((last or ", ").join(conditional_escape(part) for part in said))  # noqa: S308
        return format_html("{} {}", together, _("и ещё %(count)s") % {"count": formats.number(more, language())})
    return format_html("{}{}{}", parts, word, end) if first else format_html("{}", end)


def _number(field: Field, value: Decimal) -> str:
    written = formats.number(value, language(), places=6)
    units: dict[Type, Callable[[], str]] = {
        Type.MONEY: lambda: f"{formats.THIN}₽",
        Type.DURATION: lambda: NBSP + _("с"),
    }
    return written + units.get(field.type, lambda: "")()


def _date(value: date) -> str:
    if not isinstance(value, datetime):
        return formats.day(value, language())
    local = timezone.localtime(value, timezone.get_default_timezone())
    return f"{formats.day(local.date(), language())}, {local:%H:%M}"


def _counted(duration: Duration, words: dict[str, dict[str, str]]) -> str:
    """Russian by its cases; other languages have one form after a numeral, and Babel knows it."""
    if language() == "ru":
        form = Locale("ru").plural_form(duration.count)
        return f"{formats.number(duration.count, 'ru')}{NBSP}{words[duration.unit][form]}"
    return format_unit(duration.count, f"duration-{UNITS[duration.unit]}", length="long", locale=language())
