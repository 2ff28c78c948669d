"""The two arrows that every letter takes, each one journey to the database and one transaction.

``begin`` first waits for the locks of the run, the person and the address, in statements of their own, and judges in a
later one: in READ COMMITTED a statement sees what was committed before it started, so a pause, a cap or an unsubscribe
that committed while we waited wins (D9). The statements travel together (libpq's pipeline), so that this costs no more
than one. ``accept`` writes the state and its line in the log as one statement.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from psycopg import RawCursor

from pipelines.models import Change, Contact, Origin

from .audience import recheck
from .consent import lock_number
from .models import Message, Run
from .models.message import LEASE

State = Message.State
Statement = tuple[str, Sequence[Any]]
MESSAGES, RUNS = Message._meta.db_table, Run._meta.db_table

# A sub-select runs when its column is reached: first the run, then the person, then the address, always in this order.
HOLD = f"""
    SELECT set_config('plan_cache_mode', 'force_generic_plan', true),
        (SELECT state FROM {RUNS} WHERE id = %s FOR SHARE),
        (SELECT id FROM {Contact._meta.db_table} WHERE id = %s FOR NO KEY UPDATE),
        pg_advisory_xact_lock(%s)
"""  # noqa: S608

BEGIN = f"""
    WITH verdict AS MATERIALIZED ({{verdict}}),
    held AS MATERIALIZED (
        SELECT state, coalesce((SELECT reason FROM verdict), 'left_segment') AS reason FROM {RUNS} WHERE id = %s
    ),
    begun AS (
        UPDATE {MESSAGES} AS m
        SET state = 'handing_over', changed_at = %s, attempt = %s, provider_id = %s, subject = %s, sent_at = %s,
            leased_until = %s
        FROM held
        WHERE m.id = %s AND m.state = 'claimed' AND m.worker = %s AND m.leased_until >= %s
            AND held.state = 'running' AND held.reason = ''
        RETURNING m.id
    )
    SELECT held.state, held.reason, EXISTS (SELECT FROM begun) FROM held
"""  # noqa: S608

ACCEPT = f"""
    WITH taken AS (
        UPDATE {MESSAGES} SET state = 'accepted', changed_at = %s, detail = %s, sent_at = %s, leased_until = NULL,
            why = NULL
        WHERE id = %s AND state IN ('handing_over', 'unknown') AND worker = %s AND attempt = %s RETURNING id
    )
    INSERT INTO {Change._meta.db_table} (type, subject_id, occurred_at, origin, data)
    SELECT 'message.accepted', id, %s, %s, %s::jsonb FROM taken RETURNING subject_id
"""  # noqa: S608


def begin(message: Message, *, provider_id: str, subject: str, now: datetime) -> bool:
    """From here on the provider may have it: committed before the first byte (D2). False: skipped or given back."""
    verdict = recheck(message, message.run.campaign, now=now)
    values: dict[str, Any] = {
        "changed_at": now,
        "attempt": message.attempt + 1,
        "provider_id": provider_id,
        "subject": subject[:1000],
        "sent_at": now,
        "leased_until": now + LEASE,
    }
    judged = BEGIN.format(verdict=verdict.sql)
    params = (*verdict.params, message.run_id, *values.values(), message.pk, message.worker, now)
    held = (message.run_id, message.contact_id, lock_number(message.address_hash))
    row = _together((HOLD, held), (judged, params))
    if row is None:  # the run is gone, and its messages with it
        return False
    run_state, reason, is_begun = row
    if is_begun:
        _show(message, state=State.HANDING_OVER, **values)
    else:
        _give_back(message, run_state, reason, now)
    return bool(is_begun)


def _give_back(message: Message, run_state: str, reason: str, now: datetime) -> None:
    if run_state == Run.State.PAUSED:
        message.release(now=now)
    elif run_state != Run.State.RUNNING:
        message.skip(Message.Reason.CANCELLED, now=now)
    elif reason:
        message.skip(reason, now=now)


def accept(message: Message, detail: str, now: datetime) -> bool:
    """The provider took it; a slow worker may still say so of its own unknown (D4), of no later attempt."""
    data = {"contact": message.contact_id, "campaign": message.run.campaign_id, "run": message.run_id}
    values: dict[str, Any] = {"changed_at": now, "detail": detail[:1000], "sent_at": now}
    which = (message.pk, message.worker, message.attempt)
    params = (*values.values(), *which, now, str(Origin.CAMPAIGN), json.dumps(data))
    if _together((ACCEPT, params)) is None:
        return False
    _show(message, state=State.ACCEPTED, leased_until=None, why=None, **values)
    return True


def _show(message: Message, **values: Any) -> None:
    for name, value in values.items():
        setattr(message, name, value)


def _together(*statements: Statement) -> tuple[Any, ...] | None:
    """Send the statements at once, as one transaction (or within the one that is open); give the last one's row.

    They are prepared on the server: planning the check anew for every letter costs ten times more than doing it.
    """
    connection.ensure_connection()
    raw = connection.connection
    threshold, raw.prepare_threshold = raw.prepare_threshold, 0
    try:
        with connection.wrap_database_errors, raw.pipeline(), RawCursor(raw) as cursor:
            for sql, params in statements:
                cursor.execute(_numbered(sql), params)
            return cursor.fetchone()
    finally:
        raw.prepare_threshold = threshold


@lru_cache(maxsize=256)
def _numbered(sql: str) -> bytes:
    """``%s`` becomes ``$1``, ``$2`` …, once for a campaign: psycopg would look for them anew in every letter."""
    return (sql % tuple(f"${number + 1}" for number in range(sql.count("%s")))).encode()
