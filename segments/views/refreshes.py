"""A refresh asked for by a person: POST hands it to a worker, 202 and a fragment that asks again until it is done."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from crmseg.accounts.policy import allowed
from crmseg.web.page import flash, is_fragment, render_page

from .. import tasks
from ..models import Segment
from ..policy import find

OFTEN, TRIES = 10, 60  # asked every second at first, then every five; who waits longer is told to go on


@require_http_methods(["GET", "POST"])
@allowed("segments.see")
def refreshes(request: HttpRequest, pk: int) -> HttpResponse:
    segment = find(request, pk)
    return _start(request, segment) if request.method == "POST" else _progress(request, segment)


@allowed("segments.edit")
def _start(request: HttpRequest, segment: Segment) -> HttpResponse:
    since = timezone.now()
    tasks.refresh_soon(segment)
    if not is_fragment(request):
        flash(request, _("Сегмент обновляется. Можно закрыть страницу"))
        return HttpResponseRedirect(reverse("segments:detail", args=[segment.pk]))
    return _shown(request, segment, status=202, since=since, attempt=1)


def _progress(request: HttpRequest, segment: Segment) -> HttpResponse:
    if not is_fragment(request):
        return HttpResponseRedirect(reverse("segments:detail", args=[segment.pk]))
    since, attempt = _asked(request)
    if since is None or (segment.refreshed_at and segment.refreshed_at >= since) or segment.is_frozen:
        return trigger_client_event(_shown(request, segment), "segment-refreshed", {})
    if attempt > TRIES:
        return _shown(request, segment, is_late=True)
    return _shown(request, segment, since=since, attempt=attempt + 1)


def _asked(request: HttpRequest) -> tuple[datetime | None, int]:
    try:
        return parse_datetime(request.GET.get("since", "")), int(request.GET.get("attempt", "1"))
    except ValueError:
        return None, 1


def _shown(request: HttpRequest, segment: Segment, *, status: int = 200, **state: Any) -> HttpResponse:
    delay = 1 if state.get("attempt", 0) <= OFTEN else 5
    context = {"segment": segment, "delay": delay} | state
    return render_page(request, "segments/_refresh.html", context, status=status)
