"""Notes of leads, contacts and companies: over all of a kind, or of one entity."""

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson

from integrations.amocrm.sandbox import payloads
from integrations.amocrm.sandbox.events import record
from integrations.amocrm.sandbox.filters import named, one_of
from integrations.amocrm.sandbox.http import Request, Response, hal, no_content, raw_hal, refused
from integrations.amocrm.sandbox.listing import ordering, paged, query_key
from integrations.amocrm.sandbox.query import leaves, names, whole
from integrations.amocrm.sandbox.rows import SINGULAR, Entity, Note
from integrations.amocrm.sandbox.shapes import self_link
from integrations.amocrm.sandbox.task_filters import since
from integrations.amocrm.sandbox.validation import (
    Item,
    attributes,
    author,
    batch,
    broken_rules,
    moment,
    one,
    settle,
    user,
)

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

# note type → the params it cannot be written without
REQUIRED: dict[str, tuple[str, ...]] = {
    "common": ("text",),
    "call_in": ("uniq", "duration", "source", "phone"),
    "call_out": ("uniq", "duration", "source", "phone"),
    "service_message": ("service", "text"),
    "extended_service_message": ("service", "text"),
    "message_cashier": ("status", "text"),
    "geolocation": ("text", "address", "longitude", "latitude"),
    "sms_in": ("text", "phone"),
    "sms_out": ("text", "phone"),
    "attachment": ("version_uuid", "file_uuid", "file_name"),
}
EVENTS = {
    "common": "common_note_added", "call_in": "incoming_call", "call_out": "outgoing_call", "sms_in": "incoming_sms",
    "sms_out": "outgoing_sms", "service_message": "service_note_added", "attachment": "attachment_note_added",
    "extended_service_message": "service_note_added", "message_cashier": "message_to_cashier_note_added",
    "geolocation": "geo_note_added",
}  # fmt: skip
WRITABLE = {
    "responsible_user_id": (user, False),
    "created_by": (author, False),
    "updated_by": (author, False),
    "created_at": (moment, False),
    "updated_at": (moment, False),
}


def document(box: "Sandbox", kind: str, note: Note, wanted: set[str] = frozenset()) -> bytes:  # type: ignore[assignment]
    return orjson.dumps({
        "id": note.id,
        "entity_id": note.entity_id,
        "created_by": note.created_by,
        "updated_by": note.updated_by,
        "created_at": note.created_at,
        "updated_at": note.updated_at,
        "responsible_user_id": note.responsible_user_id,
        "group_id": box.store.group_of(note.responsible_user_id),
        "note_type": note.note_type,
        "params": note.params,
        "account_id": box.account_id,
        **({"is_pinned": note.is_pinned} if "is_pinned" in wanted else {}),
        "_links": self_link(box, f"{kind}/{note.entity_id}/notes/{note.id}"),
    })  # fmt: skip


def index(box: "Sandbox", request: Request) -> Response:
    """`/{kind}/notes`, and `/{kind}/{id}/notes` when the route names an entity."""
    node = request.query.get("filter")
    name, descending = ordering(request.query, ("updated_at", "id"), ("updated_at", False))

    def build() -> list[Note]:
        found = _select(box, request, node if isinstance(node, dict) else {})
        return sorted(found, key=attrgetter(name, "id"), reverse=descending)

    collection = f"{request.kind}/notes"
    rows = box.store.arranged(collection, (request.ids, *query_key(request.target)), build)
    wanted = names(request.query.get("with"))
    return paged(box, request, rows, "notes", lambda note: document(box, request.kind, note, wanted))


def _select(box: "Sandbox", request: Request, node: dict[str, Any]) -> list[Note]:
    notes, owned = box.store.notes[request.kind], box.store.notes_of[request.kind]
    entities = list(request.ids) or [whole(leaf) or 0 for leaf in leaves(node.get("entity_id"))]
    if entities:
        rows = [notes[note_id] for entity_id in entities for note_id in owned.get(entity_id, ())]
    elif "id" in node:
        rows = named(notes, node["id"])
    else:
        rows = list(notes.values())
    tests = []
    if "id" in node:
        tests.append(one_of("id", {whole(leaf) for leaf in leaves(node["id"])}))
    if "note_type" in node:
        tests.append(one_of("note_type", names(node["note_type"])))
    if "updated_at" in node:
        tests.append(since("updated_at", node["updated_at"]))
    return [row for row in rows if all(test(row) for test in tests)]


def detail(box: "Sandbox", request: Request) -> Response:
    note = box.store.notes[request.kind].get(request.ids[-1])
    if note is None or (len(request.ids) == 2 and note.entity_id != request.ids[0]):
        return no_content()
    return raw_hal(document(box, request.kind, note, names(request.query.get("with"))))


def create(box: "Sandbox", request: Request) -> Response:
    items = batch(request)
    drafts = [_draft(box, request, item) for item in items]
    settle(items)
    notes = [_add(box, request, item, entity, columns) for item, (entity, columns) in zip(items, drafts, strict=True)]
    shown = [
        {"id": note.id, "entity_id": note.entity_id, "request_id": item.request_id,
         "_links": self_link(box, f"{request.kind}/{note.entity_id}/notes/{note.id}")}
        for item, note in zip(items, notes, strict=True)
    ]  # fmt: skip
    return hal({"_links": self_link(box, f"{request.kind}/notes"), "_embedded": {"notes": shown}})


def _draft(box: "Sandbox", request: Request, item: Item) -> tuple[Entity | None, dict[str, Any]]:
    entity_id = request.ids[0] if request.ids else item.need("entity_id", int, "int")
    entity = box.store.find(request.kind, entity_id)
    if entity is None:
        item.not_a_choice("entity_id")
    note_type = item.need("note_type", str, "string")
    if note_type not in REQUIRED:
        item.not_a_choice("note_type")
    params = item.need("params", dict, "array")
    if isinstance(params, dict):
        for name in REQUIRED.get(note_type, ()):
            if params.get(name) is None:
                item.missing(f"params.{name}")
    return entity, attributes(box.store, WRITABLE, item)


def _add(box: "Sandbox", request: Request, item: Item, entity: Entity | None, columns: dict[str, Any]) -> Note:
    if entity is None:  # settled before: a batch with a missing entity never gets here
        raise refused(404, "Entity not found")
    now, who = request.now, request.user_id
    note = Note(
        box.store.new_id("notes"), entity.id, who, who, now, now, entity.responsible_user_id,
        item.data["note_type"], dict(item.data["params"]),
    )  # fmt: skip
    for name, value in columns.items():
        setattr(note, name, value)
    keep(box, request.kind, note)
    record(box, EVENTS[note.note_type], (SINGULAR[request.kind], entity.id), note.created_by, after=note.id)
    payloads.tell_note(box, request.kind, note)
    return note


def keep(box: "Sandbox", kind: str, note: Note) -> None:
    box.store.notes[kind][note.id] = note
    box.store.notes_of[kind].setdefault(note.entity_id, []).append(note.id)
    box.store.touch(f"{kind}/notes")


def change_many(box: "Sandbox", request: Request) -> Response:
    items = batch(request)
    for item in items:
        item.need("id", int, "int")
    settle(items)
    changed = [(item, _change(box, request, item, item.data["id"])) for item in items]
    shown = [
        {
            "id": note.id,
            "entity_id": note.entity_id,
            "updated_at": note.updated_at,
            "request_id": item.request_id,
        }
        for item, note in changed
    ]
    return hal({"_links": self_link(box, f"{request.kind}/notes"), "_embedded": {"notes": shown}})


def change_one(box: "Sandbox", request: Request) -> Response:
    note = _change(box, request, one(request), request.ids[-1])
    links = self_link(box, f"{request.kind}/{note.entity_id}/notes/{note.id}")
    return hal({"id": note.id, "entity_id": note.entity_id, "updated_at": note.updated_at, "_links": links})


def _change(box: "Sandbox", request: Request, item: Item, note_id: int) -> Note:
    note = box.store.notes[request.kind].get(note_id)
    if note is None:
        raise broken_rules({str(note_id): "Note not found"})
    params = item.data.get("params", {})
    if not isinstance(params, dict):
        item.wrong_type("params", "array")
    settle([item])
    note.params = note.params | params
    note.updated_at, note.updated_by = request.now, request.user_id
    box.store.touch(f"{request.kind}/notes")
    return note


def pin(box: "Sandbox", request: Request) -> Response:
    note = box.store.notes[request.kind].get(request.ids[-1])
    if note is None:
        raise refused(404, "Note not found")
    note.is_pinned = request.path.endswith("/pin")
    return no_content()
