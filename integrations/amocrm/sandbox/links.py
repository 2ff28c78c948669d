"""Links as resources: read from one or many entities, made and undone."""

from typing import TYPE_CHECKING, Any

from integrations.amocrm.sandbox import changes
from integrations.amocrm.sandbox.events import record
from integrations.amocrm.sandbox.http import Request, Response, hal, no_content, refused
from integrations.amocrm.sandbox.linking import join, part
from integrations.amocrm.sandbox.listing import whole_list
from integrations.amocrm.sandbox.query import leaves, whole
from integrations.amocrm.sandbox.rows import SINGULAR, Entity, Lead
from integrations.amocrm.sandbox.shapes import self_link
from integrations.amocrm.sandbox.validation import Item, batch, settle

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

ALLOWED = {
    "leads": ("contacts", "companies"),
    "contacts": ("companies", "leads"),
    "companies": ("contacts", "leads"),
}
Pair = tuple[Item, Entity, Entity]


def of_one(box: "Sandbox", request: Request) -> Response:
    entity = box.store.find(request.kind, request.ids[0])
    if entity is None:
        raise refused(404, f"{SINGULAR[request.kind].capitalize()} not found")
    return _shown(box, request, _links(box, entity))


def of_many(box: "Sandbox", request: Request) -> Response:
    node = request.query.get("filter")
    wanted = leaves(node.get("entity_id")) if isinstance(node, dict) else []
    found = filter(None, (box.store.find(request.kind, whole(leaf)) for leaf in wanted))
    shown = [_source(entity) | link for entity in found for link in _links(box, entity)]
    return _shown(box, request, shown)


def _shown(box: "Sandbox", request: Request, links: list[dict[str, Any]]) -> Response:
    node = request.query.get("filter")
    node = node if isinstance(node, dict) else {}
    for name in ("to_entity_id", "to_entity_type"):
        if wanted := leaves(node.get(name)):
            links = [link for link in links if str(link[name]) in wanted]
    if not links:
        return hal({"_total_items": 0, "_links": {"self": {"href": box.base_url + request.target}},
                    "_embedded": {"links": []}})  # fmt: skip
    return whole_list(box, request, "links", links)


def _links(box: "Sandbox", entity: Entity) -> list[dict[str, Any]]:
    links = []
    for contact_id in entity.contacts:
        metadata = {"main_contact": contact_id == entity.main} if isinstance(entity, Lead) else None
        links.append({"to_entity_id": contact_id, "to_entity_type": "contacts", "metadata": metadata})
    for lead_id in entity.leads:
        lead = box.store.entities["leads"][lead_id]
        metadata = {"main_contact": lead.main == entity.id} if entity.kind == "contacts" else None
        links.append({"to_entity_id": lead_id, "to_entity_type": "leads", "metadata": metadata})
    if entity.company:
        links.append({"to_entity_id": entity.company, "to_entity_type": "companies", "metadata": None})
    return links


def _source(entity: Entity) -> dict[str, Any]:
    return {"entity_id": entity.id, "entity_type": entity.kind}


def link(box: "Sandbox", request: Request) -> Response:
    pairs = _pairs(box, request)
    echoes = []
    for item, one, other in pairs:
        metadata = item.data.get("metadata")
        is_main = bool(isinstance(metadata, dict) and metadata.get("is_main"))
        join(box.store, one, other, is_main=is_main)
        _tell(box, request, "entity_linked", one, other)
        to = {"to_entity_id": other.id, "to_entity_type": other.kind}
        echoes.append(_source(one) | to | {"metadata": _echoed(one, other, metadata)})
    return hal({
        "_total_items": len(echoes),
        "_links": self_link(box, request.path.strip("/")),
        "_embedded": {"links": echoes},
    })  # fmt: skip


def _echoed(one: Entity, other: Entity, metadata: Any) -> Any:
    if isinstance(one, Lead) and other.kind == "contacts":
        return {"main_contact": one.main == other.id}
    return metadata


def unlink(box: "Sandbox", request: Request) -> Response:
    for _, one, other in _pairs(box, request):
        part(box.store, one, other)
        _tell(box, request, "entity_unlinked", one, other)
    return no_content()


def _tell(box: "Sandbox", request: Request, event_type: str, one: Entity, other: Entity) -> None:
    for source, target in ((one, other), (other, one)):
        pointer = (SINGULAR[target.kind], target.id)
        before, after = (pointer, None) if event_type == "entity_unlinked" else (None, pointer)
        record(box, event_type, (SINGULAR[source.kind], source.id), request.user_id, before, after)
        changes.touched(box, source, request.user_id)


def _pairs(box: "Sandbox", request: Request) -> list[Pair]:
    items = batch(request)
    pairs = [pair for item in items if (pair := _pair(box, request, item))]
    settle(items)
    return pairs


def _pair(box: "Sandbox", request: Request, item: Item) -> Pair | None:
    entity_id = request.ids[0] if request.ids else item.need("entity_id", int, "int")
    to_id = item.need("to_entity_id", int, "int")
    to_kind = item.need("to_entity_type", str, "string")
    one = box.store.find(request.kind, entity_id)
    if one is None:
        item.not_a_choice("entity_id")
    if to_kind not in ALLOWED[request.kind]:
        return item.not_a_choice("to_entity_type")
    other = box.store.find(to_kind, to_id)
    if other is None:
        return item.not_a_choice("to_entity_id")
    return (item, one, other) if one else None
