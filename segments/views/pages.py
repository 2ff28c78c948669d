"""Pages to look at: the list of segments, one segment, its members."""

from collections.abc import Sequence
from typing import Any, cast

from django.db.models import Case, F, IntegerField, QuerySet, TextField, Value, When
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crmseg.accounts.models import User
from crmseg.accounts.policy import allowed, may, visible
from crmseg.web.page import render_page
from crmseg.web.paging import Keyset, KeysetPage
from crmseg.web.search import typed
from pipelines.models.mirrored import Fold, fold

from .. import freshness, history, words
from ..models import Membership, Segment
from ..policy import SEES_EVERYBODY, counts, find

GROUPS = ("own", "ready")


@require_safe
@allowed("segments.see")
def segments(request: HttpRequest) -> HttpResponse:
    every = visible(request.user, Segment).filter(deleted_at__isnull=True)
    query, group = typed(request.GET), request.GET.get("group", "")
    page = Keyset(_narrowed(every, query, group), order=("order", "key", "id")).page(request.GET.get("cursor"))
    context = {
        "page": page,
        "rows": words.with_sentences(page.rows),
        **_counted(request, page.rows),
        "q": query,
        "group": group,
        "is_filtered": bool(query or group in GROUPS),
        "can_edit": may(request.user, "segments.edit"),
    }
    return render_page(request, "segments/list.html", context, partial="rows")


@require_safe
@allowed("segments.see")
def segment(request: HttpRequest, pk: int) -> HttpResponse:
    found = find(request, pk)
    stays = visible(request.user, Membership).filter(segment=found)
    known = words.Known()
    context = {
        "segment": found,
        **_counted(request, [found]),
        "sentence": words.one_sentence(found.rules, known) if found.rules is not None else None,
        "tree": words.tree(found.rules, known) if found.rules is not None else None,
        "page": _members(stays, request),
        "log": history.recent(stays),
        "can_edit": may(request.user, "segments.edit"),
        "may_see_contacts": may(request.user, "contacts.see"),
    }
    return render_page(request, "segments/detail.html", context, partial="now")


@require_safe
@allowed("segments.see")
def members(request: HttpRequest, pk: int) -> HttpResponse:
    found = find(request, pk)
    page = _members(visible(request.user, Membership).filter(segment=found), request)
    may_see_contacts = may(request.user, "contacts.see")
    context = {"segment": found, "page": page, "may_see_contacts": may_see_contacts, **_counted(request, [found])}
    return render_page(request, "segments/members.html", context, partial="rows")


def _counted(request: HttpRequest, segments: Sequence[Segment]) -> dict[str, Any]:
    """Of whom the pages tell how many, of everybody or of the people this user may see, and as of when."""
    user = cast(User, request.user)
    told = {"counts": counts(user, segments), "sees_everybody": user.role in SEES_EVERYBODY}
    return told | {"fresh": freshness.of(segments)}


def _narrowed(rows: QuerySet[Segment], query: str, group: str) -> QuerySet[Segment]:
    """People's own segments first, ready ones after them."""
    order = Case(When(ready_key__isnull=True, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = rows.annotate(order=order)
    if group in GROUPS:
        rows = rows.filter(ready_key__isnull=group == "own")
    rows = rows.annotate(key=Fold(_shown_name(rows)))
    return rows.filter(key__contains=fold(query)) if query else rows


def _shown_name(rows: QuerySet[Segment]) -> Case:
    """The list is searched and ordered by what the reader reads: ready segments speak their language."""
    ready = {row.pk: row.title for row in rows.filter(ready_key__isnull=False).only("name", "ready_key")}
    translated = [When(pk=pk, then=Value(title)) for pk, title in ready.items()]
    return Case(*translated, default=F("name"), output_field=TextField())


def _members(stays: QuerySet[Membership], request: HttpRequest) -> KeysetPage[Any]:
    """Ids first by the index of the intervals, then the people behind them."""
    inside = stays.filter(left_at__isnull=True).prefetch_related("contact__company", "contact__responsible", "by")
    return Keyset(inside, order=("-entered_at", "-id")).page(request.GET.get("cursor"))
