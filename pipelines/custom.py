"""A company's own fields, ready to be shown: definitions and raw JSON values in, names with typed values out.

Rooms above that know more of a contact's field register it from ``AppConfig.ready()``: a remark stands by its value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from .models import Contact, CustomField
from .models.mirrored import fold

Form = CustomField.Form
Remarks = Callable[[Contact], Mapping[str, str]]  # the key of a field → words

_remarks: list[Remarks] = []


@dataclass(frozen=True)
class Shown:
    name: str
    form: str
    value: Any
    remark: str = ""


def register(remarks: Remarks) -> None:
    if remarks not in _remarks:
        _remarks.append(remarks)


def of_contact(contact: Contact) -> list[Shown]:
    """With the remarks of the rooms above."""
    said = {key: words for remarks in _remarks for key, words in remarks(contact).items()}
    return shown(CustomField.Entity.CONTACT, contact.custom, said)


def shown(
    entity: CustomField.Entity, values: Mapping[str, Any], remarks: Mapping[str, str] | None = None
) -> list[Shown]:
    """The filled fields of a row, in the order of their definitions. 0 and false are filled."""
    fields, said = CustomField.objects.filter(entity=entity, deleted_at=None, key__in=list(values)), remarks or {}
    read = [
        Shown(each.name, each.form, value_of(each.form, values[each.key]), said.get(each.key, "")) for each in fields
    ]
    return [each for each in read if each.value not in (None, "", [])]


def with_source(source: str, fields: Sequence[Shown]) -> tuple[str, list[Shown]]:
    """One line for where a row came from: a company's own field of that name joins the built-in one."""
    same = [each for each in fields if fold(each.name) in {"источник", "source"}]
    told = dict.fromkeys(text for text in [source, *(_as_text(each.value) for each in same)] if text)
    return ", ".join(told), [each for each in fields if each not in same]


def value_of(form: str, raw: Any) -> Any:
    """The value as the page formats it. What does not fit its form is shown as it came."""
    try:
        return _READERS.get(form, _as_text)(raw)
    except (ValueError, TypeError, ArithmeticError):
        return _as_text(raw)


def _as_text(raw: Any) -> str:
    """Of a file its name, of an element of a list in amoCRM its number: sizes and keys mean nothing to a reader."""
    if isinstance(raw, Mapping) and raw.get("file_name"):
        return str(raw["file_name"])
    if isinstance(raw, Mapping) and raw.get("catalog_element_id"):
        return _("№ %(number)s") % {"number": raw["catalog_element_id"]}
    if isinstance(raw, Mapping) and "vat_id" in raw:
        return _legal_entity(raw)
    if isinstance(raw, Mapping):
        return ", ".join(text for text in map(_as_text, raw.values()) if text)
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        return ", ".join(text for text in map(_as_text, raw) if text)
    return "" if raw is None else str(raw)


def _legal_entity(raw: Mapping[str, Any]) -> str:
    """As a contract names it: a bare number would not say what it is, and amoCRM's code of the form says nothing."""
    vat, kpp = raw.get("vat_id"), raw.get("tax_registration_reason_code") or raw.get("kpp")
    parts = (
        raw.get("name"),
        _("ИНН %(number)s") % {"number": vat} if vat else "",
        _("КПП %(number)s") % {"number": kpp} if kpp else "",
        raw.get("address"),
    )
    return ", ".join(str(part) for part in parts if part)


def _number(raw: Any) -> Decimal | None:
    return None if raw is None else Decimal(str(raw))


_READERS: dict[str, Any] = {
    Form.NUMBER: _number,
    Form.MONEY: _number,
    Form.BOOLEAN: bool,
    Form.SET: list,
    Form.DATE: lambda raw: date.fromisoformat(raw[:10]) if raw else None,
    Form.DATETIME: lambda raw: datetime.fromisoformat(raw) if raw else None,
}
