"""How the import and the sync stand, as plain data for the screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crmseg.web.page import Kind
from crmseg.web.reasons import Reason
from pipelines.models import Company, Contact, Deal

from ..models import Receipt
from . import pause
from .bars import NAMES
from .models import Account, Entity, ImportStep, Push
from .receipts import SOURCE

FAST, SLOW = 1, 5  # seconds between two looks: while it moves, while it waits
SHOWN, LINES = 20, 10
HEARD = 100  # notifications that are folded into lines
MIRRORS = {Entity.CONTACT: Contact, Entity.COMPANY: Company, Entity.DEAL: Deal}


@dataclass(frozen=True)
class Import:
    steps: Sequence[ImportStep]

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def percent(self) -> int:
        return 100 * self.done // len(self.steps) if self.steps else 0

    @property
    def is_done(self) -> bool:
        return bool(self.steps) and self.done == len(self.steps)

    @property
    def is_again(self) -> bool:
        """Not the first reading: the mirror is whole, and is compared."""
        return any(step.total for step in self.steps)

    @property
    def finished_at(self) -> datetime | None:
        return max((step.finished_at for step in self.steps if step.finished_at), default=None)

    @property
    def current(self) -> ImportStep | None:
        return next((step for step in self.steps if not step.is_done), None)

    @property
    def told(self) -> ImportStep | None:
        """The step to name in a word: after the last one is done the import is still to be put down as finished."""
        return self.current or (self.steps[-1] if self.steps else None)

    @property
    def number(self) -> int:
        """Which step it is at: 3 of 14."""
        return min(self.done + 1, len(self.steps))

    @property
    def rate(self) -> int:
        return self.current.rate(timezone.now()) if self.current else 0

    @property
    def label(self) -> str:
        return str(NAMES.get(self.told.entity, "")) if self.told else ""

    @property
    def every(self) -> int:
        """Seconds to the next look at it."""
        current = self.current
        return SLOW if current is None or current.error or current.entity == "history" else FAST

    @property
    def rows(self) -> list[tuple[str, ImportStep]]:
        return [(str(NAMES.get(step.entity, step.entity)), step) for step in self.steps]


@dataclass(frozen=True)
class Queue:
    """What waits to be written, and how far behind we are (S16)."""

    waiting: int
    parked: int
    oldest: datetime | None
    unread: int


def now() -> Import:
    return Import(list(ImportStep.objects.all()))


def outcome(account: Account) -> tuple[str, Kind]:
    """How an import ended, for whoever followed it."""
    if account.state == Account.State.NEEDS_REPAIR:
        return _("Импорт остановлен: amoCRM больше не принимает токен"), "bad"
    ended = now()
    if any(step.error for step in ended.steps):
        return _("Импорт завершён, но amoCRM отдал не всё. Причины — на странице amoCRM"), "bad"
    return (_("amoCRM прочитан заново") if ended.is_again else _("Импорт из amoCRM завершён")), "ok"


def queue() -> Queue:
    counts: dict[str, Any] = Push.objects.exclude(state=Push.State.DONE).aggregate(
        waiting=Count("pk", filter=Q(state__in=Push.OPEN)),
        parked=Count("pk", filter=Q(state=Push.State.PARKED)),
        oldest=Min("created_at", filter=Q(state__in=Push.OPEN)),
    )
    unread = Receipt.objects.filter(source=SOURCE, read_at__isnull=True).count()
    return Queue(**counts, unread=unread)


@dataclass(frozen=True)
class Line:
    """A push with the name of what it is about."""

    push: Push
    subject: str
    is_ours = True

    @property
    def at(self) -> datetime:
        return self.push.finished_at or self.push.created_at


def lines(pushes: Sequence[Push]) -> list[Line]:
    names: dict[tuple[str, int], str] = {}
    for entity, model in MIRRORS.items():
        ids = {push.local_id for push in pushes if push.entity == entity}
        names |= {(entity, row.pk): str(row) for row in model._default_manager.filter(pk__in=ids)} if ids else {}
    nameless = _("№ %(number)s")
    return [
        Line(push, names.get((push.entity, push.local_id), nameless % {"number": push.local_id})) for push in pushes
    ]


def parked() -> list[Line]:
    return lines(list(Push.objects.parked().order_by("-finished_at", "-id")[:SHOWN]))


def latest() -> list[Line]:
    return lines(list(Push.objects.filter(state=Push.State.DONE).order_by("-id")[:LINES]))


@dataclass(frozen=True)
class Heard:
    """Notifications one after another of which the same is to be said; ``newest`` speaks for all."""

    newest: Receipt
    count: int
    is_cut: bool  # there are more of them than were looked at
    is_ours = False

    @property
    def at(self) -> datetime:
        return self.newest.received_at

    @property
    def shown(self) -> str:
        return f"{self.count}+" if self.is_cut else str(self.count)


def heard() -> list[Heard]:
    receipts = Receipt.objects.filter(source=SOURCE).defer("body").order_by("-id")[: HEARD + 1]
    alike = groupby(receipts, key=lambda one: (one.error, one.read_at is None))
    folded = [list(rows) for _said, rows in alike]
    beyond = folded[-1].pop() if sum(map(len, folded)) > HEARD else None
    return [Heard(rows[0], len(rows), bool(beyond) and rows is folded[-1]) for rows in folded if rows][:LINES]


def exchanged() -> list[Line | Heard]:
    """What was written and what was heard, the newest first."""
    return sorted([*latest(), *heard()], key=lambda line: line.at, reverse=True)


def describe(account: Account | None) -> dict[str, Any]:
    """Everything the page draws."""
    if account is None:
        return {"account": None}
    return {
        "account": account,
        "pause": pause.current(account),
        "locked": Reason("token_locked") if account.is_locked else None,
        "import": now(),
        "queue": queue(),
        "parked": parked(),
        "exchanged": exchanged(),
    }
