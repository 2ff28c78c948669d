"""Tree → SQL. The caller chooses the base queryset: a rule narrows it and can never widen it.

Every condition over rows of another table is a subquery: ``Exists``, or ``IN`` one grouped set for aggregates.
Each node is true or false: "unknown" counts as false, and every complement is built by ``negated``.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.db.models import Avg, Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Sum

from .access import Clock, Valued, over_default, owned
from .durations import ago
from .fields import AMOUNT, ZERO, live, membership, picked_links
from .sql import every, is_present, negated, some
from .tree import Agg, Condition, Group, Has, InSegment, Junction, Node

AGGREGATES: dict[Agg, Any] = {Agg.SUM: Sum, Agg.AVG: Avg, Agg.MIN: Min, Agg.MAX: Max}


def matching(
    node: Node | None, *, now: datetime, base: QuerySet[Any], within: Sequence[int] | None = None
) -> QuerySet[Any]:
    """Those of ``base`` whom the rule selects; nobody without a rule.

    ``within`` restricts the evaluation to some contacts: the same answer for them, from sets kept small.
    """
    if node is None or (within is not None and not within):
        return base.none()
    clock = Clock(now, within)
    found = live(base, condition(node, clock))
    return found if within is None else found.filter(pk__in=within)


def condition(node: Node, clock: Clock) -> Any:
    if isinstance(node, Group):
        return _group(node, clock)
    if isinstance(node, Has):
        return _has(node, clock)
    if isinstance(node, InSegment):
        return _in_segment(node, clock)
    return _field(node, clock)


def _field(node: Condition, clock: Clock) -> Any:
    return node.op.condition(node.field, node.value, clock)


def _group(node: Group, clock: Clock) -> Q:
    conditions = [condition(child, clock) for child in node.nodes]
    if node.junction == Junction.NONE:
        return every([negated(one) for one in conditions])
    return every(conditions) if node.junction == Junction.ALL else some(conditions)


def _in_segment(node: InSegment, clock: Clock) -> Any:
    since = {} if node.since is None else {"entered_at__lte": ago(clock.now, node.since)}
    found = membership(node.segment, **since)
    return found if node.is_in else negated(found)


def _has(node: Has, clock: Clock) -> Any:
    if node.is_some or node.is_none:
        found = _some_row(node, clock)
        return found if node.is_some else negated(found)
    return _aggregate(node, clock)


def _some_row(node: Has, clock: Clock) -> Exists:
    column, of = node.relation.via or (node.relation.owner, "pk")
    return Exists(_rows(node, clock, {column: OuterRef(of)}))


def _aggregate(node: Has, clock: Clock) -> Any:
    """Owners by an aggregate of their rows; count and sum of nothing are 0, of the others nothing is true."""
    rows = _rows(node, clock, owned(node.relation.owner, clock))
    value = _value(node, clock)
    if node.of is not None:
        rows = rows.annotate(rule_input=value).filter(is_present(F("rule_input")))
        value = F("rule_input")
    aggregate = Count("pk") if node.agg == Agg.COUNT else AGGREGATES[node.agg](value)

    def owners(passing: Any) -> Q:
        grouped = rows.values(node.relation.owner).annotate(rule_value=aggregate)
        return Q(pk__in=grouped.filter(passing(F("rule_value"))).order_by().values(node.relation.owner))

    default = ZERO if node.agg in {Agg.COUNT, Agg.SUM} else None
    return over_default(node.op.test(AMOUNT, node.value, clock), default, owners)


def _value(node: Has, clock: Clock) -> Any:
    return F("pk") if node.of is None else cast(Valued, node.of.access).value(clock.inside())


def _rows(node: Has, clock: Clock, link: dict[str, Any]) -> QuerySet[Any]:
    """The rows that ``where`` accepts. One ``filter`` for the link and the pick: they must mean the same joined row."""
    if node.pick is not None:
        link = {**link, "links__in": picked_links(node.pick, clock)}
    rows = node.relation.rows(clock).filter(**link)
    return rows if node.where is None else rows.filter(Q(condition(node.where, clock.inside())))
