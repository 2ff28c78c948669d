"""What the resources of mirrored rows share.

Lists leave deleted rows out, ``updated_since`` includes them. A parameter that an address does not take is refused: a
misspelt one would quietly answer another question.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.viewsets import ReadOnlyModelViewSet

from crmseg.accounts.models import ApiKey
from crmseg.accounts.policy import visible

from .pagination import PARAMETERS
from .problems import UnknownParameter, invalid

SINCE = "updated_since"
NAMES = {
    "contact": gettext_lazy("Контакты"),
    "company": gettext_lazy("Компании"),
    "deal": gettext_lazy("Сделки"),
    "segment": gettext_lazy("Сегменты"),
}
DESCRIPTIONS = {  # by action
    "list": gettext_lazy("Список по страницам. updated_since: изменённые с этого времени, удалённые тоже."),
    "retrieve": gettext_lazy("Одна запись по её id."),
    "members": gettext_lazy("Состав сегмента сейчас, с параметром at — на то время."),
    "visits": gettext_lazy("История этапов сделки, от ранних к поздним."),
}


def instant(name: str, given: str) -> datetime:
    """An ISO 8601 instant with offset from the query, or a refusal that names the parameter."""
    try:
        moment = parse_datetime(given.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid(name, "invalid", _("Ожидались дата и время с часовым поясом: 2026-11-21T14:32:00+03:00."))
    return moment


class MirroredViewSet(ReadOnlyModelViewSet[Any]):
    scope: str
    model: type[Model]  # a mirrored one: with changed_at and alive()
    lookup_value_regex = r"\d{1,18}"
    parameters: Sequence[str] = ()  # of the address asked for; an action names its own

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """What nobody may do here is refused as such, whatever the key: 405 and not 403."""
        self.perform_authentication(request)
        if isinstance(request.auth, ApiKey) and request.method not in self.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)
        known = (*PARAMETERS, SINCE) if self.action == "list" else self.parameters
        unknown = [name for name in request.query_params if name not in known]
        if unknown and self.action:
            raise UnknownParameter(unknown, known)

    def get_view_name(self) -> str:
        """What OPTIONS says of the address, in the reader's language."""
        return str(NAMES[str(self.basename)])

    def get_view_description(self, html: bool = False) -> str:
        return str(DESCRIPTIONS[(self.action_map or {})["get"]])

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = visible(cast(ApiKey, self.request.auth), self.model)
        since = self.request.query_params.get(SINCE)
        if self.action == "list":
            rows = rows.filter(changed_at__gte=instant(SINCE, since)) if since is not None else rows.alive()
        return self.related(rows)

    def related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows
