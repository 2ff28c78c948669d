"""Which contacts and companies the lines of the log touch.

A contact is touched by its own changes, by those of its deals and company, by tasks and notes on it or on its deals,
by messages to it, and by entering or leaving a segment that some rule reads.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Model

from pipelines.models import Change, Contact, Deal, DealContact, Note, Task

from .dependencies import segments_read
from .models import Segment


def by(batch: Iterable[Change]) -> tuple[set[int], set[int]]:
    """The ids of contacts and of companies."""
    named: dict[str, set[int]] = defaultdict(set)
    contacts: set[int] = set()
    segments: dict[int, set[int]] = defaultdict(set)
    for change in batch:
        kind = change.type.partition(".")[0]
        if kind == "segment":
            segments[change.data.get("segment", 0)].add(change.subject_id)
        else:
            named[kind].add(change.subject_id)
            contacts |= _spelled_out(change)
    deals = named["deal"] | _of(Task, "deal_id", named["task"]) | _of(Note, "deal_id", named["note"])
    contacts |= named["contact"] | _of(Task, "contact_id", named["task"]) | _of(Note, "contact_id", named["note"])
    contacts |= _people_of(deals) | _employees_of(named["company"]) | _read_by_rules(segments)
    return contacts, named["company"] | _of(Deal, "company_id", deals)


def _spelled_out(change: Change) -> set[int]:
    """People a line names itself: the receiver of a message, those a deal was linked with before."""
    data = change.data
    named = [data.get("contact"), *(data.get("contacts") or [])]
    return {value for value in named if isinstance(value, int)}


def _of(model: type[Model], column: str, ids: set[int]) -> set[int]:
    if not ids:
        return set()
    rows = model._default_manager.filter(pk__in=ids).exclude(**{column: None})
    return set(rows.order_by().values_list(column, flat=True))


def _people_of(deals: set[int]) -> set[int]:
    links = DealContact.objects.filter(deal__in=deals) if deals else DealContact.objects.none()
    return set(links.order_by().values_list("contact_id", flat=True))


def _employees_of(companies: set[int]) -> set[int]:
    rows = Contact.objects.filter(company__in=companies) if companies else Contact.objects.none()
    return set(rows.values_list("pk", flat=True))


def _read_by_rules(segments: dict[int, set[int]]) -> set[int]:
    if not segments:
        return set()
    read: set[int] = set()
    for rules in Segment.objects.live().values_list("rules", flat=True):
        read |= segments_read(rules)
    return {contact for segment in read & segments.keys() for contact in segments[segment]}
