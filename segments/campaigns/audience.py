"""Who gets it: the one eligibility function behind count, preview, launch and the last check before a handover.

What flows in: a campaign and ``now``. What flows out: for every person of the audience the address and a verdict, empty
for "may be sent" or a skip reason of contracts §5. People of excluded segments are not in the audience.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from pipelines.models import Contact, ContactPoint
from segments.models import Membership, Segment

from .consent import AddressHash, allowed, suppressed
from .models import Campaign, Channel, Message, Purpose, Suppression

Reason = Message.Reason
OPTED_OUT = (Suppression.Reason.UNSUBSCRIBED, Suppression.Reason.COMPLAINED, Suppression.Reason.MANUAL)

# Stand in the query of the last check until the person, the address and the instant are known. Nothing else there may
# equal them.
SOMEBODY, SOME_ADDRESS, SOME_TIME = -(2**62), "somebody@nowhere.invalid", datetime(2000, 1, 1, tzinfo=UTC)

VERDICTS = """
    WITH people AS MATERIALIZED ({people}),
    chosen AS MATERIALIZED ({chosen}),
    judged AS MATERIALIZED (
        SELECT people.id AS contact_id, chosen.value AS address, chosen.hash AS address_hash,
            CASE
                WHEN people.has_left THEN 'left_segment'
                WHEN chosen.value IS NULL THEN 'no_address'
                WHEN people.opted_out OR chosen.is_suppressed THEN 'suppressed'
                WHEN NOT chosen.is_allowed THEN 'no_consent'
                WHEN people.recent >= {cap} OR ({in_mailbox}) >= {cap} THEN 'frequency_cap'
                ELSE ''
            END AS reason
        FROM people LEFT JOIN chosen ON chosen.contact_id = people.id
    )
    SELECT contact_id, coalesce(address, '') AS address, coalesce(address_hash, '') AS address_hash,
        CASE
            WHEN reason = '' AND row_number() OVER (PARTITION BY reason, address_hash ORDER BY contact_id) > 1
            THEN 'duplicate_address' ELSE reason
        END AS reason
    FROM judged
"""


@dataclass(frozen=True)
class Person:
    contact_id: int
    address: str
    address_hash: str
    reason: str


@dataclass(frozen=True)
class Audience:
    """The query as SQL: it is counted, sampled, or poured into the ledger, and is the same query each time."""

    sql: str
    params: tuple[Any, ...]

    def counts(self) -> dict[str, int]:
        """How many by verdict; the key of those who get it is the empty string."""
        rows = self._rows(f"SELECT reason, count(*) FROM ({self.sql}) AS v GROUP BY reason")  # noqa: S608
        return dict(rows)

    def people(self, limit: int | None = None) -> list[Person]:
        tail = "" if limit is None else f" LIMIT {int(limit)}"
        sql = f"SELECT * FROM ({self.sql}) AS v ORDER BY reason, contact_id{tail}"  # noqa: S608
        return [Person(*row) for row in self._rows(sql)]

    def judged(self) -> tuple[dict[str, int], list[int]]:
        """The counts together with those who get it, as the query is too dear to be run twice."""
        sql = f"""
            SELECT reason, count(*), array_agg(contact_id) FILTER (WHERE reason = '')
            FROM ({self.sql}) AS v GROUP BY reason
        """  # noqa: S608
        rows = list(self._rows(sql))
        return {reason: count for reason, count, _ids in rows}, next((ids for *_, ids in rows if ids), [])

    def _rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.params)
            yield from cursor.fetchall()


def audience(campaign: Campaign, *, now: datetime, excluded: QuerySet[Segment] | None = None) -> Audience:
    """``excluded``: the segments left out while they are being chosen, in place of the saved ones."""
    people = Contact.objects.filter(is_member(campaign, excluded)).annotate(has_left=Value(False))
    return _verdicts(campaign, people, now=now)


def recheck(message: Message, campaign: Campaign, *, now: datetime) -> Audience:
    """The same verdict for one planned message, at the address it was planned for; no row when the person is gone."""
    about = campaign.pk, campaign.segment_id, campaign.channel, campaign.purpose
    query = _recheck_query(*about, tuple(settings.FREQUENCY_CAP), settings.FIELD_KEYS[-1])
    values: dict[Any, Any] = {SOMEBODY: message.contact_id, SOME_ADDRESS: message.address}
    params = (
        value + (now - SOME_TIME) if isinstance(value, datetime) else values.get(value, value) for value in query.params
    )
    return Audience(query.sql, tuple(params))


@lru_cache(maxsize=64)
def _recheck_query(campaign: int, segment: int | None, channel: str, purpose: str, *settings: Any) -> Audience:
    """Written once for a campaign, as writing this SQL takes ten times longer than running it for one person."""
    one = Campaign(pk=campaign, segment_id=segment, channel=channel, purpose=purpose)
    people = Contact.objects.filter(pk=SOMEBODY).annotate(has_left=~is_member(one))
    return _verdicts(one, people, now=SOME_TIME, address=SOME_ADDRESS)


def is_member(campaign: Campaign, excluded: QuerySet[Segment] | None = None) -> Q:
    """In the segment now, in none of the excluded ones, and not deleted."""
    stays = Membership.objects.filter(contact=OuterRef("pk"), left_at__isnull=True)
    if excluded is None and campaign.pk:
        excluded = campaign.exclude_segments.all()
    left_out: Any = [] if excluded is None else excluded.order_by().values("pk")
    return (
        Q(deleted_at__isnull=True)
        & Q(Exists(stays.filter(segment=campaign.segment_id)))
        & ~Q(Exists(stays.filter(segment__in=left_out)))
    )


def _verdicts(campaign: Campaign, people: QuerySet[Contact], *, now: datetime, address: str | None = None) -> Audience:
    points = _points(campaign.channel).filter(contact__in=people.values("pk"))
    if address is not None:
        points = points.filter(value=address)
    rows = people.order_by().annotate(opted_out=_opted_out(campaign.channel), recent=_recent(campaign, now))
    people_sql, people_params = rows.values("id", "has_left", "opted_out", "recent").query.sql_with_params()
    chosen_sql, chosen_params = _chosen(points, campaign, now).query.sql_with_params()
    mailbox_sql, mailbox_params = _in_mailbox(campaign, now)
    cap = int(settings.FREQUENCY_CAP[0])
    sql = VERDICTS.format(people=people_sql, chosen=chosen_sql, in_mailbox=mailbox_sql, cap=cap)
    return Audience(sql, (*people_params, *chosen_params, *mailbox_params))


def _points(channel: str) -> QuerySet[ContactPoint]:
    kind = ContactPoint.Kind.EMAIL if channel == Channel.EMAIL else ContactPoint.Kind.PHONE
    return ContactPoint.objects.filter(kind=kind, contact__isnull=False).annotate(hash=AddressHash(channel, F("value")))


def _chosen(points: QuerySet[ContactPoint], campaign: Campaign, now: datetime) -> QuerySet[Any, Any]:
    """One address a person: the first that may be written to, else the first, to name the reason."""
    return (
        points.filter(is_valid=True)
        .annotate(
            is_suppressed=suppressed(campaign.channel),
            is_allowed=Case(When(allowed(campaign.channel, campaign.purpose, now), then=True), default=False),
            rank=Case(When(is_suppressed=False, is_allowed=True, then=0), default=1),
        )
        .order_by("contact_id", "rank", "position", "id")
        .distinct("contact_id")
        .values("contact_id", "value", "hash", "is_suppressed", "is_allowed")
    )


def _opted_out(channel: str) -> Exists:
    """A person who said no at one address is not written to at another; a dead address forbids only itself."""
    refused = Suppression.objects.filter(channel=channel, address_hash=OuterRef("hash"), reason__in=OPTED_OUT)
    return Exists(_points(channel).filter(Exists(refused), contact=OuterRef("pk")))


def _recent(campaign: Campaign, now: datetime) -> Coalesce | Value:
    """How many advertising messages the person got, at whatever address (D10)."""
    if campaign.purpose != Purpose.ADVERTISING:
        return Value(-1)
    sent = _sent(campaign.channel, now).filter(contact=OuterRef("pk"))
    counted = sent.order_by().values("contact").annotate(n=Count("*")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _in_mailbox(campaign: Campaign, now: datetime) -> tuple[str, tuple[Any, ...]]:
    """How many of them came to the chosen address, whoever they were for: people may share one."""
    if campaign.purpose != Purpose.ADVERTISING:
        return "-1", ()
    sent = _sent(campaign.channel, now).filter(address_hash=RawSQL("chosen.hash", ()))
    sql, params = sent.order_by().values("pk").query.sql_with_params()
    return f"SELECT count(*) FROM ({sql}) AS sent", params  # noqa: S608


def _sent(channel: str, now: datetime) -> QuerySet[Message]:
    """Advertising messages that arrived, or may have arrived, in the days of the cap."""
    return Message.objects.filter(
        channel=channel,
        run__campaign__purpose=Purpose.ADVERTISING,
        state__in=Message.GONE,
        sent_at__gt=now - timedelta(days=settings.FREQUENCY_CAP[1]),
    )
