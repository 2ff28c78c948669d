"""What lists and cards show of people besides their own columns: plain data for a page of rows, in a few queries.

Only what the viewer may see counts: a manager's sums are of the manager's own deals.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum

from crmseg.accounts.policy import Viewer, visible

from .models import Contact, ContactPoint, Deal, Note, Task


@dataclass
class Facts:
    """Sums are in the account's currency; ``last_contact_at`` is the last call, letter, message or completed task."""

    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    open_deals: int = 0
    open_sum: Decimal = Decimal(0)
    last_contact_at: datetime | None = None


def facts(contacts: Sequence[Contact], viewer: Viewer) -> dict[int, Facts]:
    """Facts by contact id, in four queries whatever the number of contacts."""
    ids = [contact.pk for contact in contacts]
    found: dict[int, Facts] = defaultdict(Facts)
    for point in ContactPoint.objects.filter(contact__in=ids):
        assert point.contact_id is not None  # the filter says so
        kind = (
            found[point.contact_id].emails if point.kind == ContactPoint.Kind.EMAIL else found[point.contact_id].phones
        )
        kind.append(point.value)
    open_deals = visible(viewer, Deal).open().filter(links__contact__in=ids)
    for row in open_deals.values("links__contact").annotate(number=Count("pk"), total=Sum("price")).order_by():
        found[row["links__contact"]].open_deals = row["number"]
        found[row["links__contact"]].open_sum = row["total"] or Decimal(0)
    for contact_id, at in last_contacts(ids, viewer).items():
        found[contact_id].last_contact_at = at
    return found


def last_contacts(ids: Sequence[int], viewer: Viewer) -> dict[int, datetime]:
    """The last touch of each contact: in its own notes and tasks and in those of its deals."""
    latest: dict[int, datetime] = {}
    talked = visible(viewer, Note).alive().filter(kind__in=Note.TOUCHES)
    done = visible(viewer, Task).alive().filter(is_done=True, completed_at__isnull=False)
    for rows, instant in ((talked, "created_at"), (done, "completed_at")):
        for owner in ("contact", "deal__links__contact"):
            grouped = rows.filter(Q(**{f"{owner}__in": ids})).values_list(owner).annotate(at=Max(instant)).order_by()
            for contact_id, at in grouped:
                latest[contact_id] = max(at, latest.get(contact_id, at))
    return latest
