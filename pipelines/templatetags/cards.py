"""The card of a deal on the board.

In: a Card. Out: its HTML, drawn from ``Face`` alone, all that the card shows in words of its reader's language. A face
seen before is not drawn again: a board has a hundred and more, and most look as they did a minute ago.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crmseg.web import formats
from crmseg.web.templatetags.crmseg import avatar
from pipelines.board import Card

register = template.Library()
DRAWN = 8192  # faces remembered by a process, about 2 KB each


@dataclass(frozen=True, slots=True)
class Face:
    """Plain values only, so that two equal faces are drawn alike."""

    pk: int
    url: str
    stage_id: int
    is_open: bool
    who: str
    title: str
    heat: str
    stay: str
    closed_on: str
    budget: str
    owner: SafeString
    task_state: str
    task: str
    loss_reason: str
    lacks_loss_reason: bool
    tags: tuple[str, ...]
    sync_state: str
    get_sync_state_display: str
    sync_reason: str


@register.simple_tag
def deal_card(card: Card, can_move: bool = False, oob: bool = False) -> SafeString:
    language = get_language() or "ru"
    return _drawn(face(card, language[:2], timezone.now()), bool(can_move), oob, language)


def face(card: Card, language: str, now: datetime) -> Face:
    deal = card.deal
    is_synced = deal.sync_state == "synced"
    return Face(
        pk=deal.pk,
        url=f"{_all_deals()}{deal.pk}/",
        stage_id=deal.stage_id,
        is_open=deal.stage.is_open,
        who=" · ".join(str(side) for side in (card.contact, deal.company) if side),
        title=str(deal),
        heat=card.heat,
        stay=formats.span(now - deal.stage_entered_at, language) if deal.stage.is_open else "",
        closed_on=formats.when(card.closed_on, now, language) if card.closed_on else "",
        budget=formats.rub(deal.price, language) if deal.price else "",
        owner=avatar(deal.responsible, 22),
        task_state=card.task_state,
        task=_task(card, language, now),
        loss_reason=str(deal.loss_reason or ""),
        lacks_loss_reason=deal.lacks_loss_reason,
        tags=tuple(card.tags),
        sync_state=deal.sync_state,
        get_sync_state_display="" if is_synced else str(deal.get_sync_state_display()),
        sync_reason="" if is_synced else str(deal.sync_reason),
    )


def _task(card: Card, language: str, now: datetime) -> str:
    if card.task is None:
        return ""
    late = card.task_state == "overdue"
    due = _("Просрочена") if late else capfirst(formats.due(card.task.due_at, now, language))
    return f"{due}: {card.task}"


@lru_cache(maxsize=1)
def _all_deals() -> str:
    """What the addresses of all deals begin with."""
    return reverse("deals:detail", args=[0]).removesuffix("0/")


@lru_cache(maxsize=DRAWN)
def _drawn(shown: Face, can_move: bool, oob: bool, language: str) -> SafeString:
    context = {"card": shown, "can_move": can_move, "oob": oob}
    return mark_safe(render_to_string("pipelines/_deal_card.html", context).strip())  # noqa: S308  the template escapes
