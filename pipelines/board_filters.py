"""What the address of a page says about the deals to show: read once, applied to any set of deals."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.http import QueryDict

from .models.deal import DealQuerySet


@dataclass(frozen=True)
class Filters:
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
            query.get("q", "").replace("\x00", "").strip(),
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
        return deals.search(self.q) if self.q else deals

    def narrow(self, deals: DealQuerySet, now: datetime) -> DealQuerySet:
        deals = self.of_people(deals)
        if self.task == "overdue":
            deals = deals.with_overdue_task(now)
        if self.task == "none":
            deals = deals.without_task()
        return deals.stuck(now) if self.stuck else deals
