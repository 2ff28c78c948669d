"""Doors that act on a campaign and on its unknown letters: one verb each, then back to the report."""

from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crmseg.accounts.models import User
from crmseg.accounts.policy import allowed, visible
from crmseg.web.page import flash

from .. import launch as launching
from .. import resending
from ..models import Campaign, Message
from ..policy import find
from ..tasks import send_soon, start_soon


@require_POST
@allowed("campaigns.launch")
def launch(request: HttpRequest, pk: int) -> HttpResponse:
    """What is scheduled, or waits for its grace to end, starts now; a draft gets its grace."""
    campaign = find(request, pk)
    try:
        launching.launch(campaign, by=cast(User, request.user), now=timezone.now(), grace=settings.LAUNCH_GRACE)
    except launching.LaunchRefused as refused:
        flash(request, str(refused), kind="bad")
    else:
        start_soon(campaign)
        if campaign.state != Campaign.State.SCHEDULED:
            flash(request, _("Кампания запущена"))
    return _back(pk)


@require_POST
@allowed("campaigns.launch")
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop what a click has just sent: nothing has left, the draft is open again."""
    if not find(request, pk).take_back(now=timezone.now()):
        flash(request, _("Отменить уже нельзя: состояние кампании изменилось"), kind="bad")
        return _back(pk)
    flash(request, _("Отправка отменена, ни одно письмо не ушло"))
    return HttpResponseRedirect(reverse("campaigns:edit", args=[pk]))


@require_POST
@allowed("campaigns.launch")
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, lambda campaign: campaign.pause(now=timezone.now()), _("Кампания на паузе"))


@require_POST
@allowed("campaigns.launch")
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    send_soon()
    return _steer(request, pk, lambda campaign: campaign.resume(now=timezone.now()), _("Кампания продолжена"))


@require_POST
@allowed("campaigns.launch")
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, lambda campaign: campaign.cancel(now=timezone.now()), _("Кампания отменена"))


@require_POST
@allowed("campaigns.launch")
def resend(request: HttpRequest, pk: int, message: int) -> HttpResponse:
    try:
        resending.resend(_unknown(request, pk, message), now=timezone.now(), seen=_seen(request))
    except resending.NotResent as refused:
        flash(request, str(refused), kind="bad")
    else:
        send_soon()
        flash(request, _("Письмо поставлено в очередь"))
    return _back(pk)


@require_POST
@allowed("campaigns.launch")
def close(request: HttpRequest, pk: int, message: int) -> HttpResponse:
    letter = _unknown(request, pk, message)
    if letter.close(by=str(request.user), now=timezone.now()):
        flash(request, _("Письмо закрыто, больше не отправляем"))
    else:
        flash(request, str(resending.why_not(letter)), kind="bad")
    return _back(pk)


def _steer(request: HttpRequest, pk: int, verb: Callable[[Campaign], bool], done: str) -> HttpResponse:
    if verb(find(request, pk)):
        flash(request, done)
    else:
        flash(request, _("Состояние кампании уже изменилось"), kind="bad")
    return _back(pk)


def _unknown(request: HttpRequest, pk: int, message: int) -> Message:
    rows = visible(request.user, Message).select_related("run__campaign")
    return get_object_or_404(rows, pk=message, run__campaign=find(request, pk))


def _seen(request: HttpRequest) -> int | None:
    """The attempt on the page where the button was pressed."""
    text = request.POST.get("attempt", "")
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _back(pk: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("campaigns:detail", args=[pk]))
