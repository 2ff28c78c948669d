"""Webhooks are hints: which records to read again. Their values are never used (S9).

What flows in: raw bodies, kept as receipts. What flows out: the named records, read by id and taken in. Lost, repeated,
late or forged hooks change nothing in the end.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl

from crmseg.web.reasons import Explained, Reason
from pipelines.load import mark_deleted
from pipelines.models import Origin

from ..http import Permanent
from ..models import Receipt
from . import intake
from .client import AmoClient, TokenRefused
from .intake import COLLECTIONS, OF_ENTITY, Collection
from .lock import only_one
from .models import Account
from .pull import confirm_deleted

logger = logging.getLogger(__name__)

SOURCE = "amocrm"
MOST_PAIRS = 20_000
AT_ONCE = 500
_KEY = re.compile(r"([a-z_]{1,30})((?:\[[^\[\]]{0,100}\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")
SECTIONS = {"leads": "deals", "contacts": "contacts", "companies": "companies", "task": "tasks", "tasks": "tasks"}
ELEMENTS = {"1": "contact_notes", "2": "deal_notes", "3": "company_notes"}
NAMED = {collection.name: collection for collection in COLLECTIONS}


class Unreadable(Explained):
    """A body that is no hook of our account."""


@dataclass
class Hints:
    """Ids of records to read again, by collection."""

    ids: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, collection: str, amo_id: str) -> None:
        if amo_id.isdigit() and len(amo_id) < 18:
            self.ids[collection].add(int(amo_id))

    def merge(self, other: "Hints") -> None:
        for collection, ids in other.ids.items():
            self.ids[collection] |= ids

    def __len__(self) -> int:
        return sum(len(ids) for ids in self.ids.values())


def parse(body: bytes, account: Account) -> Hints:
    """Bracket keys → hints. Strange keys are passed over, a foreign account is refused."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_PAIRS)
    except ValueError as error:
        raise Unreadable(Reason("hook_unreadable")) from error
    items: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for key, value in pairs:
        if (found := _KEY.fullmatch(key)) is None:
            continue
        path = _PART.findall(found[2])
        if found[1] == "account" and path == ["id"] and value != str(account.amo_id):
            raise Unreadable(Reason("hook_foreign", id=value[:20]))
        if len(path) >= 3:
            items[found[1], path[0], path[1]][".".join(path[2:])] = value
    return _hints(items)


def _hints(items: dict[tuple[str, str, str], dict[str, str]]) -> Hints:
    hints = Hints()
    for (section, action, _number), item in items.items():
        if action == "note":
            collection = ELEMENTS.get(item.get("note.element_type", ""))
            if collection:
                hints.add(collection, item.get("note.id", ""))
        elif section in SECTIONS:
            is_company = section == "contacts" and item.get("type") == "company"
            hints.add("companies" if is_company else SECTIONS[section], item.get("id", ""))
    return hints


def read_receipts(client: AmoClient, now: datetime) -> int:
    """Read again what unread receipts name; → how many receipts were read."""
    with only_one("receipts") as mine:
        if not mine:
            return 0
        waiting = Receipt.objects.filter(source=SOURCE, read_at__isnull=True).order_by("id")[:AT_ONCE]
        receipts = list(waiting)
        hints = _understood(receipts, client.account)
        for collection in COLLECTIONS:  # people before deals, deals before their notes
            _read_again(client, collection, hints.ids.get(collection.name, ()), now)
        fine = [receipt.pk for receipt in receipts]
        Receipt.objects.filter(pk__in=fine).update(read_at=now)
    return len(receipts)


def _understood(receipts: Iterable[Receipt], account: Account) -> Hints:
    hints = Hints()
    for receipt in receipts:
        try:
            hints.merge(parse(bytes(receipt.body), account))
        except Unreadable as error:
            receipt.error = error.reason
            receipt.save(update_fields=["error"])
    return hints


def _read_again(client: AmoClient, collection: Collection, ids: Iterable[int], now: datetime) -> None:
    wanted = sorted(ids)
    if not wanted:
        return
    try:
        _take_again(client, collection, wanted, now)
    except TokenRefused:
        raise
    except Permanent as error:  # a right we do not have: asking again changes nothing, the others go on
        logger.warning("amoCRM shows no %s: %s", collection.name, error.reason)


def _take_again(client: AmoClient, collection: Collection, wanted: list[int], now: datetime) -> None:
    found = intake.take_by_id(client, collection, wanted, Origin.AMOCRM, now)
    missing = [amo_id for amo_id in wanted if amo_id not in found]
    for entity, whose in OF_ENTITY.items():
        if whose is collection:
            confirm_deleted(client, entity, missing, now)
    if collection is intake.TASKS:
        gone = [amo_id for amo_id in missing if _is_gone(client, f"tasks/{amo_id}")]
        mark_deleted("task", gone, Origin.AMOCRM, now)


def _is_gone(client: AmoClient, path: str) -> bool:
    try:
        return not client.get(path).get("id")
    except Permanent as error:
        if error.answer is not None and error.answer.status == 404:
            return True
        raise
