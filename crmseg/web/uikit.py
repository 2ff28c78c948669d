"""Samples for /settings/ui-kit/: what every component looks like with likely content."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crmseg.web import formats


def is_shown() -> bool:
    return settings.DEBUG


@dataclass(frozen=True)
class Person:
    name: str
    hue: int

    @property
    def initials(self) -> str:
        return formats.initials(self.name)

    def __str__(self) -> str:
        return self.name


class SampleForm(forms.Form):
    subject = forms.CharField(label=_("Тема письма"), help_text=_("До 60 знаков: дальше почта её обрежет"))
    stage = forms.ChoiceField(label=_("Этап"), choices=[("1", _("Первичный контакт")), ("2", _("Согласование"))])
    days = forms.IntegerField(label=_("Дней без ответа"), error_messages={"invalid": _("Введите число")})
    text = forms.CharField(label=_("Текст"), widget=forms.Textarea(attrs={"rows": 3}))


PEOPLE = [Person("Юлия Щербакова", 250), Person("Артём Ковалёв", 205), Person("Мария Гусева", 330)]
STAGES = [
    (_("Неразобранное"), "#c4cad3"),
    (_("Первичный контакт"), "#98cbff"),
    (_("Расчёт отправлен"), "#ffce5a"),
    (_("Согласование"), "#ffc8c8"),
    (_("Успешно реализовано"), "#ccff66"),
]


def samples() -> dict[str, Any]:
    now = timezone.now()
    prefixes = (("light", _("Светлая тема")), ("dark", _("Тёмная тема")))
    filled = {"subject": _("Разберём вашу смету по строкам"), "stage": "2", "days": _("три"), "text": _("Добрый день")}
    return {
        "themes": [
            {"code": code, "name": name, "form": SampleForm(filled, auto_id=f"{code}_%s")} for code, name in prefixes
        ],
        "people": PEOPLE,
        "stages": [{"name": name, "color": color} for name, color in STAGES],
        "kpis": [
            {"label": _("Выручка"), "value": Decimal(184_600_000), "format": "rub", "delta": "12 %", "is_good": True},
            {
                "label": _("Конверсия в оплату"),
                "value": 5.5,
                "format": "percent",
                "delta": _("1,8 п. п."),
                "is_good": False,
            },
            {"label": _("Сделки в работе"), "value": 1284, "format": "num", "note": _("по всем воронкам")},
            {"label": _("Сделки без задач"), "value": 79, "format": "num", "note": _("31 % открытых")},
        ],
        "checks": [
            {"state": "ok", "text": _("Ссылка отписки и адрес отправителя на месте")},
            {"state": "warn", "text": _("У 37 контактов нет имени. Подставим «коллега»"), "action": _("Изменить")},
            {"state": "bad", "text": _("Этап удалён, замените его")},
        ],
        "rows": [
            (PEOPLE[0], 48, Decimal("12624000"), now),
            (PEOPLE[1], 61, Decimal("9948000"), now - timedelta(days=1)),
            (PEOPLE[2], 39, Decimal("1240000"), now - timedelta(days=16)),
        ],
        "moment": now - timedelta(hours=3),
        "icons": [
            "home",
            "layout-kanban",
            "users",
            "building",
            "checkbox",
            "target-arrow",
            "send",
            "chart-bar",
            "flame",
        ],
        "empty_actions": [
            {"label": _("Подключить amoCRM"), "icon": "plug-connected", "href": "#", "kind": "primary"},
            {"label": _("Создать сделку"), "icon": "plus", "href": "#"},
        ],
    }
