"""What campaigns add to other pages: «Используется в» on a segment; of a contact the letters and the opt-outs."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from crmseg.accounts.policy import Viewer, may, visible
from crmseg.web import formats
from crmseg.web.panels import PanelContent, register
from pipelines import timeline
from pipelines.models import Contact
from segments.models import Segment

from . import consent
from .models import Campaign, Message

MOST = 20


def install() -> None:
    register("segment", of_segment, position=20)
    register("contact-facts", of_contact)
    timeline.register(letters)
    timeline.register(opt_outs)


def of_segment(request: HttpRequest, segment: Segment) -> PanelContent | None:
    if not may(request.user, "campaigns.see"):
        return None
    uses = Q(segment=segment) | Q(
        pk__in=Campaign.exclude_segments.through.objects.filter(segment=segment).values("campaign")
    )
    found = visible(request.user, Campaign).filter(uses).order_by("-created_at", "-pk")[:MOST]
    context = {"campaigns": found, "segment": segment, "can_edit": may(request.user, "campaigns.edit")}
    return PanelContent("campaigns/_panel.html", context)


def of_contact(request: HttpRequest, contact: Contact) -> PanelContent | None:
    """Of which addresses the person is never written to again, since when and why, whatever their consent says."""
    refusals = list(consent.refusals(contact))
    return PanelContent("campaigns/_refusals.html", {"refusals": refusals}) if refusals else None


def letters(subject: timeline.Subject, viewer: Viewer, limit: int, before: datetime | None) -> Iterable[timeline.Entry]:
    """Every letter that left for this person, with what became of it."""
    for message in _newest(subject, "sent_at", before).filter(state__in=Message.GONE)[:limit]:
        assert message.sent_at is not None  # asked for
        title = _("Письмо «%(subject)s»") % {"subject": formats.within(message.subject)}
        words = {"name": formats.within(message.run.campaign.name), "state": str(message.get_state_display()).lower()}
        body = _("Кампания «%(name)s»: %(state)s") % words
        yield timeline.Entry(message.sent_at, "message", "send", title, body)


def opt_outs(
    subject: timeline.Subject, viewer: Viewer, limit: int, before: datetime | None
) -> Iterable[timeline.Entry]:
    """When this person refused to be written to, and after which letter."""
    for message in _newest(subject, "unsubscribed_at", before)[:limit]:
        assert message.unsubscribed_at is not None  # asked for
        body = _("Кампания «%(name)s», письмо «%(subject)s»") % {
            "name": formats.within(message.run.campaign.name),
            "subject": formats.within(message.subject),
        }
        yield timeline.Entry(message.unsubscribed_at, "message", "mail-off", _("Отписка от рассылки"), body)


def _newest(subject: timeline.Subject, instant: str, before: datetime | None) -> QuerySet[Message]:
    rows = Message.objects.filter(contact=subject) if isinstance(subject, Contact) else Message.objects.none()
    rows = rows.filter(**({f"{instant}__lt": before} if before else {f"{instant}__isnull": False}))
    return rows.select_related("run__campaign").order_by(f"-{instant}", "-pk")
