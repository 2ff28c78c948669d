"""The door a draft is saved through while it is being typed: nobody pressed a button, and no page is left for it."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crmseg.accounts.models import User
from crmseg.accounts.policy import allowed
from crmseg.web.page import render_page

from ..forms import HalfWrittenForm, Overtaken
from ..policy import find


@require_POST
@allowed("campaigns.edit")
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    campaign, seen = find(request, pk), request.POST.get("seen", "")
    form = HalfWrittenForm(request.POST, instance=campaign, user=cast(User, request.user))
    fault, is_overtaken = "", False
    try:
        if not form.is_valid():
            fault = str(next(iter(form.errors.values()))[0])
        elif not form.keep(now=timezone.now(), seen=seen, quietly=True):
            fault = _("Это уже не черновик. Скопируйте текст, если он нужен")
    except Overtaken:
        fault, is_overtaken = _("Черновик изменён в другом окне"), True
    context = {
        "campaign": campaign,
        "fault": fault,
        "is_overtaken": is_overtaken,
        "seen": seen if fault else "",
        "is_kept": not fault,
    }
    return render_page(request, "campaigns/_saved.html", context, status=422 if fault else 200)
