"""What segments add to the pages of contacts and deals: where this person is, and since when."""

from django.http import HttpRequest

from crmseg.accounts.policy import may
from crmseg.web.panels import PanelContent, register
from pipelines.models import Contact, Deal, DealContact

from .models import Membership

MOST = 30


def install() -> None:
    register("contact", of_contact, position=40)
    register("deal", of_deal, position=40)


def of_contact(request: HttpRequest, contact: Contact) -> PanelContent | None:
    return _segments(request, contact.pk, "segments/_panel.html")


def of_deal(request: HttpRequest, deal: Deal) -> PanelContent | None:
    """The segments of the deal's main contact."""
    link = DealContact.objects.filter(deal=deal, is_main=True).first()
    return _segments(request, link.contact_id, "segments/_panel_deal.html") if link else None


def _segments(request: HttpRequest, contact: int, template: str) -> PanelContent | None:
    if not may(request.user, "segments.see"):
        return None
    stays = Membership.objects.now().filter(contact=contact, segment__deleted_at__isnull=True)
    found = list(stays.select_related("segment").order_by("-entered_at", "-pk")[:MOST])
    return PanelContent(template, {"stays": found})
