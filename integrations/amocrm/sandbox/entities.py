"""Leads, contacts and companies: list, read, create, change. One flow for all three.

A batch is checked whole before anything is written; business rules then speak by entity id.
"""

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from integrations.amocrm.sandbox import changes, leads, linking, tagging
from integrations.amocrm.sandbox.filters import named, select
from integrations.amocrm.sandbox.http import Request, Response, hal, no_content, raw_hal
from integrations.amocrm.sandbox.listing import ordering, paged, query_key
from integrations.amocrm.sandbox.query import names
from integrations.amocrm.sandbox.rows import CLASSES, SINGULAR, Contact, Entity, Lead
from integrations.amocrm.sandbox.shapes import row, self_link, trashed
from integrations.amocrm.sandbox.validation import (
    WRITABLE,
    Item,
    attributes,
    batch,
    broken_rules,
    is_int,
    one,
    settle,
)
from integrations.amocrm.sandbox.values import read_all

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

ORDERS = {
    "leads": ("created_at", "updated_at", "id"),
    "contacts": ("updated_at", "id", "name"),
    "companies": ("updated_at", "id", "name"),
}


@dataclass(slots=True)
class Draft:
    """One checked item: plain columns, field values, tag wishes, links of a new lead."""

    item: Item
    columns: dict[str, Any]
    values: dict[int, Any]
    tags: tagging.Wish
    links: dict[str, Any] = field(default_factory=dict)


def index(box: "Sandbox", request: Request) -> Response:
    kind, wanted = request.kind, names(request.query.get("with"))
    if "only_deleted" in wanted:
        return _trash(box, request)
    name, descending = ordering(request.query, ORDERS[kind], ("updated_at", False))

    def build() -> list[Any]:
        found = select(box.store, kind, request.query, box.flags.filters_enabled)
        return sorted(found, key=attrgetter(name, "id"), reverse=descending)

    rows = box.store.arranged(kind, (box.flags.filters_enabled, *query_key(request.target)), build)
    if box.flags.list_delay:
        settled = request.now - box.flags.list_delay
        rows = [entity for entity in rows if entity.updated_at <= settled]
    return paged(box, request, rows, kind, lambda entity: row(box, entity, wanted))


def _trash(box: "Sandbox", request: Request) -> Response:
    rows = box.store.trash[request.kind]
    node = request.query.get("filter")
    found = named(rows, node["id"]) if isinstance(node, dict) and "id" in node else list(rows.values())
    found.sort(key=attrgetter("updated_at", "id"))
    return paged(box, request, found, request.kind, lambda entity: trashed(box, entity))


def detail(box: "Sandbox", request: Request) -> Response:
    entity = box.store.find(request.kind, request.ids[0])
    if entity is None:
        return no_content()
    return raw_hal(row(box, entity, names(request.query.get("with")) - {"only_deleted"}))


def create(box: "Sandbox", request: Request) -> Response:
    drafts = [_draft(box, request.kind, item, None) for item in batch(request)]
    settle([draft.item for draft in drafts])
    broken = {draft.item.request_id: words for draft in drafts if (words := _broken(draft, None))}
    if broken:
        raise broken_rules(broken)
    made = [(draft.item, _add(box, request, draft)) for draft in drafts]
    answers = []
    for item, entity in made:
        answer: dict[str, Any] = {"id": entity.id}
        if request.kind == "contacts":
            answer |= {"is_deleted": False, "is_unsorted": False}
        links = self_link(box, f"{request.kind}/{entity.id}")
        answers.append(answer | {"request_id": item.request_id, "_links": links})
    return hal({"_links": self_link(box, request.kind), "_embedded": {request.kind: answers}})


def change_many(box: "Sandbox", request: Request) -> Response:
    items = batch(request)
    for item in items:
        if item.need("id", int, "int") is None:
            settle([item])
    changed = _change(box, request, [(item, item.data["id"]) for item in items])
    answers = [_changed_json(box, entity) | {"request_id": item.request_id} for item, entity in changed]
    return hal({"_links": self_link(box, request.kind), "_embedded": {request.kind: answers}})


def change_one(box: "Sandbox", request: Request) -> Response:
    [(_, entity)] = _change(box, request, [(one(request), request.ids[0])])
    answer = _changed_json(box, entity)
    if box.flags.wrap_single_patch:
        return hal({"_links": self_link(box, request.kind), "_embedded": {request.kind: [answer]}})
    return hal(answer)


def _changed_json(box: "Sandbox", entity: Entity) -> dict[str, Any]:
    name = {} if entity.kind == "leads" else {"name": entity.name}
    return {
        "id": entity.id,
        **name,
        "updated_at": entity.updated_at,
        "_links": self_link(box, f"{entity.kind}/{entity.id}"),
    }


def _change(box: "Sandbox", request: Request, targets: list[tuple[Item, Any]]) -> list[tuple[Item, Entity]]:
    found = [(item, entity_id, box.store.find(request.kind, entity_id)) for item, entity_id in targets]
    drafts = [(_draft(box, request.kind, item, entity), entity_id, entity) for item, entity_id, entity in found]
    settle([draft.item for draft, _, _ in drafts])
    broken: dict[str, str] = {}
    sound = []
    for draft, entity_id, entity in drafts:
        words = _broken(draft, entity) if entity else f"{SINGULAR[request.kind].capitalize()} not found"
        if words:
            broken[str(entity_id)] = words
        elif entity:
            sound.append((draft, entity))
    if not broken or box.flags.apply_siblings:
        for draft, entity in sound:
            _apply(box, request, draft, entity)
    if broken:
        raise broken_rules(broken)
    return [(draft.item, entity) for draft, entity in sound]


def _draft(box: "Sandbox", kind: str, item: Item, entity: Entity | None) -> Draft:
    columns = attributes(box.store, WRITABLE[kind], item)
    if kind == "leads":
        columns |= leads.stage(box.store, item, entity if isinstance(entity, Lead) else None)
    if kind == "contacts":
        columns |= _composed_name(box, item.data, entity)
    links = _links(box, item) if kind == "leads" and entity is None else {}
    wish = tagging.wish(box.store, kind, item, is_new=entity is None)
    return Draft(item, columns, read_all(box.store.fields[kind], item), wish, links)


def _composed_name(box: "Sandbox", data: dict[str, Any], entity: Entity | None) -> dict[str, Any]:
    """First and last name without `name`: it is put together in the account's display order."""
    if data.get("name") is not None or not data.keys() & {"first_name", "last_name"}:
        return {}
    known = entity if isinstance(entity, Contact) else None
    parts = [
        str(data.get("first_name", known.first_name if known else "") or ""),
        str(data.get("last_name", known.last_name if known else "") or ""),
    ]
    ordered = parts if box.contact_name_display_order == 1 else parts[::-1]
    return {"name": " ".join(part for part in ordered if part)}


def _links(box: "Sandbox", item: Item) -> dict[str, Any]:
    embedded = item.data.get("_embedded")
    wanted: dict[str, Any] = {}
    for kind in ("contacts", "companies"):
        entries = embedded.get(kind) if isinstance(embedded, dict) else None
        for position, entry in enumerate(entries or ()):
            entity_id = entry.get("id") if isinstance(entry, dict) else None
            if not is_int(entity_id) or not box.store.find(kind, entity_id):
                item.not_a_choice(f"_embedded.{kind}.{position}.id")
                continue
            wanted.setdefault(kind, []).append((entity_id, bool(entry.get("is_main"))))
    if len(wanted.get("companies", ())) > 1:
        item.unexpected("_embedded.companies.1")
    return wanted


def _broken(draft: Draft, entity: Entity | None) -> str | None:
    lead = entity if isinstance(entity, Lead) else None
    return leads.broken_rule(draft.columns, lead)


def _add(box: "Sandbox", request: Request, draft: Draft) -> Entity:
    store, kind = box.store, request.kind
    entity = CLASSES[kind](store.new_id(kind), request.now, request.user_id)
    _write(box, draft, entity)
    store.entities[kind][entity.id] = entity
    for contact_id, is_main in draft.links.get("contacts", ()):
        linking.join(store, entity, store.entities["contacts"][contact_id], is_main=is_main)
    for company_id, _ in draft.links.get("companies", ()):
        linking.join(store, entity, store.entities["companies"][company_id])
    store.touched(entity)
    changes.added(box, entity)
    return entity


def _apply(box: "Sandbox", request: Request, draft: Draft, entity: Entity) -> None:
    before = changes.Snapshot(entity)
    entity.updated_at, entity.updated_by = request.now, request.user_id
    if isinstance(entity, Lead):
        leads.follow_stage(entity, draft.columns, request.now)
    _write(box, draft, entity)
    box.store.touched(entity)
    changes.changed(box, before, entity, request.user_id)


def _write(box: "Sandbox", draft: Draft, entity: Entity) -> None:
    for name, value in draft.columns.items():
        setattr(entity, name, value)
    if isinstance(entity, Lead) and entity.status_id in leads.CLOSED and entity.closed_at is None:
        entity.closed_at = entity.updated_at
    for field_id, stored in draft.values.items():
        if stored is None:
            entity.values.pop(field_id, None)
        else:
            entity.values[field_id] = stored
    entity.tags = tagging.granted(box.store, entity, draft.tags)
