"""Places of a letter that stay empty, and for how many.

What flows in: the fields that stand in a letter without a fallback, and the people who will get it. What flows out:
for each field how many of those people have nothing there, what it is called, and the word offered instead. Empty is
what `personal` gives as an empty text: no value, a budget of 0, no deal at all; the deal is the latest one. Each field
is counted by itself, so a person without two of them is counted at both.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import BigIntegerField, Case, Count, F, Func, Q, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import In
from django.utils.translation import gettext, override, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from pipelines.models import Contact, CustomField

from . import personal
from .greeting import first_name

NO_WORD = _("не указано")
NO_TEXT = ("", "[]", '[""]')  # also of a field of several values


@dataclass(frozen=True)
class Field:
    what: Any  # «нет …»
    has: Q  # of a contact; of its link to the deal
    word: Any = NO_WORD

    @property
    def fallback(self) -> str:
        """The word in the language of letters; who writes one may read another."""
        with override(settings.LANGUAGE_CODE):
            return str(self.word)


FIELDS = {
    "contact.name": Field(pgettext_lazy("нет", "полного имени"), ~Q(name=""), _("коллега")),
    "contact.first_name": Field(pgettext_lazy("нет", "имени"), ~Q(first_name=""), _("коллега")),
    "contact.last_name": Field(pgettext_lazy("нет", "фамилии"), ~Q(last_name=""), _("коллега")),
    "contact.company": Field(pgettext_lazy("нет", "компании"), Q(company__name__gt=""), _("ваша компания")),
    "contact.responsible": Field(
        pgettext_lazy("нет", "ответственного"), Q(responsible__isnull=False), _("наш менеджер")
    ),
    "deal.name": Field(pgettext_lazy("нет", "названия сделки"), ~Q(deal__name=""), _("ваш заказ")),
    "deal.price": Field(
        pgettext_lazy("нет", "бюджета сделки"), Q(deal__price__lt=0) | Q(deal__price__gt=0), _("по запросу")
    ),
    "deal.stage": Field(pgettext_lazy("нет", "этапа сделки"), ~Q(deal__stage__name=""), _("в работе")),
    "deal.pipeline": Field(pgettext_lazy("нет", "воронки сделки"), ~Q(deal__pipeline__name="")),
    "deal.responsible": Field(
        pgettext_lazy("нет", "ответственного за сделку"), Q(deal__responsible__isnull=False), _("наш менеджер")
    ),
}
CUSTOM = {"contact": "custom", "deal": "deal__custom"}


class Each(Func):
    """The ids of an array as rows: of fifty thousand a plain list is slow to read and to plan."""

    template = "(SELECT unnest(%(expressions)s::bigint[]))"
    output_field = BigIntegerField()


def fields(names: list[str]) -> dict[str, Field]:
    """Those of the names that are fields, in the same order."""
    own = FIELDS | (_custom() if any(".custom." in name for name in names) else {})
    return {name: own[name] for name in names if name in own}


def count(found: dict[str, Field], recipients: list[int]) -> dict[str, int]:
    """By field how many of the recipients have nothing there."""
    people = Each(Value(recipients))
    contacts = Contact.objects.filter(pk__in=people)
    links = personal.latest_deals(Q(contact__in=people))
    filled: dict[str, int] = {}
    for entity, rows in (("contact", contacts), ("deal", links)):
        filled |= _filled(rows, {name: field.has for name, field in found.items() if name.startswith(f"{entity}.")})
    if "contact.first_name" in found:
        filled["contact.first_name"] += _named(contacts.filter(first_name=""))
    return {name: len(recipients) - filled[name] for name in found}


def _filled(rows: QuerySet[Any], conditions: dict[str, Q]) -> dict[str, int]:
    if not conditions:
        return {}
    marks = {f"has{place}": Case(When(has, then=1)) for place, has in enumerate(conditions.values())}
    people, params = rows.annotate(**marks).values(*marks).query.sql_with_params()
    counts = ", ".join(f"count({mark})" for mark in marks)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts} FROM ({people}) AS people", params)  # noqa: S608
        return dict(zip(conditions, cursor.fetchone(), strict=True))


def _named(rows: QuerySet[Contact]) -> int:
    """Those whom a letter greets by what it finds in the whole name."""
    names = rows.order_by().values_list("name").annotate(n=Count("pk"))
    return sum(number for name, number in names if first_name(name))


def _custom() -> dict[str, Field]:
    rows = CustomField.objects.filter(entity__in=CUSTOM, deleted_at__isnull=True).exclude(form=CustomField.Form.OTHER)
    return {f"{one.entity}.custom.{one.key}": _of_custom(one) for one in rows}


def _of_custom(field: CustomField) -> Field:
    value = KeyTextTransform(field.key, F(CUSTOM[field.entity]))
    return Field(gettext("значения в поле «%(field)s»") % {"field": field.name}, ~Q(In(value, NO_TEXT)))
