"""How a field's value is reached from a row: a test of the value in, a condition on the row out.

The condition may come out "unknown" where the value is missing; ``compile`` takes that for false and builds every
complement with ``sql.negated``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from django.db.models import (
    Aggregate,
    BooleanField,
    Exists,
    Expression,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from .sql import NUMBER, Sql, every, json_any, json_filled, negated, number, seconds_between, some

FEW = 50  # so many values are looked up in the JSON index one by one; more are compared as text


@dataclass(frozen=True)
class Clock:
    """What a whole evaluation shares. ``within`` restricts it to some contacts, so that sets stay small."""

    now: datetime
    within: Sequence[int] | None = None

    def inside(self) -> "Clock":
        """For conditions on other rows than the contacts evaluated."""
        return Clock(self.now)


@dataclass(frozen=True)
class Test:
    """What an operator asks of a value. ``sql`` always serves for a plain expression; the rest is for other places."""

    sql: Callable[[Sql], Any]
    holds: Callable[[Decimal], bool] = lambda value: False  # of a number that no row stands for
    span: Callable[[Sql, Sql], Any] | None = None  # of a stretch of time, from its start and end
    equals: tuple[Any, ...] = ()  # one of these exactly
    any_of: tuple[Any, ...] = ()
    all_of: tuple[Any, ...] = ()
    filled: bool = False  # a set with anything in it

    __test__ = False


class Access(Protocol):
    def where(self, test: Test, clock: Clock) -> Any:
        """A condition on the row."""
        ...


class Valued(Access, Protocol):
    """An access that can also hand out the value itself, for sums over rows."""

    def value(self, clock: Clock) -> Sql: ...


@dataclass(frozen=True)
class Column:
    name: str

    def where(self, test: Test, clock: Clock) -> Any:
        return test.sql(self.value(clock))

    def value(self, clock: Clock) -> Sql:
        return F(self.name)


@dataclass(frozen=True)
class Truth:
    """A yes or no that follows from other columns."""

    condition: Callable[[Clock], Q]

    def where(self, test: Test, clock: Clock) -> Any:
        return self.condition(clock)


@dataclass(frozen=True)
class Json:
    """A custom value, by the index on ``custom`` where equality allows."""

    key: str
    expression: Callable[[str], Expression]

    def where(self, test: Test, clock: Clock) -> Any:
        if test.all_of:
            return self._holds(list(test.all_of))
        if 0 < len(test.equals or test.any_of) <= FEW:
            return some([self._holds(value) for value in test.equals] + [self._holds([one]) for one in test.any_of])
        if test.any_of:
            return json_any(self.key, test.any_of)
        return json_filled(self.key) if test.filled else test.sql(self.value(clock))

    def value(self, clock: Clock) -> Sql:
        return self.expression(self.key)

    def _holds(self, value: Any) -> Q:
        return Q(custom__contains={self.key: value})


@dataclass(frozen=True)
class Span:
    """A stretch of time between two instants of the row; the open end is now."""

    start: str
    end: str

    def where(self, test: Test, clock: Clock) -> Any:
        assert test.span is not None, "a duration is asked for by duration operators only"
        return test.span(F(self.start), self._end(clock))

    def value(self, clock: Clock) -> Sql:
        return seconds_between(F(self.start), self._end(clock))

    def _end(self, clock: Clock) -> Sql:
        return Coalesce(F(self.end), Value(clock.now))


@dataclass(frozen=True)
class Among:
    """A value on rows of the owner: true if any of them passes. Also a set whose elements are rows."""

    rows: Callable[[Clock], QuerySet[Any]]
    owner: str
    column: str

    def where(self, test: Test, clock: Clock) -> Any:
        if test.all_of:
            return every([self._any(Q(**{self.column: one}), clock) for one in test.all_of])
        if test.any_of:
            return self._any(Q(**{f"{self.column}__in": test.any_of}), clock)
        if test.filled:
            return self._any(Q(), clock)
        return self._any(Q(test.sql(F(self.column))), clock)

    def _any(self, condition: Q, clock: Clock) -> Exists:
        return Exists(self.rows(clock).filter(condition, **{self.owner: OuterRef("pk")}))


@dataclass(frozen=True)
class Grouped:
    """An aggregate over rows of the owner, computed once for all of them in one grouped set."""

    rows: Callable[[], QuerySet[Any]]
    owner: str
    aggregate: Callable[[], Aggregate | Coalesce]
    default: Decimal | None = None  # what it is without a row; None = missing

    def where(self, test: Test, clock: Clock) -> Any:
        def owners(passing: Callable[[Sql], Any]) -> Q:
            grouped = self.rows().filter(**owned(self.owner, clock)).values(self.owner)
            passed = grouped.annotate(rule_value=self.aggregate()).filter(passing(F("rule_value")))
            return Q(pk__in=passed.order_by().values(self.owner))

        return over_default(test, self.default, owners)

    def value(self, clock: Clock) -> Sql:
        grouped = self.rows().filter(**{self.owner: OuterRef("pk")}).order_by().values(self.owner)
        found: Any = Subquery(grouped.annotate(rule_value=self.aggregate()).values("rule_value"))
        return found if self.default is None else Coalesce(found, number(self.default), output_field=NUMBER)


@dataclass(frozen=True)
class United:
    """An aggregate over rows of several tables, each query giving ``owner`` and ``at``."""

    rows: Callable[[Clock], QuerySet[Any]]
    aggregate: str
    default: Decimal | None = None

    def where(self, test: Test, clock: Clock) -> Any:
        def owners(passing: Callable[[Sql], Any]) -> Expression:
            return _InUnion(self.rows(clock), passing(_Written(self.aggregate)))

        return over_default(test, self.default, owners)

    def value(self, clock: Clock) -> Sql:
        return _OfUnion(self.rows(Clock(clock.now)), self.aggregate)


def over_default(test: Test, default: Decimal | None, owners: Callable[[Callable[[Sql], Any]], Any]) -> Any:
    """Those without a row are in no grouped set: where the test holds for them, everyone but the others is meant."""
    if default is not None and test.holds(default):
        return negated(owners(lambda value: negated(test.sql(value))))
    return owners(test.sql)


def owned(owner: str, clock: Clock) -> dict[str, Any]:
    return {f"{owner}__isnull": False} if clock.within is None else {f"{owner}__in": clock.within}


class _Written(Func):
    """An aggregate that no model knows."""

    output_field = NUMBER

    def __init__(self, text: str) -> None:
        super().__init__(template=text)


class _InUnion(Func):
    """``pk IN (SELECT owner … GROUP BY owner HAVING …)`` over a union, which the ORM does not group."""

    template = "(%(owner)s IN (SELECT owner FROM (%(union)s) united GROUP BY owner HAVING %(having)s))"
    output_field = BooleanField()

    def __init__(self, union: QuerySet[Any], having: Any) -> None:
        super().__init__(F("pk"), having)
        self.union = union

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        owner, having = self.get_source_expressions()
        owner_sql, owner_params = compiler.compile(owner)
        union_sql, union_params = self.union.query.get_compiler(connection=connection).as_sql()
        having_sql, having_params = compiler.compile(having)
        sql = self.template % {"owner": owner_sql, "union": union_sql, "having": having_sql}
        return sql, [*owner_params, *union_params, *having_params]


class _OfUnion(Func):
    template = "(SELECT %(aggregate)s FROM (%(union)s) united WHERE united.owner = %(owner)s)"
    output_field = NUMBER

    def __init__(self, union: QuerySet[Any], aggregate: str) -> None:
        super().__init__(F("pk"))
        self.union, self.aggregate = union, aggregate

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        owner_sql, owner_params = compiler.compile(self.get_source_expressions()[0])
        union_sql, union_params = self.union.query.get_compiler(connection=connection).as_sql()
        sql = self.template % {"aggregate": self.aggregate, "union": union_sql, "owner": owner_sql}
        return sql, [*union_params, *owner_params]
