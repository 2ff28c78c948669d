"""A checkbox of amoCRM as a source of consent: ticked is given, unticked after it was ticked is withdrawn.

Only changes of the checkbox are written to the ledger. Who has withdrawn with us stays withdrawn until the box is
ticked anew, and an address that somebody else's words already forbid is never opened by an old tick.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from pipelines import custom
from pipelines.models import Contact, CustomField
from segments.campaigns.audience import OPTED_OUT
from segments.campaigns.consent import refusals

from .models import Account

SOURCE = "amoCRM: поле «{field}»"

FOLLOW = """
    WITH box AS MATERIALIZED (
        SELECT c.id AS contact_id, p.value AS address, c.custom -> %(key)s = 'true'::jsonb AS is_ticked
        FROM pipelines_contact c
        JOIN pipelines_contactpoint p ON p.contact_id = c.id AND p.kind = 'email' AND p.is_valid
        WHERE c.amo_id = ANY(%(amo_ids)s) AND c.deleted_at IS NULL),
    wanted AS (SELECT box.*, purpose FROM box, unnest(ARRAY['advertising', 'processing']) AS purpose),
    known AS (
        SELECT w.*, ours.given AS said, latest.given AS holds
        FROM wanted w
        LEFT JOIN LATERAL (
            SELECT given FROM campaigns_consent x
            WHERE x.address = w.address AND x.channel = 'email' AND x.purpose = w.purpose AND x.source = %(source)s
              AND x.contact_id = w.contact_id
            ORDER BY at DESC, id DESC LIMIT 1) ours ON true
        LEFT JOIN LATERAL (
            SELECT given FROM campaigns_consent x
            WHERE x.address = w.address AND x.channel = 'email' AND x.purpose = w.purpose
            ORDER BY at DESC, id DESC LIMIT 1) latest ON true)
    INSERT INTO campaigns_consent
        (contact_id, address, channel, purpose, given, source, text_version, proof, at, recorded_at)
    SELECT contact_id, address, 'email', purpose, coalesce(is_ticked, false), %(source)s, '',
           jsonb_build_object('field', %(key)s::text), %(now)s, %(now)s
    FROM known
    WHERE (is_ticked AND said IS NULL AND holds IS NOT FALSE) OR (is_ticked AND said IS FALSE)
       OR (NOT coalesce(is_ticked, false) AND said)
    ORDER BY contact_id, address, purpose"""


def install() -> None:
    custom.register(remarks)


def remarks(contact: Contact) -> dict[str, str]:
    """By the tick of somebody who opted out: it stands as amoCRM has it, and opens nothing."""
    account = Account.current()
    is_ticked = account is not None and bool(contact.custom.get(account.consent_field))
    if account is None or not is_ticked or not refusals(contact).filter(reason__in=OPTED_OUT).exists():
        return {}
    return {account.consent_field: _("значение из amoCRM, отписки не отменяет")}


def follow_checkbox(account: Account, amo_ids: Sequence[int], now: datetime) -> int:
    """Write what the checkbox says of these contacts where it differs from what it last said; → rows written."""
    if not account.consent_field or not amo_ids:
        return 0
    given: dict[str, Any] = {
        "key": account.consent_field,
        "amo_ids": list(amo_ids),
        "source": source(account),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(FOLLOW, given)
        return cursor.rowcount


def follow_everyone(account: Account, now: datetime, chunk: int = 5000) -> int:
    """After the field was chosen: every contact, by chunks of ids."""
    written, last = 0, 0
    while True:
        contacts = Contact.objects.alive().filter(amo_id__gt=last).order_by("amo_id")
        amo_ids = [amo_id for amo_id in contacts.values_list("amo_id", flat=True)[:chunk] if amo_id]
        if not amo_ids:
            return written
        written, last = written + follow_checkbox(account, amo_ids, now), amo_ids[-1]


def source(account: Account) -> str:
    field = CustomField.objects.filter(entity=CustomField.Entity.CONTACT, key=account.consent_field).first()
    return SOURCE.format(field=field.name if field else account.consent_field)[:200]
