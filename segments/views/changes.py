"""Doors that change a segment: make, edit, look before saving, switch off for a while."""

from datetime import datetime, time
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crmseg.accounts.models import User
from crmseg.accounts.policy import allowed, visible
from crmseg.web.page import flash, render_page

from .. import builder, tasks
from ..forms import PauseForm, SegmentForm, as_text
from ..models import Segment
from ..policy import find


@allowed("segments.edit")
def new(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        form = SegmentForm(request.POST)
        if form.is_valid():
            assert isinstance(request.user, User)
            return _saved(request, builder.create(form, owner=request.user, now=timezone.now()), _("Сегмент сохранён"))
        return _form(request, form)
    start = visible(request.user, Segment).filter(deleted_at__isnull=True).filter(pk=_start(request)).first()
    return _form(request, SegmentForm(initial=_copy_of(start)))


@allowed("segments.edit")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """``seen`` is the edition the form was drawn from, ``over`` the one a person has chosen to save over."""
    seen = request.POST.get("over") or request.POST.get("seen", "")
    form = SegmentForm(request.POST or None, instance=find(request, pk))
    if request.method == "POST" and form.is_valid():
        try:
            changed = builder.change(form, by=cast(User, request.user), now=timezone.now(), seen=seen)
        except builder.Overtaken:
            return _form(request, form, seen=seen, newer=find(request, pk))
        return _saved(request, changed, _("Сегмент сохранён"))
    return _form(request, form, seen=seen)


@require_POST
@allowed("segments.edit")
def preview(request: HttpRequest) -> HttpResponse:
    """How many the rule selects and what it says, saving nothing."""
    shown = builder.preview(request.POST.get("rules_text", ""), now=timezone.now())
    return render_page(request, "segments/_preview.html", {"shown": shown})


@require_POST
@allowed("segments.edit")
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    segment = find(request, pk)
    form, now = PauseForm(request.POST), timezone.now()
    day = form.cleaned_data["until"] if form.is_valid() else None
    until = datetime.combine(day, time.min, timezone.get_current_timezone()) if day else None
    if form.errors or (until and until <= now):
        flash(request, _("Укажите день в будущем или оставьте поле пустым"), kind="bad")
    else:
        segment.pause(now=now, until=until)
        flash(request, _("Сегмент на паузе: состав не меняется"))
    return HttpResponseRedirect(reverse("segments:detail", args=[pk]))


@require_POST
@allowed("segments.edit")
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    segment = find(request, pk)
    segment.resume(now=timezone.now())
    return _saved(request, segment, _("Сегмент снят с паузы"))


def _saved(request: HttpRequest, segment: Segment, told: str) -> HttpResponse:
    if segment.refreshed_at is None and not builder.fill(segment, now=timezone.now()):
        tasks.refresh_soon(segment)
    flash(request, told)
    return HttpResponseRedirect(reverse("segments:detail", args=[segment.pk]))


def _form(request: HttpRequest, form: SegmentForm, *, seen: str = "", newer: Segment | None = None) -> HttpResponse:
    ready = visible(request.user, Segment).filter(deleted_at__isnull=True).exclude(ready_key=None)
    text = str(form["rules_text"].value() or "") if "rules_text" in form.fields else ""
    context = {
        "form": form,
        "segment": form.instance if form.instance.pk else None,
        "seen": seen,
        "newer": newer,
        "ready": ready.only("name", "ready_key", "size"),
        "shown": builder.preview(text, now=timezone.now()) if text else None,
    }
    return render_page(request, "segments/edit.html", context, status=422 if form.errors or newer else 200)


def _start(request: HttpRequest) -> int:
    given = request.GET.get("from", "")
    return int(given) if given.isdecimal() and len(given) < 19 else 0


def _copy_of(start: Segment | None) -> dict[str, str]:
    if start is None or start.rules is None:
        return {}
    name = _("%(name)s (копия)") % {"name": start.title[:180]}
    return {"name": name, "description": start.about, "rules_text": as_text(start.rules)}
