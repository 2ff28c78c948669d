"""Doors that make a campaign: a new draft, the page where it is written, its preview and review."""

from copy import copy
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_POST

from crmseg.accounts.models import User
from crmseg.accounts.policy import allowed, may
from crmseg.web.page import flash, is_fragment, render_page
from segments.models import Segment

from .. import gaps
from .. import preview as looks
from ..forms import AT, NOW, CampaignForm, DraftForm, Gone, Overtaken, WhomForm, typed_time
from ..launch import AlreadyLaunched, LaunchRefused, launch
from ..models import Campaign
from ..obstacles import Obstacle, of_time
from ..policy import find, shows_pictures
from ..tasks import start_soon

CHIPS = [
    (gettext_lazy("имя"), "contact.first_name"),
    (gettext_lazy("сделка"), "deal.name"),
    (gettext_lazy("бюджет"), "deal.price"),
    (gettext_lazy("этап"), "deal.stage"),
    (gettext_lazy("компания"), "contact.company"),
    (gettext_lazy("ответственный"), "deal.responsible"),
    (gettext_lazy("ссылка отписки"), "unsubscribe_url"),
]


@allowed("campaigns.edit")
def new(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = DraftForm(request.POST or None, user=user, initial={"segment": request.GET.get("segment")})
    if request.method == "POST" and form.is_valid():
        form.instance.created_by = user
        campaign = form.save()
        return HttpResponseRedirect(reverse("campaigns:edit", args=[campaign.pk]))
    return render_page(request, "campaigns/new.html", {"form": form}, status=422 if form.errors else 200)


@allowed("campaigns.edit")
@shows_pictures
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    campaign, seen = find(request, pk), request.POST.get("seen", "")
    if request.method == "GET" and (not campaign.is_editable or campaign.is_leaving):
        return HttpResponseRedirect(reverse("campaigns:detail", args=[pk]))
    form = CampaignForm(request.POST or None, instance=campaign, user=cast(User, request.user))
    if request.method == "POST" and campaign.is_gone(seen):
        return _gone(request, form)
    if request.method == "POST" and form.is_valid():
        return _saved(request, form)
    campaign.name = form.initial["name"]  # what was refused is not its name
    return _page(request, campaign, form, seen=seen)


@require_POST
@allowed("campaigns.edit")
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter as one person will see it, from what stands in the form now; saves nothing."""
    campaign, excluded = _typed(request, find(request, pk))
    who = request.POST.get("who", "")
    chosen = int(who) if who.isdecimal() and len(who) < 19 else None
    shown = looks.show(campaign, _template(request), who=chosen, excluded=excluded)
    return render_page(request, "campaigns/_preview.html", {"shown": shown, "campaign": campaign})


@allowed("campaigns.edit")
@shows_pictures
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Who gets it, counted by the query that sends: of the saved campaign, or as the form that is posted has it."""
    campaign = find(request, pk)
    if not campaign.is_editable or campaign.is_leaving:
        return _gone_from_review(request, campaign)
    if request.method == "POST":
        meant, excluded = _typed(request, campaign)
        now, time = timezone.now(), _typed_time(request)
        found = looks.review(meant, _template(request), now=now, excluded=excluded, time=time)
        context = {"campaign": meant, "review": found, "can_launch": may(request.user, "campaigns.launch")}
        is_later = request.POST.get("when", NOW) != NOW
        return render_page(request, "campaigns/edit.html#review", context | {"is_later": is_later})
    form = CampaignForm(instance=campaign, user=cast(User, request.user))
    now = timezone.now()
    found = looks.review(campaign, _stored(campaign), now=now, time=_stored_time(campaign, now))
    return _page(request, campaign, form, review=found, is_later=bool(campaign.schedule), partial="review")


def _gone_from_review(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """In an editor that is still open it says so; whoever opens it as a page is led to the campaign's own."""
    if request.method == "GET" and not is_fragment(request):
        return HttpResponseRedirect(reverse("campaigns:detail", args=[campaign.pk]))
    return render_page(request, "campaigns/edit.html#review", {"campaign": campaign, "is_gone": True})


def _typed(request: HttpRequest, campaign: Campaign) -> tuple[Campaign, QuerySet[Segment]]:
    return WhomForm(request.POST, instance=copy(campaign), user=cast(User, request.user)).typed()


def _typed_time(request: HttpRequest) -> list[Obstacle]:
    return of_time(typed_time(request.POST.get("at", "")), timezone.now()) if request.POST.get("when") == AT else []


def _stored_time(campaign: Campaign, now: datetime) -> list[Obstacle]:
    schedule = campaign.schedule or {}
    return of_time(parse_datetime(schedule["at"]), now) if "at" in schedule else []


def _saved(request: HttpRequest, form: CampaignForm) -> HttpResponse:
    campaign: Campaign = form.instance
    try:
        form.keep(now=timezone.now(), seen=request.POST.get("seen", ""))
    except Overtaken:
        return _overtaken(request, form)
    except Gone:
        return _gone(request, form)
    if request.POST.get("act") != "launch" or not may(request.user, "campaigns.launch"):
        flash(request, _("Кампания сохранена"))
        return HttpResponseRedirect(reverse("campaigns:edit", args=[campaign.pk]))
    return _launched(request, form)


def _launched(request: HttpRequest, form: CampaignForm) -> HttpResponse:
    campaign: Campaign = form.instance
    try:
        launch(campaign, by=cast(User, request.user), now=timezone.now(), grace=settings.LAUNCH_GRACE)
    except AlreadyLaunched as refused:  # by another window, with what was saved here
        flash(request, str(refused), kind="bad")
        return HttpResponseRedirect(reverse("campaigns:detail", args=[campaign.pk]))
    except LaunchRefused as refused:
        form.add_error(None, str(refused))
        return _page(request, campaign, form)
    start_soon(campaign)
    if not campaign.is_leaving:  # of that its page tells, and how to stop it
        is_set = campaign.state == Campaign.State.SCHEDULED
        flash(request, _("Кампания запланирована") if is_set else _("Кампания запущена"))
    return HttpResponseRedirect(reverse("campaigns:detail", args=[campaign.pk]))


def _overtaken(request: HttpRequest, form: CampaignForm) -> HttpResponse:
    """A person decides in the bar above the draft."""
    seen, fault = request.POST["seen"], _("Черновик изменён в другом окне")
    if request.POST.get("act") == "launch":
        fault = _("Письма не отправлены: черновик изменён в другом окне")
    return _page(request, form.instance, form, seen=seen, fault=fault, is_overtaken=True, status=422)


def _gone(request: HttpRequest, form: CampaignForm) -> HttpResponse:
    """What is typed stays, and so does the edition it was typed over: pressing again is refused again."""
    return _page(request, form.instance, form, seen=request.POST.get("seen", ""), is_gone=True, status=422)


def _page(
    request: HttpRequest,
    campaign: Campaign,
    form: CampaignForm,
    *,
    partial: str | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    template = _template(request) if request.method == "POST" else _stored(campaign)
    context = {
        "form": form,
        "campaign": campaign,
        "chips": [(label, _piece(field), _markup(field)) for label, field in CHIPS],
        "shown": None if partial and is_fragment(request) else looks.show(campaign, template, who=None),
        "can_launch": may(request.user, "campaigns.launch"),
        **more,
    }
    status = 422 if form.errors else status
    return render_page(request, "campaigns/edit.html", context, partial=partial, status=status)


def _piece(field: str) -> str:
    """What a button puts into the letter: with a word for whoever has nothing there."""
    known = gaps.FIELDS.get(field)
    return f'{{{{ {field} | default: "{known.fallback}" }}}}' if known else f"{{{{ {field} }}}}"


def _markup(field: str) -> str:
    """The same where it may be more than text: an address stands behind words, in the language of letters."""
    if field != "unsubscribe_url":
        return ""
    with override(settings.LANGUAGE_CODE):
        words = _("Отписаться")
    return f'<a href="{{{{ {field} }}}}">{words}</a>'


def _template(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in ("subject", "html", "text")}


def _stored(campaign: Campaign) -> dict[str, str]:
    step = campaign.steps.first()
    return step.as_template() if step else {"subject": "", "html": "", "text": ""}
