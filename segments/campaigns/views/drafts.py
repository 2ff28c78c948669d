"""The door a draft is saved through while it is being typed: nobody pressed a button, and no page is left for it.

A refusal is an answer like any other, as a browser logs another status as a fault. Only what was saved says so, in its
header ``Draft-Kept``.
"""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crmseg.accounts.models import User
from crmseg.accounts.policy import allowed
from crmseg.web.page import render_page

from ..forms import HalfWrittenForm, Overtaken
from ..models import Campaign
from ..policy import find


@require_POST
@allowed("campaigns.edit")
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    campaign, seen = find(request, pk), request.POST.get("seen", "")
    form = HalfWrittenForm(request.POST, instance=campaign, user=cast(User, request.user))
    is_overtaken = False
    try:
        fault = _fault(form, seen)
    except Overtaken:
        fault, is_overtaken = _("Черновик изменён в другом окне"), True
    context = {
        "campaign": campaign,
        "fault": fault,
        "is_overtaken": is_overtaken,
        "is_draft": campaign.state == Campaign.State.DRAFT,
        "seen": seen if fault else "",
        "is_kept": not fault,
    }
    response = render_page(request, "campaigns/_saved.html", context)
    if not fault:
        response["Draft-Kept"] = "1"
    return response


def _fault(form: HalfWrittenForm, seen: str) -> str:
    """Why it is not saved; empty when it is. What others did comes before what is still missing here."""
    campaign: Campaign = form.instance
    if campaign.state == Campaign.State.DRAFT and seen not in ("", campaign.edition):
        raise Overtaken
    if campaign.state == Campaign.State.DRAFT and not form.is_valid():
        return str(next(iter(form.errors.values()))[0])
    if campaign.state == Campaign.State.DRAFT and form.keep(now=timezone.now(), seen=seen, quietly=True):
        return ""
    return _("Это уже не черновик. Скопируйте текст, если он нужен.")
