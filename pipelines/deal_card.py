"""One deal as its card shows it: plain data for the page and the drawer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from crmseg.accounts.policy import Viewer

from . import custom
from .board import heat, task_state
from .models import ContactPoint, CustomField, Deal, DealContact, LossReason, Stage, StageVisit, Task
from .timeline import Entry, timeline
from .visits import in_order

TABS = ("feed", "tasks", "history")
FEED = 50


@dataclass(frozen=True)
class Step:
    """One piece of the stage bar."""

    stage: Stage
    is_reached: bool
    is_current: bool
    is_lost: bool = False  # the deal was lost here


@dataclass(frozen=True)
class DealCard:
    deal: Deal
    heat: str
    days: int
    steps: Sequence[Step]
    following: Stage | None
    lost: Stage | None
    lost_at: Stage | None
    source: str
    people: Sequence[DealContact]
    fields: Sequence[custom.Shown]
    loss_reasons: Sequence[LossReason]
    open_tasks: int


@dataclass(frozen=True)
class Tab:
    name: str
    entries: Sequence[Entry] = ()
    tasks: Sequence[tuple[Task, str]] = ()
    visits: Sequence[tuple[StageVisit, Any, Sequence[str]]] = ()


def of(deal: Deal, now: datetime) -> DealCard:
    stages = in_order(deal.pipeline.stages.alive())
    track = [stage for stage in stages if stage.kind != Stage.Kind.LOST]
    lost_at = _lost_at(deal)
    stood = lost_at if deal.stage.kind == Stage.Kind.LOST else deal.stage
    here = stages.index(stood) if stood in stages else -1
    reached = {stage.pk for stage in stages[: here + 1]}
    is_open = deal.stage.is_open
    source, fields = custom.with_source(deal.source, custom.shown(CustomField.Entity.DEAL, deal.custom))
    return DealCard(
        deal=deal,
        heat=heat(deal.stage_entered_at, deal.stage.max_days, now) if is_open else "",
        days=deal.days_on_stage(now),
        steps=[Step(stage, stage.pk in reached, stage == deal.stage, stage == lost_at) for stage in track],
        following=next((stage for stage in track if stages.index(stage) > here), None) if is_open else None,
        lost=next((stage for stage in stages if stage.kind == Stage.Kind.LOST), None) if is_open else None,
        lost_at=lost_at,
        source=source,
        people=_people(deal),
        fields=fields,
        loss_reasons=list(LossReason.objects.filter(deleted_at=None)) if is_open or deal.lacks_loss_reason else [],
        open_tasks=Task.objects.open().filter(deal=deal).count(),
    )


def tab(deal: Deal, name: str, viewer: Viewer, now: datetime) -> Tab:
    """What the chosen tab shows; the others cost nothing."""
    if name == "tasks":
        return Tab(name, tasks=_tasks(deal, now))
    if name == "history":
        return Tab(name, visits=_visits(deal, now))
    return Tab("feed", entries=timeline(deal, viewer, FEED))


def _lost_at(deal: Deal) -> Stage | None:
    """Where a lost deal stood before; nobody knows when it came from amoCRM without its history."""
    if deal.stage.kind != Stage.Kind.LOST:
        return None
    visits = deal.visits.filter(stage=deal.stage).select_related("previous_stage")
    last = visits.order_by("-entered_at", "-pk").first()
    return last.previous_stage if last else None


def _people(deal: Deal) -> list[DealContact]:
    phones = ContactPoint.objects.order_by("kind", "position", "id")
    links = deal.links.filter(contact__deleted_at=None).select_related("contact")
    return list(links.prefetch_related(Prefetch("contact__points", phones)).order_by("-is_main", "pk"))


def _tasks(deal: Deal, now: datetime) -> list[tuple[Task, str]]:
    rows = Task.objects.alive().filter(deal=deal).select_related("responsible").order_by("is_done", "due_at", "pk")
    return [(task, "done" if task.is_done else task_state(task, now)) for task in rows]


def _visits(deal: Deal, now: datetime) -> list[tuple[StageVisit, Any, Sequence[str]]]:
    """Newest first: the visit, how long it took, the names of the stages it jumped over."""
    visits = list(deal.visits.select_related("stage", "previous_stage", "by").order_by("-entered_at", "-pk"))
    skipped = {pk for visit in visits for pk in visit.skipped_stages}
    names = dict(Stage.objects.filter(pk__in=skipped).values_list("pk", "name"))
    return [
        (visit, (visit.left_at or now) - visit.entered_at, [names[pk] for pk in visit.skipped_stages if pk in names])
        for visit in visits
    ]
