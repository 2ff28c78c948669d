"""What a template may say of a person: plain texts only, by an allow-list; numbers and dates compare as such.

What flows in: ids of contacts. What flows out: for each ``{"contact": {…}, "deal": {…}}`` of texts, loaded in a handful
of queries for a whole batch. The deal is the latest one of the contact that is not deleted. ``names()`` are the names
a template may use, each with a typical value.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import get_default_timezone, localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crmseg.web import formats
from pipelines.models import Contact, CustomField, Deal, DealContact

from . import greeting
from .liquid.names import Names
from .liquid.printed import Day, Flag, Moment, Number, numeral

Values = dict[str, Any]

CONTACT: dict[str, Callable[[Contact], str]] = {
    "name": lambda contact: contact.name,
    "first_name": lambda contact: contact.first_name or greeting.first_name(contact.name),
    "last_name": lambda contact: contact.last_name,
    "company": lambda contact: contact.company.name if contact.company else "",
    "responsible": lambda contact: str(contact.responsible or ""),
}
DEAL: dict[str, Callable[[Deal], str]] = {
    "name": lambda deal: deal.name,
    "price": lambda deal: _money(deal.price or None),  # amoCRM says 0 where no budget is set
    "stage": lambda deal: deal.stage.name,
    "pipeline": lambda deal: deal.pipeline.name,
    "responsible": lambda deal: str(deal.responsible or ""),
}


TYPICAL: dict[str, Any] = {
    CustomField.Form.NUMBER: 5,
    CustomField.Form.MONEY: 5000,
    CustomField.Form.BOOLEAN: True,
    CustomField.Form.DATE: "2026-11-21",
    CustomField.Form.DATETIME: "2026-11-21T14:32:00+00:00",
}
WORD = "Анна"


def names() -> Names:
    """What `values` may give of anybody, and what each letter adds."""
    custom: dict[str, Names] = {"contact": {}, "deal": {}}
    for (entity, key), form in _forms().items():
        custom.setdefault(entity, {})[key] = _text(TYPICAL.get(form, WORD), form)
    return {
        "contact": {**dict.fromkeys(CONTACT, WORD), "custom": custom["contact"]},
        "deal": {**dict.fromkeys(DEAL, WORD), "price": _money(TYPICAL["money"]), "custom": custom["deal"]},
        "unsubscribe_url": "#",
    }


def people(contact_ids: Iterable[int]) -> dict[int, Values]:
    contacts = Contact.objects.filter(pk__in=list(contact_ids)).select_related("company", "responsible")
    forms = _forms()
    deals = _deals([contact.pk for contact in contacts])
    with translation.override(settings.LANGUAGE_CODE):  # who previews a letter may read another one
        return {contact.pk: values(contact, deals.get(contact.pk), forms) for contact in contacts}


def values(contact: Contact, deal: Deal | None, forms: dict[tuple[str, str], str]) -> Values:
    return {
        "contact": {name: say(contact) for name, say in CONTACT.items()}
        | {"custom": _custom(contact.custom, "contact", forms)},
        "deal": {name: say(deal) if deal else "" for name, say in DEAL.items()}
        | {"custom": _custom(deal.custom if deal else {}, "deal", forms)},
    }


def _deals(contact_ids: list[int]) -> dict[int, Deal]:
    related = latest_deals(Q(contact__in=contact_ids)).select_related(
        "deal__stage", "deal__pipeline", "deal__responsible"
    )
    return {link.contact_id: link.deal for link in related}


def latest_deals(of: Q) -> QuerySet[DealContact]:
    """One link a contact: to its latest deal."""
    links = DealContact.objects.filter(of, deal__deleted_at__isnull=True)
    return links.order_by("contact_id", "-deal__created_at", "-deal_id").distinct("contact_id")


def _forms() -> dict[tuple[str, str], str]:
    fields = CustomField.objects.filter(deleted_at__isnull=True).exclude(form=CustomField.Form.OTHER)
    return {(entity, key): form for entity, key, form in fields.values_list("entity", "key", "form")}


def _custom(custom: dict[str, Any], entity: str, forms: dict[tuple[str, str], str]) -> dict[str, str]:
    """Each field there is, also those without a value."""
    return {key: _text(custom.get(key), form) for (kind, key), form in forms.items() if kind == entity}


def _text(value: Any, form: str) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return Flag(_("да") if value else _("нет"), value)
    if form == CustomField.Form.MONEY:
        return _money(value)
    if form == CustomField.Form.NUMBER:
        return _number(str(value), value)
    if form == CustomField.Form.DATE:
        return _day(parse_date(str(value)[:10]), value)
    if form == CustomField.Form.DATETIME:
        return _moment(parse_datetime(str(value)), value)
    return str(value)


def _day(found: date | None, raw: Any) -> str:
    return Day.of(date_format(found, "j E Y"), found) if found else str(raw)


def _moment(found: datetime | None, raw: Any) -> str:
    """In the zone of the installation, whoever looks."""
    at = localtime(found, get_default_timezone()) if found and found.tzinfo else found
    return Moment.of(date_format(at, "j E Y, H:i"), at) if at else str(raw)


def _money(amount: Decimal | float | str | None) -> str:
    return _number(rubles(amount), amount)


def _number(text: str, amount: Decimal | float | str | None) -> str:
    """As it is printed, with what it is; what came as another thing stays a text."""
    value = numeral(amount)
    return text if value is None else Number(text, value)


def rubles(amount: Decimal | float | str | None) -> str:
    """«4 830 000 ₽» with spaces that do not break."""
    if amount is None or amount == "":
        return ""
    return formats.rub(Decimal(str(amount)), (get_language() or "ru")[:2])
