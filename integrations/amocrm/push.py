"""Write to amoCRM what the outbox holds.

What flows in: ``Push`` rows. What flows out: as few requests as they fold into. The intent is committed before the
request, its end right after; whatever lost its answer on the way is read back before it is written again. One bad item
of a batch is put aside with its reason and the others go on.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from crmseg.web.reasons import Reason
from pipelines import arming
from pipelines.models import Note
from pipelines.models.mirrored import SyncState

from ..http import Permanent, Temporary
from .client import BATCH, AmoClient, Conflicted, Invalid, TokenRefused
from .lock import Busy, leave, only_one
from .mapping import Json
from .models import Push
from .writers import WRITERS, Parcel, Writer
from .writers.parcel import MIRRORS

AT_ONCE = 500
LAG = timedelta(seconds=10)  # what was just written may not be listed yet
ACCOUNT_WIDE = frozenset({402, 403, 429, 502, 503})
State = Push.State


def push(client: AmoClient, now: datetime, busy: Busy = leave) -> Counter[str]:
    """Send what is due; → how many pushes ended how. A restored database keeps still (D13)."""
    ends: Counter[str] = Counter()
    with only_one("push", busy) as mine:
        if mine and arming.is_armed(now):
            try:
                for kind, writer in WRITERS.items():
                    settle(client, writer, kind, now, ends)
                    _send_due(client, writer, kind, now, ends)
            except TokenRefused as error:
                client.account.need_repair(error.reason)
                raise
    return ends


def _send_due(client: AmoClient, writer: Writer, kind: str, now: datetime, ends: Counter[str]) -> None:
    while due := list(Push.objects.due(now).filter(kind=kind).order_by("id")[:AT_ONCE]):
        parcels = writer.fold(due)
        idle = [parcel for parcel in parcels if parcel.item is None]
        orphans = set(due) - {push for parcel in parcels for push in parcel.pushes}
        _finish(writer, idle, {}, now, ends, is_written=False)
        _close(orphans, now)
        for batch in _batches([parcel for parcel in parcels if parcel.item is not None]):
            if not _send(client, writer, batch, now, ends):
                return


def _batches(parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
    for _entity, some in groupby(parcels, key=lambda parcel: parcel.pushes[0].entity):
        row = list(some)
        yield from (row[start : start + BATCH] for start in range(0, len(row), BATCH))


def _send(client: AmoClient, writer: Writer, batch: list[Parcel], now: datetime, ends: Counter[str]) -> bool:
    """One request; → whether it makes sense to send more now."""
    _intend(batch, now)
    try:
        answers = writer.send(client, batch)
    except Temporary as error:
        _not_now(batch, error, ends)
        return False
    except TokenRefused:
        _return(batch)
        raise
    except Invalid as error:
        return _without_bad(client, writer, batch, error.items, error, now, ends)
    except Conflicted as error:
        bad = {parcel.key: error.ids[parcel.amo_id] for parcel in batch if parcel.amo_id in error.ids}
        rest = [parcel for parcel in batch if parcel.key not in bad]
        _doubt(rest, error.reason, timezone.now())  # whether the others were written nobody tells
        return _without_bad(client, writer, [p for p in batch if p.key in bad], bad, error, now, ends)
    except Permanent as error:
        return _without_bad(client, writer, batch, {}, error, now, ends)
    _finish(writer, batch, answers, timezone.now(), ends)
    return True


def _without_bad(
    client: AmoClient,
    writer: Writer,
    batch: list[Parcel],
    bad: Mapping[str, str],
    error: Permanent,
    now: datetime,
    ends: Counter[str],
) -> bool:
    """Put the named items aside and send the rest again; when none is named, find the bad one by itself."""
    named = dict(bad)
    refused = [parcel for parcel in batch if parcel.key in named]
    if not refused and len(batch) == 1:
        refused, named = batch, {batch[0].key: ""}
    for parcel in refused:
        said = named[parcel.key]
        _park(parcel, Reason("amo_not_written", detail=said) if said else error.reason, ends)
    rest = [parcel for parcel in batch if parcel not in refused]
    if not rest:
        return True
    _return(rest)
    alone = [rest] if refused else [[parcel] for parcel in rest]
    return all(_send(client, writer, some, now, ends) for some in alone)


def _intend(batch: Iterable[Parcel], now: datetime) -> None:
    rows = []
    for parcel in batch:
        for push in parcel.pushes:
            push.state, push.intended_at = State.INTENT, now
            push.payload = push.payload | ({"sent": parcel.sent} if push.kind == Push.Kind.MOVE else {})
            rows.append(push)
    Push.objects.bulk_update(rows, ["state", "intended_at", "payload"])


def _finish(
    writer: Writer,
    batch: Sequence[Parcel],
    answers: dict[str, Json],
    now: datetime,
    ends: Counter[str],
    *,
    is_written: bool = True,
) -> None:
    """Close the pushes and move the agreed state, in one transaction."""
    if not batch:
        return
    with transaction.atomic():
        pushes = [push for parcel in batch for push in parcel.pushes]
        _close(pushes, now)
        _close(_overtaken(pushes), now)
        if is_written:
            writer.confirm(batch, answers, now)
        else:
            _show_idle(pushes)
    ends["done" if is_written else "idle"] += len(pushes)


def _close(pushes: Iterable[Push], now: datetime) -> None:
    ids = [push.pk for push in pushes]
    Push.objects.filter(pk__in=ids).update(state=State.DONE, finished_at=now, reason="", next_try_at=None)


def _overtaken(pushes: Iterable[Push]) -> QuerySet[Push]:
    """Moves that amoCRM once refused, of deals whose stage both sides agree on now: nobody has to look at them."""
    deals = [push.local_id for push in pushes if push.kind == Push.Kind.MOVE]
    return Push.objects.parked().filter(kind=Push.Kind.MOVE, local_id__in=deals)


def _show_idle(pushes: Iterable[Push]) -> None:
    """Nothing to write: amoCRM has it already."""
    for push in pushes:
        _show(push, SyncState.SYNCED, "")


def _show(push: Push, state: SyncState, reason: Reason | str) -> None:
    rows = Note.objects.filter(pk=push.payload["note"]) if push.payload.get("note") else _row(push)
    rows.update(sync_state=state, sync_reason=reason)


def _row(push: Push) -> QuerySet[Any]:
    return MIRRORS[push.entity]._default_manager.filter(pk=push.local_id)


def _park(parcel: Parcel, reason: Reason, ends: Counter[str]) -> None:
    with transaction.atomic():
        for each in parcel.pushes:
            each.park(reason, timezone.now())
            _show(each, SyncState.REFUSED, reason)
    ends["parked"] += len(parcel.pushes)


def _return(batch: Iterable[Parcel]) -> None:
    """Nothing was written: as it was before the intent."""
    ids = [push.pk for parcel in batch for push in parcel.pushes]
    Push.objects.filter(pk__in=ids).update(state=State.PLANNED)


def _doubt(batch: Iterable[Parcel], reason: Reason, now: datetime) -> None:
    ids = [push.pk for parcel in batch for push in parcel.pushes]
    Push.objects.filter(pk__in=ids).update(state=State.UNKNOWN, next_try_at=now + LAG, reason=reason)


def _not_now(batch: Sequence[Parcel], error: Temporary, ends: Counter[str]) -> None:
    """The answer is lost: doubtful. It never went out: later. The trouble of a whole account parks nobody (F14)."""
    now = timezone.now()
    if error.is_doubtful:
        _doubt(batch, error.reason, now)
        ends["unknown"] += sum(len(parcel.pushes) for parcel in batch)
        return
    pushes = [push for parcel in batch for push in parcel.pushes]
    for each in pushes:
        each.put_off(error.reason, error.retry_after, now, is_counted=_is_own(error))
        if each.state == State.PARKED:
            _show(each, SyncState.REFUSED, error.reason)
    ends["later"] += len(pushes)


def _is_own(error: Temporary) -> bool:
    """Whether the failure may be the record's own, and not the account's or the network's."""
    return error.answer is not None and error.answer.status not in ACCOUNT_WIDE


def settle(client: AmoClient, writer: Writer, kind: str, now: datetime, ends: Counter[str]) -> None:
    """Read back what was sent and never answered: it is there, or it is planned again.

    A push still in intent belongs to a worker that died: only one pushes at a time, and it is us.
    """
    Push.objects.filter(kind=kind, state=State.INTENT).update(state=State.UNKNOWN, next_try_at=now)
    doubtful = list(Push.objects.filter(kind=kind, state=State.UNKNOWN, next_try_at__lte=now).order_by("id")[:AT_ONCE])
    if not doubtful:
        return
    parcels = writer.fold(doubtful)
    for batch in _batches(parcels):
        try:
            answers = writer.arrived(client, batch)
        except Temporary as error:
            _doubt(batch, error.reason, timezone.now())
            continue
        _finish(writer, [parcel for parcel in batch if parcel.key in answers], answers, timezone.now(), ends)
        for parcel in batch:
            if parcel.key not in answers:
                for each in parcel.pushes:
                    each.put_off(each.reason, 0.0, now)
