"""Cursor pages: ``{"next", "previous", "results"}``, keyset over (changed_at, id) or id, never OFFSET.

The cursor is where the page begins, as plain values; it selects nothing the key could not ask for anyway, so it is
checked for form and not signed.
"""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model, Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from .problems import invalid

Position = tuple[Any, ...]


class KeysetPagination(BasePagination):
    """Pages a queryset by ``order``: names of columns, ascending, the last of them unique."""

    order: Sequence[str] = ("id",)
    default_size = 100
    max_size = 500

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        self.order = getattr(view, "order", self.order)
        size = self._size(request)
        backwards, position = self._cursor(request)
        rows = queryset.order_by(*(f"-{name}" if backwards else name for name in self.order))
        if position is not None:
            rows = rows.filter(_beyond(self.order, position, backwards))
        page = list(rows[: size + 1])
        more, page = len(page) > size, page[:size]
        if backwards:
            page.reverse()
        self.next = self._link(page[-1], False) if page and (more or backwards) else None
        self.previous = self._link(page[0], True) if page and position is not None and (more or not backwards) else None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "previous": self.previous, "results": data})

    def _size(self, request: Request) -> int:
        given = request.query_params.get("page_size", str(self.default_size))
        if not given.isdecimal() or not 1 <= int(given) <= self.max_size:
            raise invalid("page_size", "out_of_range", _("Размер страницы: от 1 до %(max)d.") % {"max": self.max_size})
        return int(given)

    def _link(self, row: Model, backwards: bool) -> str:
        values = [
            value.isoformat() if isinstance(value := getattr(row, name), datetime) else value for name in self.order
        ]
        text = json.dumps([int(backwards), *values], separators=(",", ":"))
        cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)

    def _cursor(self, request: Request) -> tuple[bool, Position | None]:
        given = request.query_params.get("cursor")
        if not given:
            return False, None
        try:
            direction, *values = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
            position = tuple(_parse(name, value) for name, value in zip(self.order, values, strict=True))
        except (ValueError, TypeError) as error:
            raise _bad_cursor() from error
        return direction == 1, position


def _bad_cursor() -> ValidationError:
    return invalid("cursor", "invalid", _("Курсор испорчен. Возьмите ссылку next из ответа как есть."))


def _parse(name: str, value: Any) -> Any:
    if name.endswith("_at"):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(name)
        return moment
    if not isinstance(value, int) or abs(value) >= 2**63:
        raise ValueError(name)
    return value


def _beyond(order: Sequence[str], position: Position, backwards: bool) -> Q:
    """Rows strictly after the position in the order (before it when going back)."""
    sign = "lt" if backwards else "gt"
    condition = Q()
    for depth, name in enumerate(order):
        equal = dict(zip(order[:depth], position[:depth], strict=True))
        condition |= Q(**equal, **{f"{name}__{sign}": position[depth]})
    return condition


class ChangedAtPagination(KeysetPagination):
    """By id; with ``updated_since`` in the order of change, so that a reader can go on where it stopped."""

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        if "updated_since" in request.query_params:
            self.order = ("changed_at", "id")
        return super().paginate_queryset(queryset, request, view)
