"""Who may be written to: the consent ledger and the list of addresses never written to again.

Of an address, channel and purpose the latest row counts. The two documents stay apart: a service message needs consent
to processing; advertising needs consent to advertising, and stops as well when processing was withdrawn. No row = no
consent.

Whatever forbids takes the lock of the address, and so does a handover: once a refusal has committed, no message to that
address begins (D9).
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Func, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce

from crmseg.accounts.models import User
from pipelines import changes
from pipelines.models import Contact, ContactPoint, Origin

from .models import Channel, Consent, Purpose, Suppression

BLOCK = 64  # of SHA-256


@lru_cache(maxsize=4)
def _key(field_key: str) -> bytes:
    return hmac.digest(field_key.encode(), b"crmseg address hash", "sha256").ljust(BLOCK, b"\0")


def address_key() -> bytes:
    """Derived from the oldest field key, which stays in the list for as long as anything is kept under it."""
    return _key(settings.FIELD_KEYS[-1])


def normal_address(channel: str, address: str) -> str:
    """The form in which an address is compared; contact points are kept so already."""
    address = address.strip()
    return address.lower() if channel == Channel.EMAIL else address


def address_hash(channel: str, address: str) -> str:
    words = f"{channel}:{normal_address(channel, address)}".encode()
    return hmac.new(address_key(), words, hashlib.sha256).hexdigest()


class AddressHash(Func):
    """``address_hash`` computed by PostgreSQL, so that a whole audience is hashed without leaving the database."""

    output_field = TextField()
    arity = 1

    def __init__(self, channel: str, address: Any) -> None:
        super().__init__(address)
        self.channel = channel

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        address, params = compiler.compile(self.source_expressions[0])
        inner, outer = (bytes(byte ^ pad for byte in address_key()) for pad in (0x36, 0x5C))
        sql = f"encode(sha256(%s::bytea || sha256(%s::bytea || convert_to(%s || {address}, 'UTF8'))), 'hex')"
        return sql, [outer, inner, f"{self.channel}:", *params]


def allowed(channel: str, purpose: str, now: datetime) -> Q:
    """True of the contact points that may be written to on this channel for this purpose."""
    processing = _latest(channel, Consent.Purpose.PROCESSING, now)
    if purpose == Purpose.SERVICE:
        return Q(Coalesce(processing, Value(False)))
    return Q(Coalesce(_latest(channel, Consent.Purpose.ADVERTISING, now), Value(False))) & Q(
        Coalesce(processing, Value(True))
    )


def _latest(channel: str, purpose: str, now: datetime) -> Subquery:
    rows = Consent.objects.filter(address=OuterRef("value"), channel=channel, purpose=purpose, at__lte=now)
    return Subquery(rows.order_by("-at", "-id").values("given")[:1])


def suppressed(channel: str) -> Exists:
    """True of rows whose annotated ``hash`` is on the list."""
    return Exists(Suppression.objects.filter(channel=channel, address_hash=OuterRef("hash")))


def refusals(contact: Contact) -> QuerySet[Suppression]:
    """What forbids letters to the addresses of this person."""
    points = contact.points.filter(kind=ContactPoint.Kind.EMAIL)
    hashes = [address_hash(Channel.EMAIL, point.value) for point in points]
    return Suppression.objects.filter(channel=Channel.EMAIL, address_hash__in=hashes)


def lock_address(hashed: str) -> None:
    """Hold the address until the transaction ends: a refusal and a handover never overlap."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_number(hashed)])


def lock_number(hashed: str) -> int:
    return int.from_bytes(bytes.fromhex(hashed[:16]), "big", signed=True)


def give(
    address: str,
    channel: str,
    purpose: str,
    *,
    source: str,
    at: datetime,
    contact: Contact | None = None,
    author: User | None = None,
    **document: Any,
) -> Consent:
    """Add a consent; ``document`` may name ``text_version`` and ``proof``."""
    row = Consent(
        address=address,
        channel=channel,
        purpose=purpose,
        given=True,
        source=source,
        at=at,
        contact=contact,
        author=author,
        **document,
    )
    return give_many([row])[0]


def withdraw(
    address: str, channel: str, purpose: str, *, source: str, at: datetime, contact: Contact | None = None, **more: Any
) -> Consent:
    row = Consent(
        address=address, channel=channel, purpose=purpose, given=False, source=source, at=at, contact=contact, **more
    )
    return give_many([row])[0]


@transaction.atomic
def give_many(rows: Iterable[Consent]) -> list[Consent]:
    """The set-wise twin, for imports; rows may also forbid."""
    rows = list(rows)
    for row in rows:
        row.address = normal_address(row.channel, row.address)
    for hashed in sorted({address_hash(row.channel, row.address) for row in rows if not row.given}):
        lock_address(hashed)
    written = Consent.objects.bulk_create(rows, batch_size=2000)
    _tell_of({row.address for row in rows})
    return written


def _tell_of(addresses: set[str]) -> None:
    """Segments may ask for consent: the people of these addresses are to be looked at again."""
    people = ContactPoint.objects.filter(value__in=addresses, contact__isnull=False)
    ids = people.order_by("contact").values_list("contact", flat=True).distinct()
    changes.record_same("contact.updated", list(ids), origin=Origin.CAMPAIGN, data={"fields": ["consent"]})


@transaction.atomic
def suppress(address: str, channel: str, reason: str, *, now: datetime) -> bool:
    """Never write to this address again; true when it was not on the list before."""
    address = normal_address(channel, address)
    hashed = address_hash(channel, address)
    lock_address(hashed)
    row, is_new = Suppression.objects.get_or_create(
        channel=channel,
        address_hash=hashed,
        defaults={"reason": reason, "address_hint": hint(address), "created_at": now},
    )
    if not is_new and row.reason == Suppression.Reason.BOUNCED != reason:  # a refusal says more than a dead address
        Suppression.objects.filter(pk=row.pk).update(reason=reason)
    return is_new


def hint(address: str) -> str:
    """«e***@m***.example»: enough to recognise, too little to write to."""
    name, at, domain = address.partition("@")
    if not at:
        return f"{address[:2]}***{address[-2:]}"
    host, dot, zone = domain.rpartition(".")
    return f"{name[:1]}***@{host[:1]}***{dot}{zone}"[:100]
