"""What changed at amoCRM since we last looked.

What flows in: collections by ``updated_at``, from the cursor with ten minutes' overlap (S10). What flows out: the
mirror, and a cursor that moves only after a full pass. Accounts whose filters do not work are read backwards until the
watermark. ``reconcile`` reads everything by id and finds what vanished.
"""

from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import models

from crmseg.web.reasons import Reason
from pipelines.load import Loaded, mark_deleted
from pipelines.models import Company, Contact, Deal, Origin

from ..http import Permanent, Temporary
from . import intake
from .client import AmoClient, Page, TokenRefused
from .intake import Collection
from .lock import Busy, leave, only_one
from .models import Account, Entity

OVERLAP = 600
ALWAYS, LATEST_FIRST = {"order[updated_at]": "asc"}, {"order[updated_at]": "desc"}
MOST_VANISHED, MOST_SHARE = 50, 0.02
PAUSE = 60.0
DELETIONS = "deletions"
DELETED = {
    "lead_deleted": Entity.DEAL,
    "contact_deleted": Entity.CONTACT,
    "company_deleted": Entity.COMPANY,
}
MIRRORS: dict[Entity, type[models.Model]] = {
    Entity.COMPANY: Company,
    Entity.CONTACT: Contact,
    Entity.DEAL: Deal,
}


@dataclass
class Pulled:
    """What one pass brought, by collection."""

    loaded: dict[str, Loaded] = field(default_factory=dict)
    vanished: dict[str, int] = field(default_factory=dict)
    error: Reason | None = None

    def summary(self) -> dict[str, Any]:
        counts = {
            name: {"created": len(each.created), "updated": len(each.updated), "unchanged": each.unchanged}
            for name, each in self.loaded.items()
        }
        return counts | ({"vanished": self.vanished} if self.vanished else {})


Watch = Callable[[str, int], None]


def is_due(account: Account, now: datetime) -> bool:
    """Whether the pause after a failure is over."""
    return account.next_pull_at is None or account.next_pull_at <= now


def pull(client: AmoClient, now: datetime, watch: Watch = lambda name, count: None, busy: Busy = leave) -> Pulled:
    """One pass over everything that changed; a failure ends the pass, says when to come again, and loses nothing."""
    result, account = Pulled(), client.account
    with only_one("pull", busy) as mine:
        if not mine:
            return result
        try:
            for collection in intake.COLLECTIONS:
                result.loaded[collection.name] = _pull(client, collection, now, watch)
            result.vanished = _pull_deletions(client, now)
            account.put(pulled_at=now, pull_error="", next_pull_at=None)
        except Temporary as error:
            result.error = error.reason
            account.put(pull_error=error.reason, next_pull_at=error.retry_at(now, PAUSE))
        except TokenRefused as error:
            account.need_repair(error.reason)
            raise
    return result


def _pull(client: AmoClient, collection: Collection, now: datetime, watch: Watch) -> Loaded:
    account, result, largest = client.account, Loaded(), 0
    since = _watermark(client, collection.name) - OVERLAP
    try:
        with closing(_since(client, collection, since)) as pages:
            for page in pages:
                items = [item for item in page.items if (item.get("updated_at") or 0) >= since]
                rows = collection.read(account, items)
                intake.complete(client, rows, Origin.AMOCRM, now)
                result.add(intake.take(account, collection, rows, Origin.AMOCRM, now))
                largest = max([largest, *(item.get("updated_at") or 0 for item in items)])
                watch(collection.name, len(items))
    except (Temporary, TokenRefused):
        raise
    except Permanent:  # a right we do not have: this collection stays as it is, the others go on
        return result
    if largest:
        account.read_up_to(collection.name, min(largest, int(now.timestamp())))
    return result


def _pull_deletions(client: AmoClient, now: datetime) -> dict[str, int]:
    """Deletions do not show in lists: the event feed tells of them, the record itself confirms."""
    told: dict[Entity, set[int]] = defaultdict(set)
    largest, since = 0, _watermark(client, DELETIONS) - OVERLAP
    params = {"filter[type]": ",".join(DELETED), "filter[created_at][from]": str(since), "limit": "100"}
    try:
        with client.pages("events", "events", params) as pages:
            for event in (event for page in pages for event in page.items):
                told[DELETED[event["type"]]].add(event["entity_id"])
                largest = max(largest, event["created_at"])
    except (Temporary, TokenRefused):
        raise
    except Permanent:
        return {}
    gone = {entity.value: confirm_deleted(client, entity, _alive(entity, ids), now) for entity, ids in told.items()}
    if largest:
        client.account.read_up_to(DELETIONS, min(largest, int(now.timestamp())))
    return {entity: count for entity, count in gone.items() if count}


def _alive(entity: Entity, amo_ids: set[int]) -> list[int]:
    rows = MIRRORS[entity]._default_manager.filter(amo_id__in=amo_ids, deleted_at=None)
    return sorted(rows.values_list("amo_id", flat=True))


def _watermark(client: AmoClient, name: str) -> int:
    """How far we have read; at first the moment the import began."""
    known = client.account.cursors.get(name)
    return int(known) if known else int(client.account.connected_at.timestamp())


def _since(client: AmoClient, collection: Collection, since: int) -> Generator[Page]:
    """The pages of what was touched since a moment. A list that disregards the filter shows that filters are off.

    To be closed by who asked, as `AmoClient.pages` is.
    """
    params = {**collection.params, "limit": str(intake.PAGE)}
    if collection.is_filtered and not client.account.is_filter_enabled:
        yield from _backwards(client, collection, params, since)
        return
    filtered = {**params, **ALWAYS, "filter[updated_at][from]": str(since)}
    if collection is intake.TASKS:  # its order is never by updated_at
        filtered["order[id]"] = "asc"
        del filtered["order[updated_at]"]
    with client.pages(collection.path, collection.key, filtered) as pages:
        for page in pages:
            if collection.is_filtered and any((item.get("updated_at") or 0) < since for item in page.items):
                break
            yield page
        else:
            return
    client.account.put(is_filter_enabled=False)
    yield from _backwards(client, collection, params, since)


def _backwards(client: AmoClient, collection: Collection, params: dict[str, str], since: int) -> Generator[Page]:
    with client.pages(collection.path, collection.key, {**params, **LATEST_FIRST}) as pages:
        for page in pages:
            yield page
            if any((item.get("updated_at") or 0) < since for item in page.items):
                return


def reconcile(client: AmoClient, now: datetime, watch: Watch = lambda name, count: None) -> Pulled:
    """Read everything by id, take in what differs, and confirm one by one what is no longer listed (S11)."""
    result = Pulled()
    for run in intake.DICTIONARIES.values():
        run(client, now)
    for collection in intake.COLLECTIONS:
        seen: set[int] = set()
        loaded = result.loaded.setdefault(collection.name, Loaded())
        read = partial(collection.read, client.account)
        with client.pages(collection.path, collection.key, collection.by_id, read) as pages:
            for page in pages:
                intake.complete(client, page.rows, Origin.AMOCRM, now)
                loaded.add(intake.take(client.account, collection, page.rows, Origin.AMOCRM, now))
                seen.update(item["id"] for item in page.items)
                watch(collection.name, len(page.items))
        for entity, whose in intake.OF_ENTITY.items():
            if whose is collection:
                result.vanished[collection.name] = _sweep(client, entity, seen, now)
    return result


class TooManyVanished(Permanent):
    """More records are missing than people delete: rights were taken from the token, or amoCRM is unwell."""


def _sweep(client: AmoClient, entity: Entity, seen: set[int], now: datetime) -> int:
    known = set(
        MIRRORS[entity]._default_manager.filter(amo_id__isnull=False, deleted_at=None).values_list("amo_id", flat=True)
    )
    missing = sorted(known - seen)
    if len(missing) > MOST_VANISHED and len(missing) > MOST_SHARE * len(known):
        raise TooManyVanished(Reason("amo_vanished", missing=len(missing), known=len(known)))
    return confirm_deleted(client, entity, missing, now)


def confirm_deleted(client: AmoClient, entity: Entity, amo_ids: list[int], now: datetime) -> int:
    """Ask for each by its id: only what amoCRM answers nothing about is deleted."""
    collection = intake.OF_ENTITY[entity]
    gone = []
    for amo_id in amo_ids:
        document = client.get(f"{collection.path}/{amo_id}", collection.params)
        if document.get("id") and not document.get("is_deleted"):
            intake.take(client.account, collection, collection.read(client.account, [document]), Origin.AMOCRM, now)
        else:
            gone.append(amo_id)
    return mark_deleted(entity, gone, Origin.AMOCRM, now) if gone else 0
