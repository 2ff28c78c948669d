"""What the address of a page says about the rows to show: people by a FilterSet, the board's deals by DealFilter.

Each is read once and applied to any set of rows, so the page, its figures and its export agree.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import User
from crmseg.web.search import typed

from . import search
from .models import Company, Contact, Deal, Stage
from .models.contact import Lifecycle
from .models.deal import DealQuerySet
from .policy import OWNERS


class PeopleFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="find", label=_("Имя, компания, телефон или почта"))
    responsible = django_filters.ModelChoiceFilter(
        queryset=User.objects.none(), label=_("Ответственный"), empty_label=_("Любой ответственный")
    )
    lifecycle = django_filters.ChoiceFilter(choices=Lifecycle.choices, label=_("Статус"), empty_label=_("Любой статус"))
    tag = django_filters.CharFilter(method="tagged", label=_("Тег"))

    owner = "contact"

    def __init__(self, data: QueryDict, rows: QuerySet[Any]) -> None:
        data = data.copy()
        data["q"] = typed(data)
        super().__init__(data, rows)
        self.filters["responsible"].queryset = _responsible(rows)

    @property
    def is_set(self) -> bool:
        """Whether anything narrows the list; what the filter does not know, or cannot read, does not."""
        self.is_valid()
        return any(value not in ("", None) for value in self.form.cleaned_data.values())

    def find(self, rows: QuerySet[Any], name: str, wanted: str) -> QuerySet[Any]:
        return rows.filter(search.people(wanted, self.owner))

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
    q = django_filters.CharFilter(method="find", label=_("Название, телефон или почта"))

    owner = "company"

    class Meta:
        model = Company
        fields: list[str] = []


def _responsible(rows: QuerySet[Any]) -> QuerySet[User]:
    """Who can own people, and whoever owns some all the same."""
    could = Q(is_active=True, role__in=OWNERS)
    return User.objects.filter(could | Exists(rows.order_by().filter(responsible=OuterRef("pk"))))


@dataclass(frozen=True)
class DealFilter:
    """What stands in the URL: ?user=3,5&task=overdue|none&stuck=1&q=…"""

    users: tuple[int, ...] = ()
    task: str = ""
    stuck: bool = False
    q: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        users = tuple(int(part) for part in query.get("user", "").split(",") if part.isdecimal() and len(part) < 18)
        task = query.get("task", "")
        return cls(
            users,
            task if task in ("overdue", "none") else "",
            "stuck" in query,
            typed(query),
        )

    @property
    def is_set(self) -> bool:
        return bool(self.users or self.task or self.stuck or self.q)

    @property
    def is_everything(self) -> bool:
        return not (self.users or self.task or self.stuck)

    @property
    def narrows(self) -> bool:
        """Whether fewer deals are shown than the chips count."""
        return bool(self.task or self.stuck)

    @property
    def wants_overdue(self) -> bool:
        return self.task == "overdue"

    @property
    def wants_no_task(self) -> bool:
        return self.task == "none"

    @property
    def user(self) -> int | None:
        """The one person chosen, if it is one."""
        return self.users[0] if len(self.users) == 1 else None

    def of_people(self, deals: DealQuerySet) -> DealQuerySet:
        """Search and responsible: what the counts of the chips are taken of."""
        if self.users:
            deals = deals.filter(responsible__in=self.users)
        return deals.filter(search.deals(self.q)) if self.q else deals

    def narrow(self, deals: DealQuerySet, now: datetime) -> DealQuerySet:
        return self.by_state(self.of_people(deals), now)

    def by_state(self, deals: DealQuerySet, now: datetime) -> DealQuerySet:
        """Tasks and the stay on the stage: what the chips choose."""
        if self.task == "overdue":
            deals = deals.with_overdue_task(now)
        if self.task == "none":
            deals = deals.without_task()
        return deals.stuck(now) if self.stuck else deals
