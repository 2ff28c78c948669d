"""Who is in a segment, since when, and why.

In: rules and the change log. Out: intervals of Membership, ``segment.entered|left`` in the log, the counters of the
segment. A whole segment (``refresh``) and a few contacts over all segments (``refresh_contacts``) go through the same
statement of ``diff``; the segment rows are locked in id order, so refreshers wait for each other and never double.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.utils import OperationalError
from psycopg.errors import QueryCanceled

from pipelines import changes
from pipelines.models import Change, Contact

from . import diff, lifecycle, rfm, touched
from .dependencies import depends_on_time, in_levels, in_order
from .models import Cause, Segment
from .population import Broken, population
from .rules.fields import Known

STALE_AFTER = timedelta(minutes=15)
SET_SIZE = 250  # changed contacts evaluated by one statement
BATCH = 20_000  # lines of the log read at once
MANY = 3000  # from here on, and from a tenth of the base, everybody at once is cheaper than set after set
HEAVY_AFTER = 5.0  # seconds
JUMP_OF = 20  # people; a smaller move is no jump, whatever its share
FILL_WITHIN_MS = 2000
READER = "segments"

Clock = Callable[[], datetime]  # asked anew for each segment: long work must not date its last moves by its first


@dataclass(frozen=True)
class Refreshed:
    entered: int = 0
    left: int = 0
    size: int = 0

    def __add__(self, other: "Refreshed") -> "Refreshed":
        return Refreshed(self.entered + other.entered, self.left + other.left, self.size + other.size)


def refresh(segment: Segment, *, now: datetime) -> Refreshed:
    """Evaluate a whole segment. Frozen ones stay as they are; one whose rule is whole again comes back to life."""
    with transaction.atomic():
        held = Segment.objects.alive().select_for_update(no_key=True).filter(pk=segment.pk).first()
        if held is None or (held.is_paused and not _ends_its_pause(held, now)):
            return Refreshed(size=held.size if held else 0)
        started = monotonic()
        try:
            people = population(held, now=now)
        except Broken as broken:
            held.find_broken(str(broken), now=now)
            return Refreshed(size=held.size)
        _prepare_for_a_large_query()
        moved = diff.apply([(held.pk, people)], now=now, cause=_cause(held))
        return _settle(held, moved, now, seconds=monotonic() - started)


def refresh_contacts(contact_ids: Iterable[int], *, now: datetime) -> Refreshed:
    """Evaluate a few contacts over all live segments, those that read other segments after the ones they read."""
    ids = sorted(set(contact_ids))
    if not ids:
        return Refreshed()
    total, known = Refreshed(), Known()
    with transaction.atomic():
        followed = Segment.objects.alive().filled().filter(is_paused=False).exclude(health=Segment.Health.BROKEN)
        for level in in_levels(followed.order_by("pk").select_for_update(no_key=True)):
            found = []
            for segment in level:
                try:
                    found.append((segment.pk, population(segment, now=now, only=ids, known=known)))
                except Broken as broken:
                    segment.find_broken(str(broken), now=now)
            for moved in diff.apply(found, now=now, cause=Cause.RULE, only=ids):
                _count(moved, now)
                total += Refreshed(moved.entered, moved.left)
    return total


def follow_changes(clock: Clock) -> Refreshed:
    """Drain the log: the contacts its lines touch get their lifecycle and their segments anew."""
    total = Refreshed()
    while True:
        with changes.reading(READER, limit=BATCH) as batch:
            if not batch:
                return total
            total += _follow(batch, clock)


def refresh_stale(clock: Clock) -> int:
    """Refresh what the clock moves and what was never filled; a pause whose date came ends. Returns how many."""
    now = clock()
    lifecycle.refresh_aging(now=now)
    for paused in Segment.objects.due_to_resume(now):
        refresh(paused, now=now)
    old = Segment.objects.alive().dynamic().filter(is_paused=False).older_than(STALE_AFTER, now)
    stale = [segment for segment in in_order(old) if segment.refreshed_at is None or depends_on_time(segment.rules)]
    if any(segment.refreshed_at is None for segment in stale):  # what is filled first is history from then on
        refresh_attributes(now)
    _refresh_each(stale, clock)
    return len(stale)


def refresh_all(clock: Clock) -> Refreshed:
    """Everything anew, in the order in which segments read each other: the nightly check of the others."""
    refresh_attributes(clock())
    return _refresh_each(Segment.objects.alive(), clock)


def refresh_attributes(now: datetime) -> None:
    """What rules read and we compute ourselves: lifecycle and RFM of everybody."""
    lifecycle.refresh(None, now=now)
    lifecycle.refresh_companies(None, now=now)
    rfm.refresh(now=now)


def fill(segment: Segment, *, now: datetime) -> bool:
    """Evaluate at once if that takes under two seconds; False leaves the segment unfilled, for a worker to do."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {FILL_WITHIN_MS}")
            refresh(segment, now=now)
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return False
    segment.refresh_from_db()
    return True


def _follow(batch: Sequence[Change], clock: Clock) -> Refreshed:
    contacts, companies = touched.by(batch)
    lifecycle.refresh_companies(sorted(companies), now=clock())
    if len(contacts) >= MANY and len(contacts) * 10 >= Contact.objects.alive().count():
        lifecycle.refresh(None, now=clock())
        return _refresh_each(Segment.objects.alive(), clock)
    total = Refreshed()
    for ids in _in_sets(contacts):
        now = clock()
        lifecycle.refresh(ids, now=now)
        total += refresh_contacts(ids, now=now)
    return total


def _refresh_each(segments: Iterable[Segment], clock: Clock) -> Refreshed:
    return sum((refresh(segment, now=clock()) for segment in in_order(segments)), Refreshed())


def _in_sets(ids: Collection[int]) -> list[list[int]]:
    ordered = sorted(ids)
    return [ordered[start : start + SET_SIZE] for start in range(0, len(ordered), SET_SIZE)]


def _ends_its_pause(held: Segment, now: datetime) -> bool:
    if held.paused_until is None or held.paused_until > now:
        return False
    held.resume(now=now)
    return True


def _cause(held: Segment) -> str:
    """Why people move in this refresh: the first fill, a change of the rules, or the rules as they were."""
    if held.due_cause:
        return held.due_cause
    if held.refreshed_at is not None:
        return Cause.RULE
    return Cause.EDIT if held.memberships.exists() else Cause.FIRST


def _prepare_for_a_large_query() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")


def _settle(held: Segment, moved: Sequence[diff.Moved], now: datetime, *, seconds: float) -> Refreshed:
    """Write the counters a full refresh knows for certain."""
    entered, left = (moved[0].entered, moved[0].left) if moved else (0, 0)
    held.size = held.memberships.filter(left_at__isnull=True).count()
    held.health, held.health_reason = _health(held, now, seconds), ""
    held.refreshed_at, held.due_cause = now, ""
    fields = ["size", "health", "health_reason", "refreshed_at", "due_cause"]
    if entered or left:
        held.changed_at = now
        fields.append("changed_at")
    held.save(update_fields=fields)
    return Refreshed(entered, left, held.size)


def _health(held: Segment, now: datetime, seconds: float) -> str:
    if held.size == 0:
        return Segment.Health.EMPTY
    if seconds >= HEAVY_AFTER:
        return Segment.Health.HEAVY
    return Segment.Health.JUMPED if _has_jumped(held, now) else Segment.Health.OK


def _has_jumped(held: Segment, now: datetime) -> bool:
    """Whether the size moved by more than half since yesterday, for a segment that existed the day before."""
    yesterday = now - timedelta(days=1)
    if held.kind != Segment.Kind.DYNAMIC or held.created_at > yesterday:
        return False
    stayed = Q(left_at__isnull=True) | Q(left_at__gt=yesterday)
    before = held.memberships.filter(stayed, entered_at__lte=yesterday).count()
    moved = abs(held.size - before)
    return before > 0 and moved >= JUMP_OF and moved * 2 > before


def _count(moved: diff.Moved, now: datetime) -> None:
    """Move the counter with the intervals, without counting rows."""
    Segment.objects.filter(pk=moved.segment_id).update(size=F("size") + moved.entered - moved.left, changed_at=now)
    health = Case(
        When(size=0, then=Value(Segment.Health.EMPTY)),
        When(health=Segment.Health.EMPTY, then=Value(Segment.Health.OK)),
        default=F("health"),
    )
    Segment.objects.filter(pk=moved.segment_id).update(health=health)
