"""Pages to look at: the list of campaigns, and one campaign's report with its ledger."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from crmseg.accounts.policy import allowed, may, visible
from crmseg.web.page import is_fragment, render_page
from crmseg.web.paging import Keyset

from .. import letters, reports
from ..audience import audience
from ..models import Campaign, Message, MessageEvent
from ..policy import find, shows_pictures

MOST_UNKNOWN = 50
MOST_EVENTS = 20
SENT_FIRST = sorted(Message.State.choices, key=lambda choice: choice[0] == Message.State.SKIPPED)  # who got none, last

AHEAD = (Campaign.State.DRAFT, Campaign.State.SCHEDULED, Campaign.State.PAUSED)


@require_safe
@allowed("campaigns.see")
def campaigns(request: HttpRequest) -> HttpResponse:
    rows = visible(request.user, Campaign).select_related("segment", "created_by")
    state = request.GET.get("state", "")
    if state in Campaign.State.values:
        rows = rows.filter(state=state)
    page = Keyset(rows, order=("-created_at", "-id")).page(request.GET.get("cursor"))
    counts = reports.counts_of(page.rows)
    context = {
        "page": page,
        "rows": [(campaign, counts.get(campaign.pk)) for campaign in page.rows],
        "states": Campaign.State.choices,
        "state": state,
        "can_edit": may(request.user, "campaigns.edit"),
    }
    return render_page(request, "campaigns/list.html", context)


@require_safe
@allowed("campaigns.see")
@shows_pictures
def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    found = find(request, pk)
    if found.state == Campaign.State.DRAFT and may(request.user, "campaigns.edit"):
        return _go(request, reverse("campaigns:edit", args=[pk]))
    if is_fragment(request) and request.GET.get("seen", found.look) != found.look:
        # The buttons around it belong to another state.
        return HttpResponseClientRefresh()
    if is_fragment(request) and "count" in request.GET:
        return _counted(request, found)
    if is_fragment(request) and "letter" in request.GET:
        return render_page(request, "campaigns/_letter.html", {"campaign": found, "letter": _letter(request, found)})
    context = {"campaign": found, **_report(request, found), **_ledger(request, found)}
    if not is_fragment(request):
        context["letter"] = _letter(request, found)
    return render_page(request, "campaigns/detail.html", context, partial="report")


def _counted(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """How many would get it at this moment: asked for by a page that stands, as it takes a while."""
    to_send = audience(campaign, now=timezone.now()).counts().get("", 0)
    words = "campaigns/_leaving_count.html" if campaign.is_leaving else "campaigns/_would_get.html"
    return render_page(request, words, {"to_send": to_send})


def _letter(request: HttpRequest, campaign: Campaign) -> letters.Shown | None:
    given = request.GET.get("letter", "")
    return letters.show(campaign, request.user, chosen=int(given) if given.isdecimal() and len(given) < 19 else None)


def _go(request: HttpRequest, url: str) -> HttpResponse:
    """A fragment takes its whole page along."""
    return HttpResponseClientRedirect(url) if is_fragment(request) else HttpResponseRedirect(url)


def _report(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    found = reports.report(campaign)
    now = timezone.now()
    unknown = Message.objects.filter(run__campaign=campaign, state=Message.State.UNKNOWN).select_related("contact")
    events = MessageEvent.objects.filter(message__run__campaign=campaign).select_related("message__contact")
    return {
        "report": found,
        "left_out": campaign.exclude_segments.all(),
        "states": [(state, label, found.states[state]) for state, label in SENT_FIRST if found.states[state]],
        "reasons": [(Message.Reason(reason).label, count) for reason, count in found.reasons.items()],
        "unknown": [(message, message.can_resend(now)) for message in unknown.order_by("id")[:MOST_UNKNOWN]],
        "events": events.order_by("-at", "-id")[:MOST_EVENTS],
        "can_launch": may(request.user, "campaigns.launch"),
        "can_edit": may(request.user, "campaigns.edit") and campaign.is_editable and not campaign.is_leaving,
        "has_begun": bool(found.audience) or campaign.runs.exists(),
        "is_ahead": campaign.segment_id is not None and campaign.state in AHEAD,
        "is_live": campaign.state == Campaign.State.RUNNING or campaign.is_leaving or bool(found.in_flight),
        "is_left_undone": reports.is_left_undone(campaign, now),
        "seconds_left": campaign.seconds_left(now),
    }


def _ledger(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    rows = visible(request.user, Message).filter(run__campaign=campaign).select_related("contact")
    state = request.GET.get("state", "")
    if state in Message.State.values:
        rows = rows.filter(state=state)
    page = Keyset(rows, order=("-id",)).page(request.GET.get("cursor"))
    return {"page": page, "state": state, "may_see_contacts": may(request.user, "contacts.see")}
