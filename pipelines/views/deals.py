from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from crmseg.accounts.models import User
from crmseg.accounts.policy import allowed, may
from crmseg.web.page import flash, is_fragment, render_page, toast
from pipelines import board as boards
from pipelines import deal_card
from pipelines.filters import DealFilter
from pipelines.forms import MoveForm, NoteForm
from pipelines.models import Deal, Stage, StageVisit
from pipelines.models.deal import DealQuerySet
from pipelines.models.refusals import MoveRefused, StageChanged
from pipelines.policy import deals_seen_by

RELATED = ("stage", "pipeline", "responsible", "company", "loss_reason")


@require_safe
@allowed("deals.see")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    partial = "tab" if _target(request) == "deal-tab" else "view"
    return render_page(request, "pipelines/deal.html", _context(request, _deal(request, pk)), partial=partial)


@require_POST
@allowed("deals.move")
def move(request: HttpRequest, pk: int) -> HttpResponse:
    deal, user = _seen(request).filter(pk=pk).first(), _user(request)
    if deal is None:
        return _gone(request, pk)
    form = MoveForm(request.POST, user=user)
    if not form.is_valid():
        return _refused(request, deal, form.first_error, HTTPStatus.UNPROCESSABLE_ENTITY)
    left, stage, came_from = deal.stage, form.cleaned_data["stage"], form.cleaned_data["from"]
    given = form.cleaned_data["loss_reason"]
    try:
        visit = deal.move_to(stage, by=user, now=timezone.now(), loss_reason=given, came_from=came_from)
    except StageChanged as refusal:
        return _refused(request, deal, str(refusal), HTTPStatus.CONFLICT, came_from)
    except MoveRefused as refusal:
        return _refused(request, deal, str(refusal), HTTPStatus.UNPROCESSABLE_ENTITY)
    said = _("Перенесена в «%(stage)s»") % {"stage": deal.stage}
    return _moved(request, deal, left, said, undo=_undo(deal, left, visit))


@require_POST
@allowed("deals.move")
def undo_move(request: HttpRequest, pk: int, visit: int) -> HttpResponse:
    deal = _seen(request).filter(pk=pk).first()
    if deal is None:
        return _gone(request, pk)
    left = deal.stage
    try:
        deal.undo_move(visit, by=_user(request), now=timezone.now())
    except MoveRefused as refusal:
        return _refused(request, deal, str(refusal), HTTPStatus.CONFLICT, _believed(deal, visit))
    place = {"before": boards.following(deal, _shown(request, timezone.now()))}
    return _moved(request, deal, left, _("Перенос отменён"), place=place)


@require_POST
@allowed("deals.note")
def note(request: HttpRequest, pk: int) -> HttpResponse:
    deal, form = _deal(request, pk), NoteForm(request.POST)
    if form.is_valid():
        deal.add_note(form.cleaned_data["text"], by=_user(request), now=timezone.now())
        if not is_fragment(request):
            flash(request, _("Примечание добавлено"))
            return redirect("deals:detail", pk=pk)
        context = _context(request, deal) | {"note_form": NoteForm().begin(), "is_added": True}
        answer = render_page(request, "pipelines/deal.html", context, partial="composer")
        return toast(answer, _("Примечание добавлено"))
    context = _context(request, deal) | {"note_form": form.begin()}
    return render_page(request, "pipelines/deal.html", context, partial="composer", status=422)


def _deal(request: HttpRequest, pk: int) -> Deal:
    return get_object_or_404(_seen(request), pk=pk)


def _seen(request: HttpRequest) -> DealQuerySet:
    return deals_seen_by(request.user).select_related(*RELATED)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # LoginRequiredMiddleware
    return request.user


def _target(request: HttpRequest) -> str:
    return getattr(getattr(request, "htmx", None), "target", None) or ""


def _context(request: HttpRequest, deal: Deal) -> dict[str, Any]:
    now = timezone.now()
    return {
        "card": deal_card.of(deal, now),
        "deal": deal,
        "tab": deal_card.tab(deal, request.GET.get("tab", "feed"), request.user, now),
        "can_move": may(request.user, "deals.move"),
        "can_note": may(request.user, "deals.note"),
        "note_form": NoteForm(),
    }


def _view(request: HttpRequest, deal: Deal) -> str:
    """The open card again, when it was the one that asked; a note that is being typed stays in its field."""
    if _target(request) != "deal-view":
        return ""
    return render_to_string("pipelines/deal.html#view", _context(request, deal) | {"keeps_note": True}, request)


def _refused(
    request: HttpRequest, deal: Deal, reason: str, status: HTTPStatus, believed: Stage | None = None
) -> HttpResponse:
    """The open card as it truly stands; where the screen ``believed`` in another stage, the board follows too."""
    if not is_fragment(request):
        return HttpResponse(reason, status=status, content_type="text/plain; charset=utf-8")
    deal = _deal(request, deal.pk)
    response = HttpResponse(_view(request, deal), status=status)
    if believed is not None:
        response.write(_on_board(request, deal, believed))
        trigger_client_event(response, "deal-moved", {"id": deal.pk, "stage": deal.stage_id})
    return toast(response, reason, kind="bad")


def _gone(request: HttpRequest, pk: int) -> HttpResponse:
    """Deleted, or somebody else's by now: it leaves the board that still shows it."""
    if not is_fragment(request):
        raise Http404
    response = HttpResponse(f'<li id="deal-{pk}" hx-swap-oob="delete"></li>', status=HTTPStatus.NOT_FOUND)
    return toast(response, _("Сделку удалили или передали другому"), kind="bad")


def _moved(
    request: HttpRequest,
    deal: Deal,
    left: Stage,
    said: str,
    *,
    undo: dict[str, str] | None = None,
    place: dict[str, Any] | None = None,
) -> HttpResponse:
    """Only what changed on the screen that asked: the card, both columns' figures, the toast with the way back.

    ``place``: a card that came back stands in its column ``before`` that one; one that was moved stays where it fell.
    """
    if not is_fragment(request):
        return redirect("deals:detail", pk=deal.pk)
    response = HttpResponse(_view(request, deal) + _on_board(request, deal, left))
    trigger_client_event(response, "deal-moved", {"id": deal.pk, "stage": deal.stage_id} | (place or {}))
    trigger_client_event(response, "announce", {"text": said})
    return toast(response, said, undo=undo)


def _undo(deal: Deal, left: Stage, visit: StageVisit) -> dict[str, str] | None:
    """Where the move is taken back, and the open card to draw anew. amoCRM's unsorted leads take nobody back."""
    if left.takes_nobody_back or left == deal.stage:
        return None
    url = reverse("deals:undo_move", args=[deal.pk, visit.pk])
    return {"url": url, "target": f'#deal-view[data-deal="{deal.pk}"]'}


def _believed(deal: Deal, visit: int) -> Stage:
    """Where the screen that wants to undo that visit shows the deal."""
    known = StageVisit.objects.filter(pk=visit, deal=deal).select_related("stage__pipeline").first()
    return known.stage if known else deal.stage


def _on_board(request: HttpRequest, deal: Deal, left: Stage) -> str:
    """Out of band for the board the move was made on; it sends its own query, so the figures keep its filters."""
    if "board" not in request.POST:
        return ""
    now = timezone.now()
    shown = _shown(request, now)
    board = boards.Board(boards.figures(left.pipeline.stages.alive(), shown, now))
    columns = [column for column in board.columns if column.stage in (left, deal.stage)]
    is_here = deal.stage in [column.stage for column in columns]
    context = {"board": board, "columns": columns, "deal": deal, "can_move": True}
    context["card"] = boards.cards([deal.pk], now)[0] if is_here else None
    return render_to_string("pipelines/_moved.html", context, request)


def _shown(request: HttpRequest, now: datetime) -> DealQuerySet:
    """The deals of the board that asked."""
    return DealFilter.read(QueryDict(request.POST.get("board", ""))).narrow(deals_seen_by(request.user), now)
