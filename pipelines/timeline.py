"""What happened with a contact or a deal, newest first, as far as its viewer may see it.

Sources register themselves; each hands over its newest entries before an instant, and the timeline merges them. Rooms
above (segments, campaigns) register theirs from ``AppConfig.ready()``. A manager who shares a contact with a colleague
does not read what was said about the colleague's deals.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crmseg.accounts.models import User
from crmseg.accounts.policy import Viewer, visible
from crmseg.web import formats

from .models import Contact, Deal, DealContact, Note, StageVisit, Task

Subject = Contact | Deal


@dataclass(frozen=True)
class Entry:
    at: datetime
    kind: str
    icon: str
    title: str
    body: str = ""
    author: User | None = None
    url: str = ""

    @property
    def day(self) -> date:
        """The day by the company's clock."""
        return timezone.localdate(self.at)


Source = Callable[[Subject, Viewer, int, datetime | None], Iterable[Entry]]

ICONS = {
    Note.Kind.CALL_IN: "phone",
    Note.Kind.CALL_OUT: "phone",
    Note.Kind.MAIL_IN: "mail",
    Note.Kind.MAIL_OUT: "mail",
    Note.Kind.SMS_IN: "message",
    Note.Kind.SMS_OUT: "message",
}

_sources: list[Source] = []


def register(source: Source) -> None:
    if source not in _sources:
        _sources.append(source)


def timeline(subject: Subject, viewer: Viewer, limit: int = 50, before: datetime | None = None) -> list[Entry]:
    """The newest entries of all sources; for more, ask again with ``before`` = the last one's instant."""
    entries = [entry for source in _sources for entry in source(subject, viewer, limit, before)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:limit]


def install() -> None:
    for source in (notes, done_tasks, stage_visits):
        register(source)


def notes(subject: Subject, viewer: Viewer, limit: int, before: datetime | None) -> Iterable[Entry]:
    rows = visible(viewer, Note).alive().filter(_of(subject)).select_related("author")
    for note in _newest(rows, "created_at", limit, before):
        icon = ICONS.get(Note.Kind(note.kind), "note")
        title = "" if note.kind == Note.Kind.COMMON else _title(note)
        yield Entry(note.created_at, "note", icon, title, note.text, note.author, note.params.get("link", ""))


def done_tasks(subject: Subject, viewer: Viewer, limit: int, before: datetime | None) -> Iterable[Entry]:
    rows = visible(viewer, Task).alive().filter(_of(subject), is_done=True, completed_at__isnull=False)
    for task in _newest(rows.select_related("responsible"), "completed_at", limit, before):
        assert task.completed_at is not None  # the filter says so
        title = _("Задача выполнена: %(task)s") % {"task": task}
        yield Entry(task.completed_at, "task", "checkbox", title, task.result, task.responsible)


def stage_visits(subject: Subject, viewer: Viewer, limit: int, before: datetime | None) -> Iterable[Entry]:
    mine = Q(deal=subject) if isinstance(subject, Deal) else Q(deal__in=_deals_of(subject))
    rows = visible(viewer, StageVisit).filter(mine).select_related("stage", "previous_stage", "by", "deal")
    for visit in _newest(rows, "entered_at", limit, before):
        title = _move_in_words(visit)
        if isinstance(subject, Contact):
            title = f"{visit.deal}: {title}"
        yield Entry(visit.entered_at, "visit", "route", title, author=visit.by)


def _newest(rows: QuerySet[Any], instant: str, limit: int, before: datetime | None) -> QuerySet[Any]:
    if before:
        rows = rows.filter(**{f"{instant}__lt": before})
    return rows.order_by(f"-{instant}", "-pk")[:limit]


def _of(subject: Subject) -> Q:
    """A contact's timeline shows its deals' too."""
    if isinstance(subject, Deal):
        return Q(deal=subject)
    return Q(contact=subject) | Q(deal__in=_deals_of(subject))


def _deals_of(contact: Contact) -> QuerySet[Any]:
    return DealContact.objects.filter(contact=contact, deal__deleted_at=None).values("deal")


def _title(note: Note) -> str:
    seconds = note.params.get("duration")
    label = str(note.get_kind_display())
    if not seconds or not isinstance(seconds, int):
        return label
    return f"{label}, {formats.call(seconds, (get_language() or 'ru')[:2])}"


def _move_in_words(visit: StageVisit) -> str:
    if visit.previous_stage is None:
        return _("создана на этапе «%(stage)s»") % {"stage": visit.stage}
    return _("«%(left)s» → «%(stage)s»") % {"left": visit.previous_stage, "stage": visit.stage}
