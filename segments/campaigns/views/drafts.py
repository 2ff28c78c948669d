"""The door a draft is saved through while it is being typed: nobody pressed a button, and no page is left for it.

A refusal is an answer like any other, as a browser logs another status as a fault. Only what was saved says so, in its
header ``Draft-Kept``. What was launched meanwhile tells the page so (event ``gone``), which takes its button away.
"""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from crmseg.accounts.models import User
from crmseg.accounts.policy import allowed
from crmseg.web.page import render_page

from ..forms import Gone, HalfWrittenForm, Overtaken
from ..models import Campaign
from ..policy import find


@require_POST
@allowed("campaigns.edit")
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    campaign, seen = find(request, pk), request.POST.get("seen", "")
    form = HalfWrittenForm(request.POST, instance=campaign, user=cast(User, request.user))
    is_overtaken = is_gone = False
    try:
        fault = _fault(form, seen)
    except Overtaken:
        fault, is_overtaken = _("Черновик изменён в другом окне"), True
    except Gone:
        fault, is_gone = "", True
    is_kept = not fault and not is_gone
    context = {
        "campaign": campaign,
        "fault": fault,
        "is_overtaken": is_overtaken,
        "is_gone": is_gone,
        "seen": "" if is_kept else seen,
        "is_kept": is_kept,
    }
    response = render_page(request, "campaigns/_saved.html", context)
    if is_kept:
        response["Draft-Kept"] = "1"
    return trigger_client_event(response, "gone") if is_gone else response


def _fault(form: HalfWrittenForm, seen: str) -> str:
    """Why it is not saved; empty when it is. What others did comes before what is still missing here."""
    campaign: Campaign = form.instance
    if campaign.state != Campaign.State.DRAFT:
        raise Gone
    if seen not in ("", campaign.edition):
        raise Overtaken
    if not form.is_valid():
        return str(next(iter(form.errors.values()))[0])
    form.keep(now=timezone.now(), seen=seen, quietly=True)
    return ""
