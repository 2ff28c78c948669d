"""What lists can be narrowed by; one FilterSet serves the page, its export and the API."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import User

from . import search
from .models import Company, Contact, Deal, Stage
from .models.contact import Lifecycle


class PeopleFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="find", label=_("Имя, телефон или почта"))
    responsible = django_filters.ModelChoiceFilter(
        queryset=User.objects.filter(is_active=True), label=_("Ответственный"), empty_label=_("Любой ответственный")
    )
    lifecycle = django_filters.ChoiceFilter(choices=Lifecycle.choices, label=_("Статус"), empty_label=_("Любой статус"))
    tag = django_filters.CharFilter(method="tagged", label=_("Тег"))

    owner = "contact"

    def find(self, rows: QuerySet[Any], name: str, typed: str) -> QuerySet[Any]:
        return rows.filter(search.people(typed, self.owner))

    def tagged(self, rows: QuerySet[Any], name: str, tag: str) -> QuerySet[Any]:
        return rows.filter(tags__contains=[tag])


class ContactFilter(PeopleFilter):
    open_deal = django_filters.BooleanFilter(method="with_open_deal", label=_("Есть открытая сделка"))

    class Meta:
        model = Contact
        fields: list[str] = []

    def with_open_deal(self, rows: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        open_deal = Deal.objects.filter(
            deleted_at__isnull=True, stage__kind__in=Stage.OPEN_KINDS, links__contact=OuterRef("pk")
        )
        return rows.filter(Exists(open_deal) if wanted else ~Exists(open_deal))


class CompanyFilter(PeopleFilter):
    owner = "company"

    class Meta:
        model = Company
        fields: list[str] = []
