"""The status of a client, from new to VIP (product C-1 … C-4, E6, E7): linked deals in, the lifecycle column out.

The first that holds counts: vip, buyer_regular, buyer_periodic, buyer_one_off; without a purchase refused, low_quality,
in_work, new. One statement decides for everybody or for the given rows, writes those that differ and tells the log.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import connection

from pipelines.models import Contact
from pipelines.models.contact import Lifecycle

AGING = (Lifecycle.VIP, Lifecycle.BUYER_REGULAR, Lifecycle.BUYER_PERIODIC)
FREQUENT, MONTHLY = "frequent", "monthly"


@dataclass(frozen=True)
class Thresholds:
    """What the words mean. Overridden by the dict ``settings.LIFECYCLE``; both ends of every window are included.

    ``vip_total`` roubles or more won within ``vip_days`` make a VIP. A regular customer is one by any of the presets
    in ``regular``: ``frequent`` (more than ``frequent_more_than`` purchases in ``frequent_months`` months, E6) or
    ``monthly`` (a purchase in each of the last ``monthly_months`` months, C-3). ``periodic_from`` purchases at any time
    make a periodic buyer. Who lost the last deal for a reason whose name holds one of ``low_quality_reasons`` called by
    mistake; any other reason, or none, is a refusal.
    """

    vip_total: Decimal = Decimal(10_000_000)
    vip_days: int = 365
    regular: tuple[str, ...] = (FREQUENT, MONTHLY)
    frequent_more_than: int = 3
    frequent_months: int = 6
    monthly_months: int = 3
    periodic_from: int = 2
    low_quality_reasons: tuple[str, ...] = ("нецелев", "ошиб", "спам", "некачествен")

    @classmethod
    def current(cls) -> "Thresholds":
        chosen = getattr(settings, "LIFECYCLE", {})
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in chosen.items() if name in known})


@dataclass(frozen=True)
class _Subject:
    """Whose status: the table, the deals that count for it, and the type of its change."""

    table: str
    key: str
    deals: str
    change: str


_CONTACT = _Subject(
    table="pipelines_contact",
    key="l.contact_id",
    deals="pipelines_dealcontact l JOIN pipelines_deal d ON d.id = l.deal_id",
    change="contact.updated",
)
_COMPANY = _Subject(table="pipelines_company", key="d.company_id", deals="pipelines_deal d", change="company.updated")

_STATEMENT = """
WITH low_quality AS (
    SELECT id FROM pipelines_lossreason
    WHERE replace(lower(name), 'ё', 'е') LIKE ANY (%(low_quality)s)
),
won AS (
    SELECT {key} AS id, d.price, d.closed_at
    FROM {deals} JOIN pipelines_stage s ON s.id = d.stage_id
    WHERE d.deleted_at IS NULL AND s.kind = 'won' {only_deals}
),
bought AS (
    SELECT id, count(*) AS purchases,
        coalesce(sum(price) FILTER (WHERE closed_at BETWEEN %(vip_since)s AND %(now)s), 0) AS spent,
        count(*) FILTER (WHERE closed_at BETWEEN %(frequent_since)s AND %(now)s) AS recent,
        count(DISTINCT width_bucket(closed_at, %(months)s::timestamptz[]))
            FILTER (WHERE closed_at >= (%(months)s::timestamptz[])[1] AND closed_at <= %(now)s) AS months
    FROM won GROUP BY id
),
others AS (
    SELECT {key} AS id, bool_or(s.kind IN ('incoming', 'open')) AS is_open,
        (array_agg(coalesce(d.loss_reason_id, 0) ORDER BY d.closed_at DESC NULLS LAST, d.id DESC)
            FILTER (WHERE s.kind = 'lost'))[1] AS last_reason
    FROM {deals} JOIN pipelines_stage s ON s.id = d.stage_id
    WHERE d.deleted_at IS NULL AND s.kind <> 'won' {only_deals}
    GROUP BY {key}
),
verdict AS (
    SELECT p.id, CASE
        WHEN bought.spent >= %(vip_total)s THEN 'vip'
        WHEN {regular} THEN 'buyer_regular'
        WHEN bought.purchases >= %(periodic_from)s THEN 'buyer_periodic'
        WHEN bought.purchases >= 1 THEN 'buyer_one_off'
        WHEN others.is_open THEN 'in_work'
        WHEN others.last_reason IN (SELECT id FROM low_quality) THEN 'low_quality'
        WHEN others.last_reason IS NOT NULL THEN 'refused'
        ELSE 'new' END AS lifecycle
    FROM {table} p LEFT JOIN bought USING (id) LEFT JOIN others USING (id)
    WHERE p.deleted_at IS NULL {only_rows}
),
differing AS (
    SELECT p.id, verdict.lifecycle FROM {table} p JOIN verdict USING (id)
    WHERE p.lifecycle <> verdict.lifecycle ORDER BY p.id FOR NO KEY UPDATE OF p
),
changed AS (
    UPDATE {table} p SET lifecycle = differing.lifecycle, changed_at = %(now)s
    FROM differing WHERE p.id = differing.id RETURNING p.id
),
logged AS (
    INSERT INTO pipelines_change (type, subject_id, occurred_at, origin, data)
    SELECT '{change}', id, %(now)s, 'automation', '{{"fields": ["lifecycle"]}}'::jsonb FROM changed RETURNING 1
)
SELECT count(*) FROM logged
"""

_REGULAR = {FREQUENT: "bought.recent > %(frequent_more_than)s", MONTHLY: "bought.months >= %(monthly_months)s"}


def refresh(contact_ids: Collection[int] | None, *, now: datetime, thresholds: Thresholds | None = None) -> int:
    """Set the lifecycle of all contacts, or of the given ones; returns how many changed."""
    return _refresh(_CONTACT, contact_ids, now, thresholds or Thresholds.current())


def refresh_aging(*, now: datetime) -> int:
    """The contacts whose status the passing of time alone can change: those who bought more than once, or for a lot."""
    aging = Contact.objects.alive().filter(lifecycle__in=AGING).values_list("pk", flat=True)
    return refresh(list(aging), now=now)


def refresh_companies(company_ids: Collection[int] | None, *, now: datetime) -> int:
    """The same scheme for companies, over their own deals (C-4)."""
    return _refresh(_COMPANY, company_ids, now, Thresholds.current())


def _refresh(subject: _Subject, ids: Collection[int] | None, now: datetime, thresholds: Thresholds) -> int:
    only = ids is not None
    statement = _STATEMENT.format(
        table=subject.table,
        key=subject.key,
        deals=subject.deals,
        change=subject.change,
        regular=" OR ".join(_REGULAR[preset] for preset in thresholds.regular) or "false",
        only_deals=f"AND {subject.key} = ANY (%(ids)s)" if only else f"AND {subject.key} IS NOT NULL",
        only_rows="AND p.id = ANY (%(ids)s)" if only else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, _values(thresholds, now) | {"ids": list(ids or ())})
        return int(cursor.fetchone()[0])


def _values(thresholds: Thresholds, now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "vip_total": thresholds.vip_total,
        "vip_since": now - relativedelta(days=thresholds.vip_days),
        "frequent_since": months_before(now, thresholds.frequent_months),
        "frequent_more_than": thresholds.frequent_more_than,
        "months": [months_before(now, n) for n in range(thresholds.monthly_months, 0, -1)],
        "monthly_months": thresholds.monthly_months,
        "periodic_from": thresholds.periodic_from,
        "low_quality": [f"%{name.lower().replace('ё', 'е')}%" for name in thresholds.low_quality_reasons],
    }


def months_before(now: datetime, months: int) -> datetime:
    """The same local time so many calendar months ago, clamped to the month's end, in the company's zone."""
    return now.astimezone(ZoneInfo(settings.TIME_ZONE)) - relativedelta(months=months)
