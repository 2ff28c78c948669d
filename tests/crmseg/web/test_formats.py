from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation

from crmseg.web import formats

NOW = datetime(2026, 11, 21, 11, 32, tzinfo=UTC)  # 14:32 in Moscow


def plain(text):
    """Spaces of all kinds become ordinary ones, so the table below can be read."""
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_thousands_stand_apart_by_a_narrow_space_and_minus_is_a_minus():
    assert formats.number(-1284500, "ru") == "\u22121\u202f284\u202f500"
    assert formats.rub(1284500, "ru") == "1\u202f284\u202f500\u202f₽"


@pytest.mark.parametrize(
    ("value", "ru", "en"),
    [
        (0, "0 ₽", "0 ₽"),
        (999, "999 ₽", "999 ₽"),
        (Decimal("999.60"), "1 тыс. ₽", "1K ₽"),
        (12_300, "12,3 тыс. ₽", "12.3K ₽"),
        (999_950, "1 млн ₽", "1M ₽"),
        (86_300_000, "86,3 млн ₽", "86.3M ₽"),
        (690_000_000, "690 млн ₽", "690M ₽"),
        (1_300_000_000, "1,3 млрд ₽", "1.3B ₽"),
        (-1_500_000, "−1,5 млн ₽", "−1.5M ₽"),
    ],
)
def test_short_money(value, ru, en):
    assert plain(formats.rub_short(value, "ru")) == ru
    assert plain(formats.rub_short(value, "en")) == en


@pytest.mark.parametrize(("value", "ru", "en"), [(15.6, "15,6 %", "15.6%"), (8, "8 %", "8%"), (0.04, "0 %", "0%")])
def test_percent(value, ru, en):
    assert plain(formats.percent(value, "ru")) == ru
    assert plain(formats.percent(value, "en")) == en


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+79035551842", "+7 (903) 555-18-42"),
        ("8 903 555 18 42", "+7 (903) 555-18-42"),
        ("+442079460958", "+44 20 7946 0958"),
        ("спросить у секретаря", "спросить у секретаря"),
    ],
)
def test_phone(value, shown):
    assert formats.phone(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (NOW, "сегодня, 14:32"),
        (NOW - timedelta(hours=15), "вчера, 23:32"),
        (NOW + timedelta(days=1), "завтра, 14:32"),
        (NOW - timedelta(days=16), "5 ноя, 14:32"),
        (NOW - timedelta(days=365), "21 ноя 2025, 14:32"),
        (date(2026, 5, 9), "9 мая"),
    ],
)
def test_when_in_russian(value, shown):
    with translation.override("ru"):
        assert plain(formats.when(value, NOW, "ru")) == shown


def test_when_in_english():
    with translation.override("en"):
        assert plain(formats.when(NOW - timedelta(days=365), NOW, "en")) == "21 Nov 2025, 14:32"


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=20), "только что"),
        (timedelta(minutes=12), "12 минут назад"),
        (timedelta(hours=3), "3 часа назад"),
        (timedelta(hours=20), "вчера"),
        (timedelta(days=21), "21 день назад"),
        (timedelta(days=40), "12 окт"),
        (timedelta(days=-3), "через 3 дня"),
    ],
)
def test_ago(passed, shown):
    with translation.override("ru"):
        assert plain(formats.ago(NOW - passed, NOW, "ru")) == shown


@pytest.mark.parametrize(
    ("value", "ru", "en"),
    [(1, "1 день", "1 day"), (22, "22 дня", "22 days"), (41, "41 день", "41 days"), (1.8, "1,8 дня", "1.8 days")],
)
def test_days(value, ru, en):
    assert plain(formats.days(value, "ru")) == ru
    assert plain(formats.days(value, "en")) == en


@pytest.mark.parametrize(
    ("value", "shown"),
    [(timedelta(minutes=12), "12 мин"), (timedelta(hours=23, minutes=59), "23 ч"), (timedelta(days=41), "41 дн")],
)
def test_span(value, shown):
    assert plain(formats.span(value, "ru")) == shown


@pytest.mark.parametrize(
    ("days", "ru", "en"),
    [
        (0.13, "3 ч", "3 hr"),
        (1.0, "1 дн", "1 day"),
        (1.04, "1 дн", "1 day"),
        (1.61, "1,6 дн", "1.6 days"),
        (1.75, "1,8 дн", "1.8 days"),
        (9.94, "9,9 дн", "9.9 days"),
        (9.96, "10 дн", "10 days"),
        (16.5, "17 дн", "17 days"),
    ],
)
def test_median_is_rounded_and_tells_tenths_below_ten_days(days, ru, en):
    told = [plain(formats.median(timedelta(days=days), language)) for language in ("ru", "en")]
    assert told == [ru, en]


@pytest.mark.parametrize(
    ("hour", "minute", "shown"), [(23, 59, "завтра"), (23, 0, "завтра, 23:00"), (0, 0, "завтра, 00:00")]
)
def test_task_of_a_whole_day_is_due_on_the_day(hour, minute, shown):
    tomorrow = timezone.localtime(NOW) + timedelta(days=1)
    assert formats.due(tomorrow.replace(hour=hour, minute=minute), NOW, "ru") == shown
