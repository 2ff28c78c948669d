"""What lists and cards show of people besides their own columns: plain data for a page of rows, in a few queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crmseg.web import formats

from .models import Company, Contact, ContactPoint, CustomField, Deal, Note, Stage, Task


@dataclass
class Facts:
    """Sums are in the account's currency; ``last_contact_at`` is the last call, letter, message or completed task."""

    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    open_deals: int = 0
    open_sum: Decimal = Decimal(0)
    last_contact_at: datetime | None = None


def facts(contacts: Sequence[Contact]) -> dict[int, Facts]:
    """Facts by contact id, in four queries whatever the number of contacts."""
    ids = [contact.pk for contact in contacts]
    found: dict[int, Facts] = defaultdict(Facts)
    for point in ContactPoint.objects.filter(contact__in=ids):
        kind = (
            found[point.contact_id].emails if point.kind == ContactPoint.Kind.EMAIL else found[point.contact_id].phones
        )
        kind.append(point.value)
    open_deals = Deal.objects.filter(deleted_at__isnull=True, stage__kind__in=Stage.OPEN_KINDS, links__contact__in=ids)
    for row in open_deals.values("links__contact").annotate(number=Count("pk"), total=Sum("price")).order_by():
        found[row["links__contact"]].open_deals = row["number"]
        found[row["links__contact"]].open_sum = row["total"] or Decimal(0)
    for contact_id, at in last_contacts(ids).items():
        found[contact_id].last_contact_at = at
    return found


def last_contacts(ids: Sequence[int]) -> dict[int, datetime]:
    """The last touch of each contact: in its own notes and tasks and in those of its deals."""
    latest: dict[int, datetime] = {}
    talked = Note.objects.filter(deleted_at__isnull=True, kind__in=Note.TOUCHES)
    done = Task.objects.filter(deleted_at__isnull=True, is_done=True, completed_at__isnull=False)
    for rows, instant in ((talked, "created_at"), (done, "completed_at")):
        for owner in ("contact", "deal__links__contact"):
            grouped = rows.filter(Q(**{f"{owner}__in": ids})).values_list(owner).annotate(at=Max(instant)).order_by()
            for contact_id, at in grouped:
                latest[contact_id] = max(at, latest.get(contact_id, at))
    return latest


@dataclass(frozen=True)
class Line:
    """A custom field as a card shows it."""

    name: str
    text: str


def custom_values(person: Contact | Company | Deal) -> list[Line]:
    """The filled custom fields of a row, in amoCRM's order, as words."""
    entity = person._meta.model_name or ""
    fields = CustomField.objects.filter(entity=entity, deleted_at__isnull=True, key__in=list(person.custom))
    return [Line(field.name, text) for field in fields if (text := in_words(field, person.custom[field.key]))]


def in_words(field: CustomField, value: Any) -> str:
    """A value of a custom field in the language of the page; "" where there is nothing to show."""
    if value is None or value in ("", []):
        return ""
    if field.form == CustomField.Form.BOOLEAN:
        return str(_("да") if value else _("нет"))
    if field.form == CustomField.Form.DATE:
        return date_format(date.fromisoformat(value), "j E Y")
    if field.form == CustomField.Form.DATETIME:
        return date_format(timezone.localtime(datetime.fromisoformat(value)), "j E Y, H:i")
    if field.form in (CustomField.Form.NUMBER, CustomField.Form.MONEY):
        return formats.number(Decimal(str(value)), (get_language() or "ru")[:2])
    return _other_in_words(value)


def _other_in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(filter(None, map(_other_in_words, value.values())))
    return ", ".join(filter(None, map(_other_in_words, value))) if isinstance(value, list) else str(value)
