"""Template words of every page; built in, so no template has to load them. Formats come from crmseg.web.formats."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.core.files.storage import Storage, storages
from django.forms import BoundField, CheckboxInput, RadioSelect, Select, Textarea
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from crmseg.web import formats
from crmseg.web.panels import panels_for

register = template.Library()


def _language() -> str:
    return (get_language() or "ru")[:2]


def _number_filter(name: str, write: Callable[[Any, str], str]) -> None:
    """A filter that writes a value in the language of the page, and a dash where there is none."""

    def shown(value: Any) -> str:
        return "—" if value is None or value == "" else write(value, _language())

    register.filter(name, shown)


_number_filter("num", formats.number)
_number_filter("decimal", lambda value, language: formats.number(value, language, places=4))
_number_filter("rub", formats.rub)
_number_filter("rub_short", formats.rub_short)
_number_filter("percent", formats.percent)
_number_filter("days", formats.days)


@register.filter
def phone(value: str | None) -> str:
    return formats.phone(value) if value else "—"


@register.filter
def when(value: date | datetime | None) -> str:
    return formats.when(value, timezone.now(), _language()) if value else "—"


@register.filter
def due(value: datetime | None) -> str:
    """When a task is due; of a whole day the day alone."""
    return formats.due(value, timezone.now(), _language()) if value else "—"


@register.filter
def day(value: date | datetime | None) -> str:
    """21 ноя 2026, without the hour."""
    on = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return "" if on is None else formats.day(on, _language())


@register.filter
def ago(value: datetime | None) -> str:
    return formats.ago(value, timezone.now(), _language()) if value else "—"


@register.filter
def span(value: timedelta | datetime | None) -> str:
    """How long, or since when: 12 мин, 3 ч, 16 дн."""
    if value is None:
        return "—"
    return formats.span(timezone.now() - value if isinstance(value, datetime) else value, _language())


@register.filter
def median(value: timedelta) -> str:
    """How long the stays of many are: 3 ч, 1,8 дн, 16 дн."""
    return formats.median(value, _language())


@register.filter
def at(values: Mapping[Any, Any], key: Any) -> Any:
    """What stands under a key: {{ facts|at:contact.pk }}."""
    return values.get(key)


@register.simple_tag
def icon(name: str, size: int = 16, label: str = "") -> SafeString:
    """A symbol of img/icons.svg; hidden from screen readers unless it has a label of its own."""
    return _symbol(storages["staticfiles"], name, size, str(label))


@lru_cache(maxsize=1024)
def _symbol(storage: Storage, name: str, size: int, label: str) -> SafeString:
    """Remembered: a board has hundreds of the same few."""
    name_for_all = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    sprite = storage.url("img/icons.svg")
    words = '<svg class="i" width="{0}" height="{0}" {1}><use href="{2}#{3}"/></svg>'
    return format_html(words, size, name_for_all, sprite, name)


@register.simple_tag
def avatar(user: Any, size: int = 22) -> SafeString:
    """Initials on a colour of one's own; the name as a title, since the letters alone say little."""
    if user is None:
        return mark_safe("")
    hue = getattr(user, "hue", (getattr(user, "pk", 0) or 0) * 137 % 360)
    name = str(user)
    initials = getattr(user, "initials", "") or "".join(word[0] for word in formats.WORD.findall(name)[:2]).upper()
    return _letters(hue, size, name, initials)


@lru_cache(maxsize=1024)
def _letters(hue: int, size: int, name: str, initials: str) -> SafeString:
    words = '<span class="avatar" style="--h:{};--s:{}px" title="{}" aria-hidden="true">{}</span>'
    return format_html(words, hue, size, name, initials)


@register.simple_tag
def widget(field: BoundField) -> SafeString:
    """A form field's input in our clothes, described by its help and its errors; the first wrong one has the focus."""
    kinds = {Textarea: "textarea", RadioSelect: "", CheckboxInput: "", Select: "select wide"}
    clothes = next((name for kind, name in kinds.items() if isinstance(field.field.widget, kind)), "input wide")
    own = field.field.widget.attrs.get("class", "")
    described = [f"{field.auto_id}_help"] if field.help_text else []
    described += [f"{field.auto_id}_error"] if field.errors else []
    attrs: dict[str, Any] = {"class": f"{clothes} {own}".strip()}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if field.errors:
        attrs["aria-invalid"] = "true"
        if field.name == next((name for name in field.form.fields if name in field.form.errors), ""):
            attrs["autofocus"] = True
    return field.as_widget(attrs=attrs)


@register.simple_block_tag(takes_context=True)
def card(context: Context, content: str, title: str = "", note: str = "", icon_name: str = "") -> SafeString:
    """{% card _("Воронка") note=… %}…{% endcard %}"""
    return _around("components/card.html", content, title=title, note=note, icon=icon_name)


@register.simple_block_tag(takes_context=True)
def modal(context: Context, content: str, id: str, title: str, open: bool = False) -> SafeString:
    """{% modal "lost" _("Причина отказа") %}…{% endmodal %}; a button with data-open="lost" opens it."""
    return _around("components/modal.html", content, id=id, title=title, open=open)


@register.simple_block_tag(takes_context=True)
def menu(context: Context, content: str, id: str, label: str) -> SafeString:
    """{% menu "deal-menu" _("Действия") %}<button class="item">…{% endmenu %}, opened by popovertarget="deal-menu"."""
    return _around("components/menu.html", content, id=id, label=label)


def _around(name: str, content: str, **values: Any) -> SafeString:
    return render_to_string(name, {"content": content, **values})


@register.simple_tag(takes_context=True)
def panels(context: Context, place: str, subject: Any = None) -> SafeString:
    """What upper packages show at this place of a page."""
    request = context["request"]
    blocks = (render_to_string(p.template, p.context, request) for p in panels_for(place, request, subject))
    return mark_safe("".join(blocks))  # noqa: S308  every block was escaped by its own template


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """This page's query string with some values changed (None takes one out): {% query cursor=page.next %}"""
    values = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
    return f"?{values.urlencode()}"
