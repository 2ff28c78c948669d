from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crmseg.accounts.policy import allowed, visible
from crmseg.web.page import render_page
from crmseg.web.paging import Keyset
from pipelines import custom, people
from pipelines.board import task_state
from pipelines.filters import ContactFilter
from pipelines.models import Contact, Deal, Task
from pipelines.timeline import timeline


@require_safe
@allowed("contacts.see")
def contact_list(request: HttpRequest) -> HttpResponse:
    rows = visible(request.user, Contact).alive().select_related("company", "responsible")
    narrowed = ContactFilter(request.GET, rows)
    page = Keyset(narrowed.qs, order=("name_key", "id")).page(request.GET.get("cursor"))
    context = {
        "heading": _("Контакты"),
        "filter": narrowed,
        "page": page,
        "facts": people.facts(page.rows, request.user),
    }
    return render_page(request, "contacts/list.html", context, partial="rows")


@require_safe
@allowed("contacts.see")
def contact_detail(request: HttpRequest, pk: int) -> HttpResponse:
    contact = get_object_or_404(visible(request.user, Contact).select_related("company", "responsible"), pk=pk)
    deals = visible(request.user, Deal).alive().filter(links__contact=contact)
    source, own = custom.with_source(contact.source, custom.of_contact(contact))
    context: dict[str, Any] = {
        "contact": contact,
        "source": source,
        "points": contact.points.all(),
        "facts": people.facts([contact], request.user)[contact.pk],
        "deals": deals.select_related("stage", "pipeline", "responsible").order_by("-created_at", "-id")[:50],
        "tasks": [(task, task_state(task, timezone.now())) for task in _open_tasks(request, contact)],
        "entries": timeline(contact, request.user, limit=50),
        "custom": own,
    }
    return render_page(request, "contacts/detail.html", context, partial="card")


def _open_tasks(request: HttpRequest, contact: Contact) -> QuerySet[Task]:
    rows = visible(request.user, Task).alive().filter(contact=contact, is_done=False)
    return rows.select_related("responsible").order_by("due_at", "pk")
