"""How crmseg writes numbers, money, times and phones, in Russian and English. Pure: the language and `now` come in.

Thousands are parted by U+202F in both languages, minus is U+2212, units stand after U+00A0.
"""

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import phonenumbers
from babel.dates import format_timedelta
from babel.units import format_unit
from django.utils import timezone
from django.utils.dates import MONTHS_ALT
from django.utils.translation import gettext as _

THIN, NBSP, MINUS = "\u202f", "\u00a0", "\u2212"
SCALES = {"ru": ("тыс.", "млн", "млрд", "трлн"), "en": ("K", "M", "B", "T")}

WORD = re.compile(r"[^\W_]\S*")

Number = int | float | Decimal


def initials(name: str) -> str:
    """The first and the last word's; quotes and signs are none."""
    words = WORD.findall(name)
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()


def within(name: str) -> str:
    """A name that is put between «»: its own quotes become the inner ones."""
    return name.replace("«", "„").replace("»", "“")


def number(value: Number, language: str, places: int = 0) -> str:
    """1 284 500; with places at most that many decimals, none that are zero."""
    amount = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, _dot, part = f"{abs(amount):,f}".partition(".")
    part = part.rstrip("0")
    text = whole.replace(",", THIN) + (("," if language == "ru" else ".") + part if part else "")
    return MINUS + text if amount < 0 else text


def rub(value: Number, language: str) -> str:
    return f"{number(value, language)}{THIN}₽"


def rub_short(value: Number, language: str) -> str:
    """1,3 млрд ₽ for a headline: at most one decimal, none from a hundred up."""
    amount, unit = Decimal(str(value)), ""
    for scale in SCALES.get(language, SCALES["en"]):
        if abs(amount).quantize(Decimal(1), ROUND_HALF_UP) < 1000:
            break
        amount, unit = amount / 1000, scale
    if not unit:
        return rub(value, language)
    gap = NBSP if language == "ru" else ""
    return f"{number(amount, language, places=1 if abs(amount) < 100 else 0)}{gap}{unit}{THIN}₽"


def percent(value: Number, language: str) -> str:
    """15,6 %: the value is in per cent already."""
    return f"{number(value, language, places=1)}{THIN if language == 'ru' else ''}%"


def phone(value: str) -> str:
    """+7 (903) 555-18-42 for Russian numbers, the international form for others, as it came if it is none."""
    try:
        parsed = phonenumbers.parse(value, "RU")
    except phonenumbers.NumberParseException:
        return value
    digits = str(parsed.national_number)
    if parsed.country_code == 7 and len(digits) == 10:
        tail = f"+7 ({digits[:3]}) {digits[3:6]}-{digits[6:8]}-{digits[8:]}"
        extension = _("доб.")
        return f"{tail} {extension} {parsed.extension}" if parsed.extension else tail
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def day(value: date, language: str, year: bool = True) -> str:
    """21 ноя 2026."""
    month = str(MONTHS_ALT[value.month])[:3]
    month = month.lower() if language == "ru" else month
    return f"{value.day}{NBSP}{month}" + (f" {value.year}" if year else "")


def when(value: date | datetime, now: datetime, language: str) -> str:
    """сегодня, 14:32; вчера, 9:05; 5 ноя, 11:20; 21 ноя 2025, 14:32. A date has no time."""
    local = timezone.localtime(value) if isinstance(value, datetime) else None
    on = local.date() if local else value
    today = timezone.localtime(now).date()
    away = (on - today).days
    near = {0: _("сегодня"), -1: _("вчера"), 1: _("завтра")}[away] if -1 <= away <= 1 else ""
    text = near or day(on, language, year=on.year != today.year)
    return f"{text}, {local:%H:%M}" if local else text


def due(value: datetime, now: datetime, language: str) -> str:
    """As `when`; a minute to midnight is how amoCRM says «the whole day», so the day alone is said."""
    local = timezone.localtime(value)
    is_whole_day = (local.hour, local.minute) == (23, 59)
    return when(local.date() if is_whole_day else value, now, language)


def ago(value: datetime, now: datetime, language: str) -> str:
    """12 минут назад, вчера, 5 дней назад, через 3 дня; from a month on the date itself."""
    passed = now - value
    if abs(passed) < timedelta(minutes=1):
        return _("только что")
    days = (timezone.localtime(now).date() - timezone.localtime(value).date()).days
    if days in (1, -1) and abs(passed) >= timedelta(hours=12):
        return _("вчера") if days == 1 else _("завтра")
    if abs(days) > 30:
        return when(timezone.localtime(value).date(), now, language)
    if abs(passed) >= timedelta(days=1):
        return _in_days(-days, language)
    return format_timedelta(-passed, granularity="minute", threshold=1, add_direction=True, locale=language)


def _in_days(days: int, language: str) -> str:
    away = timedelta(days=days)
    return format_timedelta(away, granularity="day", threshold=31, add_direction=True, locale=language)


def days(value: Number | timedelta, language: str) -> str:
    """41 день."""
    count = value.days if isinstance(value, timedelta) else value
    word = format_unit(count, "duration-day", length="long", locale=language).split()[-1]
    return f"{number(count, language, places=1)}{NBSP}{word}"


def span(value: timedelta, language: str) -> str:
    """Time in a stage, short: 12 мин, 3 ч, 16 дн."""
    minutes = int(value.total_seconds() // 60)
    if minutes < 60:
        count, unit = max(minutes, 0), "duration-minute"
    elif minutes < 24 * 60:
        count, unit = minutes // 60, "duration-hour"
    else:
        count, unit = minutes // (24 * 60), "duration-day"
    return _stay(count, unit, language)


def median(value: timedelta, language: str) -> str:
    """Of many stays: 3 ч, 1,8 дн, 16 дн. Rounded, where a stay tells the days that are over."""
    if value < timedelta(days=1):
        return span(value, language)
    exact = Decimal(value / timedelta(days=1))
    step = Decimal("0.1") if exact < 10 else Decimal(1)
    return _stay(float(exact.quantize(step, ROUND_HALF_UP)), "duration-day", language)


def call(seconds: int, language: str) -> str:
    """How long people talked: 9 мин 42 с, 42 с."""
    parts = [(seconds // 60, "duration-minute"), (seconds % 60, "duration-second")]
    return " ".join(_stay(count, unit, language) for count, unit in parts if count)


@lru_cache(maxsize=4096)
def _stay(count: int | float, unit: str, language: str) -> str:
    words = format_unit(count, unit, length="short", locale=language).split()[-1].rstrip(".")
    return f"{number(count, language, places=1)}{NBSP}{words}"
