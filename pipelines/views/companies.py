from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crmseg.accounts.policy import allowed, visible
from crmseg.web.page import render_page
from crmseg.web.paging import Keyset
from pipelines import custom
from pipelines.filters import CompanyFilter
from pipelines.models import Company, Contact, CustomField, Deal


@require_safe
@allowed("contacts.see")
def company_list(request: HttpRequest) -> HttpResponse:
    rows = visible(request.user, Company).alive().select_related("responsible").prefetch_related("points")
    narrowed = CompanyFilter(request.GET, rows)
    page = Keyset(narrowed.qs, order=("name_key", "id")).page(request.GET.get("cursor"))
    context = {"heading": _("Компании"), "filter": narrowed, "page": page, "phones": _phones(page.rows)}
    return render_page(request, "companies/list.html", context, partial="rows")


def _phones(companies: Sequence[Company]) -> dict[int, str]:
    """The first number of each that has one."""
    points = [point for company in reversed(companies) for point in reversed(company.points.all())]
    return {point.company_id: point.value for point in points if point.company_id and point.kind == point.Kind.PHONE}


@require_safe
@allowed("contacts.see")
def company_detail(request: HttpRequest, pk: int) -> HttpResponse:
    company = get_object_or_404(visible(request.user, Company).select_related("responsible"), pk=pk)
    deals = visible(request.user, Deal).alive().filter(company=company)
    context = {
        "company": company,
        "points": company.points.all(),
        "deals": deals.select_related("stage", "pipeline").order_by("-created_at", "-id")[:50],
        "people": visible(request.user, Contact).alive().filter(company=company).order_by("name_key", "id")[:50],
        "custom": custom.shown(CustomField.Entity.COMPANY, company.custom),
    }
    return render_page(request, "companies/detail.html", context, partial="card")
