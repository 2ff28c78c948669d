"""Keyset paging: a page is found by the last row seen, never by counting rows, so page 900 costs what page 1 costs.

    page = Keyset(Deal.objects.all(), order=("-created_at", "-id")).page(request.GET.get("cursor"))

The last column of the order must be unique. A cursor is signed; one that was tampered with, or made for another
order, means the first page (`exact_page` raises BadCursor instead). Missing values (NULL) stand last in either
direction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.core import signing
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import OrderBy

M = TypeVar("M", bound=Model)

NEXT, PREVIOUS = "n", "p"


class BadCursor(ValueError):
    """A cursor that was tampered with, or was made for another order."""


@dataclass(frozen=True)
class KeysetPage(Generic[M]):
    rows: list[M]
    next: str | None
    previous: str | None


@dataclass(frozen=True)
class Column:
    """One column of the order: rows after a value, rows that share it."""

    name: str
    is_descending: bool
    is_nullable: bool

    def ordering(self, *, backwards: bool) -> OrderBy:
        descending = self.is_descending != backwards
        nulls: dict[str, Any] = {("nulls_first" if backwards else "nulls_last"): True} if self.is_nullable else {}
        return F(self.name).desc(**nulls) if descending else F(self.name).asc(**nulls)

    def same(self, value: Any) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def beyond(self, value: Any, *, backwards: bool) -> Q | None:
        """Rows strictly past the value in reading direction; None when there can be none."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if backwards else None
        less = self.is_descending != backwards
        past = Q(**{f"{self.name}__{'lt' if less else 'gt'}": value})
        return past | Q(**{f"{self.name}__isnull": True}) if self.is_nullable and not backwards else past


class Keyset(Generic[M]):
    def __init__(self, queryset: QuerySet[M], order: Sequence[str] = ("-created_at", "-id"), size: int = 50) -> None:
        self.queryset = queryset
        self.order = tuple(order)
        self.size = size
        self.columns = [self._column(name) for name in self.order]

    def page(self, cursor: str | None = None) -> KeysetPage[M]:
        try:
            return self.exact_page(cursor)
        except BadCursor:
            return self.exact_page()

    def exact_page(self, cursor: str | None = None) -> KeysetPage[M]:
        direction, values = (NEXT, None) if cursor is None else self._read(cursor)
        try:
            return self._fetch(direction, values)
        except (ValidationError, ValueError, TypeError) as error:  # of another time: the columns changed their type
            raise BadCursor(cursor) from error

    def _fetch(self, direction: str, values: list[Any] | None) -> KeysetPage[M]:
        backwards = direction == PREVIOUS
        rows = self.queryset if values is None else self.queryset.filter(self._beyond(values, backwards=backwards))
        rows = rows.order_by(*(column.ordering(backwards=backwards) for column in self.columns))
        found = list(rows[: self.size + 1])
        more, found = len(found) > self.size, found[: self.size]
        if backwards:
            found.reverse()
        has_next, has_previous = (bool(found), more) if backwards else (more, values is not None)
        return KeysetPage(
            found,
            self._write(NEXT, found[-1]) if found and has_next else None,
            self._write(PREVIOUS, found[0]) if found and has_previous else None,
        )

    def _beyond(self, values: list[Any], *, backwards: bool) -> Q:
        past, same = Q(pk__in=[]), Q()
        for column, value in zip(self.columns, values, strict=True):
            beyond = column.beyond(value, backwards=backwards)
            if beyond is not None:
                past |= same & beyond
            same &= column.same(value)
        return past & self._bound(values[0], backwards=backwards)

    def _bound(self, value: Any, *, backwards: bool) -> Q:
        """The leading column alone, so that an index on it narrows the scan before the alternatives are looked at."""
        first = self.columns[0]
        return Q() if first.is_nullable else (first.beyond(value, backwards=backwards) or Q()) | first.same(value)

    def _column(self, name: str) -> Column:
        path = name.removeprefix("-")
        return Column(path, name.startswith("-"), _is_nullable(self.queryset.model, path))

    def _write(self, direction: str, row: M) -> str:
        values = [_plain(_value(row, column.name)) for column in self.columns]
        return signing.dumps([direction, values], salt=self._salt)

    def _read(self, cursor: str) -> tuple[str, list[Any]]:
        try:
            direction, values = signing.loads(cursor, salt=self._salt)
        except signing.BadSignature as error:
            raise BadCursor(cursor) from error
        return direction, values

    @property
    def _salt(self) -> str:
        return f"keyset:{self.queryset.model._meta.label}:{','.join(self.order)}"


def _is_nullable(model: type[Model], path: str) -> bool:
    try:
        *through, last = path.split("__")
        nullable = False
        for name in through:
            field = model._meta.get_field(name)
            nullable = nullable or bool(field.null)
            model = field.related_model  # type: ignore[assignment]
        return nullable or bool(getattr(model._meta.get_field(last), "null", True))
    except FieldDoesNotExist:  # an annotation: it may be missing
        return True


def _value(row: Model, path: str) -> Any:
    value: Any = row
    for name in path.split("__"):
        value = getattr(value, name) if value is not None else None
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
