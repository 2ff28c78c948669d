"""Records of amoCRM, from wherever they were read, into the mirror: map, load, agree, all in one transaction.

What the records name and the mirror lacks (a contact made after contacts were read, a new stage) is fetched first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Model

from crmseg.accounts.models import User
from pipelines.load import (
    Loaded,
    Row,
    lacks,
    load_companies,
    load_contacts,
    load_deals,
    load_fields,
    load_loss_reasons,
    load_notes,
    load_pipelines,
    load_tasks,
    load_users,
)
from pipelines.models import (
    Company,
    Contact,
    ContactPoint,
    CustomField,
    Deal,
    DealContact,
    LossReason,
    Note,
    Origin,
    Pipeline,
    Stage,
    StageVisit,
    Task,
)
from pipelines.models.mirrored import SyncState

from . import links, mapping
from .client import PAGE, AmoClient
from .consent import follow_checkbox
from .mapping import Json
from .models import Account, Entity, Link

BY_ID = 100  # ids in one address


@dataclass(frozen=True)
class Collection:
    """Something amoCRM keeps many of: where it is, how a page of it is read and comes into the mirror.

    ``read`` is pure, so that the page to come is read while the present one is loaded.
    """

    name: str
    read: Callable[[Account, Sequence[Json]], list[Row]]
    load: Callable[[Account, Sequence[Row], Origin, datetime], Loaded]
    tables: tuple[type[Model], ...]
    theirs: str = ""  # where amoCRM keeps it, when that is not under our name
    params: dict[str, str] = field(default_factory=dict)
    is_filtered: bool = False  # its filters are a paid extra (amocrm-api.md §5.1)

    @property
    def path(self) -> str:
        return self.theirs or self.name

    @property
    def key(self) -> str:
        """What the page calls its items."""
        return self.path.rpartition("/")[2]

    @property
    def by_id(self) -> dict[str, str]:
        return {**self.params, "limit": str(PAGE), "order[id]": "asc"}


def _read_companies(account: Account, items: Sequence[Json]) -> list[Row]:
    zone = account.zone
    return [mapping.company(item, zone) for item in items]


def _load_companies(account: Account, rows: Sequence[Row], origin: Origin, now: datetime) -> Loaded:
    result = load_companies(rows, origin, now)
    links.agree(Entity.COMPANY, rows)
    return result


def _read_contacts(account: Account, items: Sequence[Json]) -> list[Row]:
    zone = account.zone
    return [mapping.contact(item, zone) for item in items]


def _load_contacts(account: Account, rows: Sequence[Row], origin: Origin, now: datetime) -> Loaded:
    result = load_contacts(rows, origin, now)
    links.agree(Entity.CONTACT, rows)
    follow_checkbox(account, [row["amo_id"] for row in rows], now)
    return result


def _read_deals(account: Account, items: Sequence[Json]) -> list[Row]:
    zone = account.zone
    return [mapping.deal(item, zone) for item in items]


def _load_deals(account: Account, rows: Sequence[Row], origin: Origin, now: datetime) -> Loaded:
    held = links.held_deals(rows)
    rows = [row | {"holds_stage": row["amo_id"] in held} for row in rows]
    result = load_deals(rows, origin, now)
    links.agree(Entity.DEAL, rows)
    overruled = Deal.objects.filter(pk__in=result.updated, sync_state=SyncState.REFUSED)
    overruled.exclude(amo_id__in=held).update(sync_state=SyncState.SYNCED, sync_reason="")
    return result


def _read_tasks(account: Account, items: Sequence[Json]) -> list[Row]:
    return [mapping.task(item, account.task_types) for item in items]


def _load_tasks(account: Account, rows: Sequence[Row], origin: Origin, now: datetime) -> Loaded:
    return load_tasks(rows, origin, now)


def _load_notes(account: Account, rows: Sequence[Row], origin: Origin, now: datetime) -> Loaded:
    own = links.own_notes(rows)
    return load_notes([row for row in rows if row["amo_id"] not in own], origin, now)


def _notes(entity: Entity) -> Collection:
    def read(account: Account, items: Sequence[Json]) -> list[Row]:
        return [mapping.note(item, entity) for item in items]

    return Collection(f"{entity}_notes", read, _load_notes, (Note,), theirs=f"{mapping.PLURALS[entity]}/notes")


COMPANIES = Collection("companies", _read_companies, _load_companies, (Company, ContactPoint, Link), is_filtered=True)
CONTACTS = Collection("contacts", _read_contacts, _load_contacts, (Contact, ContactPoint, Link), is_filtered=True)
DEALS = Collection(
    "deals",
    _read_deals,
    _load_deals,
    (Deal, DealContact, StageVisit, Link),
    theirs="leads",
    params={"with": "contacts,source"},
    is_filtered=True,
)
TASKS = Collection("tasks", _read_tasks, _load_tasks, (Task,))
CONTACT_NOTES, COMPANY_NOTES, DEAL_NOTES = (_notes(entity) for entity in (Entity.CONTACT, Entity.COMPANY, Entity.DEAL))
COLLECTIONS = (COMPANIES, CONTACTS, DEALS, TASKS, CONTACT_NOTES, COMPANY_NOTES, DEAL_NOTES)
OF_ENTITY = {Entity.COMPANY: COMPANIES, Entity.CONTACT: CONTACTS, Entity.DEAL: DEALS}


def take(account: Account, collection: Collection, rows: Sequence[Row], origin: Origin, now: datetime) -> Loaded:
    """Put what was read into the mirror, whole or not at all."""
    with transaction.atomic():
        return collection.load(account, rows, origin, now)


def complete(client: AmoClient, rows: Sequence[Row], origin: Origin, now: datetime) -> None:
    """Fetch what these rows name and we lack. Done before their transaction: it talks to the network."""
    missing = lacks(rows)
    if "stage" in missing:
        take_pipelines(client, now)
    for entity in (Entity.COMPANY, Entity.CONTACT):
        if entity in missing:
            take_by_id(client, OF_ENTITY[entity], sorted(missing[entity]), origin, now)


def batched(amo_ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (amo_ids[start : start + size] for start in range(0, len(amo_ids), size))


def take_by_id(
    client: AmoClient, collection: Collection, amo_ids: Sequence[int], origin: Origin, now: datetime
) -> set[int]:
    """Read the named records and take them in; → the ids that amoCRM has."""
    found: set[int] = set()
    for ids in batched(amo_ids, BY_ID):
        items = read_by_id(client, collection, ids)
        rows = collection.read(client.account, items)
        complete(client, rows, origin, now)
        take(client.account, collection, rows, origin, now)
        found.update(item["id"] for item in items)
    return found


def read_by_id(client: AmoClient, collection: Collection, amo_ids: Sequence[int]) -> list[Json]:
    """By one filtered list where filters work, else one by one. A list that answers something else has no filters."""
    if client.account.is_filter_enabled or not collection.is_filtered:
        wanted = {f"filter[id][{n}]": str(amo_id) for n, amo_id in enumerate(amo_ids)}
        items = client.page(collection.path, collection.key, {**collection.by_id, **wanted}).items
        if all(item["id"] in amo_ids for item in items):
            return items
        client.account.put(is_filter_enabled=False)
    documents = [client.get(f"{collection.path}/{amo_id}", collection.params) for amo_id in amo_ids]
    return [document for document in documents if document.get("id")]


def take_users(client: AmoClient, now: datetime) -> Loaded:
    return load_users([mapping.user(item) for item in client.all("users", "users", {"limit": "250"})])


def take_pipelines(client: AmoClient, now: datetime) -> Loaded:
    return load_pipelines([mapping.pipeline(item) for item in client.all("leads/pipelines", "pipelines")], now)


def take_loss_reasons(client: AmoClient, now: datetime) -> Loaded:
    items = client.all("leads/loss_reasons", "loss_reasons", {"limit": "250"})
    return load_loss_reasons([mapping.loss_reason(item) for item in items], now)


def take_fields(entity: CustomField.Entity) -> Callable[[AmoClient, datetime], Loaded]:
    def run(client: AmoClient, now: datetime) -> Loaded:
        path = f"{mapping.PLURALS[entity]}/custom_fields"
        items = client.all(path, "custom_fields", {"limit": "250"})
        return load_fields(entity, [mapping.field(item) for item in items if not mapping.is_address(item)], now)

    return run


DICTIONARIES: dict[str, Callable[[AmoClient, datetime], Loaded]] = {
    "users": take_users,
    "pipelines": take_pipelines,
    "loss_reasons": take_loss_reasons,
    "company_fields": take_fields(CustomField.Entity.COMPANY),
    "contact_fields": take_fields(CustomField.Entity.CONTACT),
    "deal_fields": take_fields(CustomField.Entity.DEAL),
}
DICTIONARY_TABLES = (User, Pipeline, Stage, LossReason, CustomField)
