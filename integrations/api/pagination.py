"""Cursor pages: ``{"next", "previous", "results"}``, by keyset, never OFFSET."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from crmseg.web.paging import BadCursor, Keyset

from .problems import invalid

PARAMETERS = ("cursor", "page_size")


class KeysetPagination(BasePagination):
    """Pages a queryset by the view's ``order``: names of columns, the last of them unique."""

    order: Sequence[str] = ("id",)
    default_size = 100
    max_size = 500

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        keyset: Keyset[Any] = Keyset(queryset, self._order(request, view), self._size(request))
        try:
            self.page = keyset.exact_page(request.query_params.get("cursor"))
        except BadCursor as error:
            hint = _("Курсор испорчен. Возьмите ссылку next из ответа как есть.")
            raise invalid("cursor", "invalid", hint) from error
        self.address = request.build_absolute_uri()
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {"next": self._link(self.page.next), "previous": self._link(self.page.previous), "results": data}
        )

    def _order(self, request: Request, view: APIView | None) -> Sequence[str]:
        return getattr(view, "order", self.order)

    def _size(self, request: Request) -> int:
        given = request.query_params.get("page_size", str(self.default_size))
        if not given.isdecimal() or not 1 <= int(given) <= self.max_size:
            raise invalid("page_size", "out_of_range", _("Размер страницы: от 1 до %(max)d.") % {"max": self.max_size})
        return int(given)

    def _link(self, cursor: str | None) -> str | None:
        return replace_query_param(self.address, "cursor", cursor) if cursor else None


class ChangedAtPagination(KeysetPagination):
    """By id; with ``updated_since`` in the order of change, so that a reader can go on where it stopped."""

    def _order(self, request: Request, view: APIView | None) -> Sequence[str]:
        return ("changed_at", "id") if "updated_since" in request.query_params else super()._order(request, view)
