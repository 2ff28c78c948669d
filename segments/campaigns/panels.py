"""What campaigns add to other pages: «Используется в» on a segment, letters on a contact's timeline."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from crmseg.accounts.policy import Viewer, may, visible
from crmseg.web.panels import PanelContent, register
from pipelines import timeline
from pipelines.models import Contact
from segments.models import Segment

from .models import Campaign, Message

MOST = 20


def install() -> None:
    register("segment", of_segment, position=20)
    timeline.register(letters)


def of_segment(request: HttpRequest, segment: Segment) -> PanelContent | None:
    if not may(request.user, "campaigns.see"):
        return None
    uses = Q(segment=segment) | Q(
        pk__in=Campaign.exclude_segments.through.objects.filter(segment=segment).values("campaign")
    )
    found = visible(request.user, Campaign).filter(uses).order_by("-created_at", "-pk")[:MOST]
    context = {"campaigns": found, "segment": segment, "can_edit": may(request.user, "campaigns.edit")}
    return PanelContent("campaigns/_panel.html", context)


def letters(subject: timeline.Subject, viewer: Viewer, limit: int, before: datetime | None) -> Iterable[timeline.Entry]:
    """Every letter that left for this person, with what became of it."""
    if not isinstance(subject, Contact):
        return
    rows = Message.objects.filter(contact=subject, state__in=Message.GONE, sent_at__isnull=False)
    if before:
        rows = rows.filter(sent_at__lt=before)
    for message in rows.select_related("run__campaign").order_by("-sent_at", "-pk")[:limit]:
        assert message.sent_at is not None  # the filter says so
        title = _("Письмо «%(subject)s»") % {"subject": message.subject}
        state = _("Отписка") if message.unsubscribed_at else message.get_state_display()
        body = _("Кампания «%(name)s»: %(state)s") % {"name": message.run.campaign.name, "state": str(state).lower()}
        yield timeline.Entry(message.sent_at, "message", "send", title, body)
