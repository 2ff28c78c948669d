from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from crmseg.accounts.models import User
from crmseg.accounts.policy import allowed, may, visible
from crmseg.web.page import is_fragment, render_page
from pipelines import board as boards
from pipelines.filters import DealFilter
from pipelines.models import Deal, LossReason, Pipeline, Stage
from pipelines.policy import deals_seen_by


@require_safe
@allowed("deals.see")
def board(request: HttpRequest) -> HttpResponse:
    pipelines = list(visible(request.user, Pipeline).filter(deleted_at=None, is_archived=False))
    if not pipelines:
        return render_page(request, "pipelines/board_first.html", {"rail": True})
    pipeline = _chosen(request, pipelines)
    filters = DealFilter.read(request.GET)
    laid = boards.lay_out(pipeline, deals_seen_by(request.user), filters, timezone.now())
    context = {"board": laid, "pipeline": pipeline, "pipelines": pipelines, "filters": filters, "rail": True}
    context["is_part"] = is_fragment(request)
    return render_page(request, "pipelines/board.html", context | _choices(request, filters), partial="view")


@require_safe
@allowed("deals.see")
def stage_cards(request: HttpRequest, pk: int) -> HttpResponse:
    stage = get_object_or_404(visible(request.user, Stage).select_related("pipeline"), pk=pk)
    deals = deals_seen_by(request.user)
    filters, after = DealFilter.read(request.GET), request.GET.get("after", "")
    column = boards.more(stage, deals, filters, timezone.now(), after, before=_before(request))
    context = {"column": column, "can_move": may(request.user, "deals.move")}
    return render_page(request, "pipelines/_cards.html", context)


def _chosen(request: HttpRequest, pipelines: list[Pipeline]) -> Pipeline:
    asked = {str(pipeline.pk): pipeline for pipeline in pipelines}.get(request.GET.get("pipeline", ""))
    return asked or next((each for each in pipelines if each.is_main), pipelines[0])


def _choices(request: HttpRequest, filters: DealFilter) -> dict[str, Any]:
    """What the board offers to choose from."""
    people = list(User.objects.filter(is_active=True, pk__in=visible(request.user, Deal).values("responsible")))
    chosen = ", ".join(str(person) for person in people if person.pk in filters.users)
    can_move = may(request.user, "deals.move")
    reasons = visible(request.user, LossReason).filter(deleted_at=None) if can_move else []
    is_mine = filters.user == request.user.pk
    return {"people": people, "chosen": chosen, "is_mine": is_mine, "loss_reasons": reasons, "can_move": can_move}


def _before(request: HttpRequest) -> int:
    text = request.GET.get("before", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0
