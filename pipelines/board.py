"""The board as plain data: what the filters leave of a pipeline, column by column.

In: a pipeline, the deals its viewer may see, filters, now. Out: columns with figures and their first cards. Figures are
one grouped query over all columns, read from the index ``deal_on_board`` alone; the first cards of every column come
from one query with a subquery per stage.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Aggregate, Case, Count, DateTimeField, OuterRef, Q, Sum, Value, When
from django.utils import timezone

from .filters import DealFilter
from .models import Contact, Deal, DealContact, Pipeline, Stage, Task
from .models.deal import DealQuerySet
from .models.pipeline import STUCK_AFTER
from .visits import in_order

CARDS = 15  # per column, more on scroll
SLOW_AFTER = 1.5  # norms: from here the median of a column is shown as trouble
MANY_STUCK = 5  # from here a column shows how many are stuck
TAGS = 3
ON_CARD = (
    *("name", "price", "tags", "stage", "stage_entered_at", "closed_at"),
    *("company", "responsible", "loss_reason", "sync_state", "sync_reason"),
)


class MedianInstant(Aggregate):
    """The instant in the middle; an instant that was there, so no arithmetic on dates is needed."""

    function = "percentile_disc"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DateTimeField()


@dataclass(frozen=True)
class Card:
    deal: Deal
    contact: Contact | None
    task: Task | None
    task_state: str  # overdue, today, planned, none; nothing once the deal is closed
    heat: str

    @property
    def tags(self) -> list[str]:
        return self.deal.tags[:TAGS]

    @property
    def closed_on(self) -> date | None:
        return timezone.localdate(self.deal.closed_at) if self.deal.closed_at else None


@dataclass
class Column:
    stage: Stage
    count: int = 0
    total: Decimal = Decimal(0)
    stuck: int = 0
    median: timedelta | None = None
    cards: Sequence[Card] = field(default_factory=list)
    before: int = 0  # cards of this column that are on the screen already
    after: str = ""  # where the next cards begin

    @property
    def seen(self) -> int:
        return self.before + len(self.cards)

    @property
    def rest(self) -> int:
        return max(self.count - self.seen, 0)

    @property
    def is_folded(self) -> bool:
        """A narrow strip: what is closed, and the incoming column while nothing waits there."""
        return not self.stage.is_open or (self.stage.kind == Stage.Kind.INCOMING and not self.count)

    @property
    def has_many_stuck(self) -> bool:
        return self.stuck > MANY_STUCK

    @property
    def norm(self) -> timedelta | None:
        return timedelta(days=self.stage.max_days) if self.stage.max_days else None

    @property
    def is_told_in_days(self) -> bool:
        """As norms are, so that the unit need not be said twice."""
        return self.median is not None and self.median >= timedelta(days=1)

    @property
    def is_slow(self) -> bool:
        return bool(self.norm and self.median and self.median > self.norm * SLOW_AFTER)


@dataclass(frozen=True)
class Board:
    columns: Sequence[Column]
    overdue: int = 0
    without_task: int = 0
    stuck: int = 0

    @property
    def open(self) -> list[Column]:
        return [column for column in self.columns if column.stage.is_open]

    @property
    def count(self) -> int:
        return sum(column.count for column in self.open)

    @property
    def total(self) -> Decimal:
        return sum((column.total for column in self.open), Decimal(0))

    @property
    def is_empty(self) -> bool:
        return not any(column.count for column in self.columns)


def heat(since: datetime, norm: int | None, now: datetime) -> str:
    """Beyond the norm warm, beyond two norms hot; without a norm nothing is late."""
    stay = now - since
    if not norm or stay <= timedelta(days=norm):
        return ""
    return "hot" if stay > timedelta(days=norm * STUCK_AFTER) else "warm"


def lay_out(pipeline: Pipeline, deals: DealQuerySet, filters: DealFilter, now: datetime) -> Board:
    of_people = filters.of_people(deals)
    shown = filters.by_state(of_people, now)
    columns = figures(pipeline.stages.alive(), shown, now)
    _fill(columns, _first_cards(pipeline, shown), now)
    stages = [column.stage.pk for column in columns if column.stage.is_open]
    open_deals = of_people.filter(stage__in=stages)
    board = Board(columns, stuck=sum(column.stuck for column in columns))
    number = open_deals.count() if filters.narrows else board.count
    with_task, overdue = _with_task(open_deals, now)
    stuck = open_deals.stuck(now).count() if filters.narrows else board.stuck
    return replace(board, overdue=overdue, without_task=number - with_task, stuck=stuck)


def figures(stages: Iterable[Stage], shown: DealQuerySet, now: datetime) -> list[Column]:
    """The head of each column: one grouped query whatever their number, over the deals alone."""
    columns = {stage.pk: Column(stage) for stage in in_order(stages)}
    rows = shown.filter(stage__in=columns).order_by().values("stage")
    for row in rows.annotate(
        count=Count("pk"),
        total=Sum("price"),
        stuck=Count("pk", filter=Q(stage_entered_at__lt=_stuck_before([each.stage for each in columns.values()], now))),
        entered=MedianInstant("stage_entered_at"),
    ):
        column = columns[row["stage"]]
        column.count, column.total, column.stuck = row["count"], row["total"] or Decimal(0), row["stuck"]
        column.median = now - row["entered"] if column.stage.is_open else None
    return list(columns.values())


def _with_task(deals: DealQuerySet, now: datetime) -> tuple[int, int]:
    """How many of the deals have an open task, and an overdue one: one walk along the index of open tasks."""
    counted = Task.objects.open().filter(deal__in=deals.order_by().values("pk"))
    late = Count("deal", distinct=True, filter=Q(due_at__lt=now))
    found = counted.aggregate(all=Count("deal", distinct=True), late=late)
    return found["all"], found["late"]


def _stuck_before(stages: Iterable[Stage], now: datetime) -> Case:
    """The moment of each stage as plain values: PostgreSQL does not reckon it anew for every deal."""
    moments = ((stage, stage.stuck_before(now)) for stage in stages)
    return Case(*(When(stage=stage, then=Value(at)) for stage, at in moments if at), output_field=DateTimeField())


def more(
    stage: Stage, deals: DealQuerySet, filters: DealFilter, now: datetime, after: str = "", before: int = 0
) -> Column:
    """The next cards of one column, and where the ones after them begin."""
    shown = filters.narrow(deals, now).filter(stage=stage)
    rows = list(_beyond(shown, stage, after).order_by(*_order(stage)).values_list("pk", flat=True)[: CARDS + 1])
    column = figures([stage], shown, now)[0]
    column.cards, column.before = cards(rows[:CARDS], now), before
    column.after = _mark(column.cards[-1].deal) if len(rows) > CARDS else ""
    return column


def following(deal: Deal, shown: DealQuerySet) -> int | None:
    """The deal whose card stands next after this one's in its column."""
    rows = _beyond(shown.filter(stage=deal.stage), deal.stage, _mark(deal)).order_by(*_order(deal.stage))
    return rows.values_list("pk", flat=True).first()


def cards(ids: Sequence[int], now: datetime) -> list[Card]:
    """Cards in the order of the ids, with the main contact and the next open task of each."""
    rows = Deal.objects.only(*ON_CARD, "company__name").select_related("company")
    deals = rows.prefetch_related("stage", "responsible", "loss_reason").in_bulk(ids)  # few, each read once
    links = DealContact.objects.filter(deal__in=ids).select_related("contact").only("deal", "contact__name")
    people = {link.deal_id: link.contact for link in links.order_by("deal", "-is_main", "pk").distinct("deal")}
    tasks = {task.deal_id: task for task in _next_tasks(ids)}
    return [_card(deals[pk], people.get(pk), tasks.get(pk), now) for pk in ids if pk in deals]


def task_state(task: Task | None, now: datetime) -> str:
    if task is None:
        return "none"
    if task.due_at < now:
        return "overdue"
    return "today" if timezone.localdate(task.due_at) == timezone.localdate(now) else "planned"


def _card(deal: Deal, contact: Contact | None, task: Task | None, now: datetime) -> Card:
    if not deal.stage.is_open:
        return Card(deal, contact, None, "", "")
    warmth = heat(deal.stage_entered_at, deal.stage.max_days, now)
    return Card(deal, contact, task, task_state(task, now), warmth)


def _next_tasks(ids: Sequence[int]) -> Iterable[Task]:
    rows = Task.objects.open().filter(deal__in=ids).only("deal", "text", "type", "type_name", "due_at")
    return rows.order_by("deal", "due_at", "pk").distinct("deal")


def _first_cards(pipeline: Pipeline, shown: DealQuerySet) -> dict[int, list[int]]:
    """The longest-standing deals of every open stage, and one more; closed columns fill when opened."""
    own = shown.filter(stage=OuterRef("pk")).order_by("stage_entered_at", "pk").values("pk")[: CARDS + 1]
    stages = pipeline.stages.alive().open().order_by("pk")
    return dict(stages.annotate(first=ArraySubquery(own)).values_list("pk", "first"))


def _fill(columns: Sequence[Column], firsts: Mapping[int, list[int]], now: datetime) -> None:
    ready = {card.deal.pk: card for card in cards([pk for ids in firsts.values() for pk in ids[:CARDS]], now)}
    for column in columns:
        ids = firsts.get(column.stage.pk, [])
        column.cards = [ready[pk] for pk in ids[:CARDS] if pk in ready]
        column.after = _mark(column.cards[-1].deal) if len(ids) > CARDS else ""


def _order(stage: Stage) -> tuple[str, str]:
    """Open columns: who has waited longest comes first. Closed ones: the latest."""
    return ("stage_entered_at", "pk") if stage.is_open else ("-stage_entered_at", "-pk")


def _mark(deal: Deal) -> str:
    return f"{deal.stage_entered_at.isoformat()}~{deal.pk}"


def _beyond(shown: DealQuerySet, stage: Stage, after: str) -> DealQuerySet:
    """Keyset: the rows after a mark; a mark that cannot be read means the beginning."""
    instant, _, pk = after.partition("~")
    try:
        at, number = datetime.fromisoformat(instant), int(pk)
    except ValueError:
        return shown
    side = "gt" if stage.is_open else "lt"
    return shown.filter(Q(**{f"stage_entered_at__{side}": at}) | Q(stage_entered_at=at, **{f"pk__{side}": number}))
