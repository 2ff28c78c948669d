"""How leads, contacts and companies look on the wire.

The row itself is serialised once and kept (`Entity.head`, up to the end of `_embedded`); what a caller
asks for with `with=` is added to it, so that a page of 250 stays cheap.
"""

from typing import TYPE_CHECKING, Any

import orjson

from integrations.amocrm.sandbox.rows import LOST, Company, Contact, Entity, Lead, LossReason, Tag
from integrations.amocrm.sandbox.values import render_all

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox
    from integrations.amocrm.sandbox.state import Store


def self_link(box: "Sandbox", path: str) -> dict[str, Any]:
    return {"self": {"href": f"{box.base_url}/api/v4/{path}"}}


def tag_json(tag: Tag) -> dict[str, Any]:
    return {"id": tag.id, "name": tag.name, "color": tag.color}


def loss_reason_json(box: "Sandbox", reason: LossReason) -> dict[str, Any]:
    return {
        "id": reason.id,
        "name": reason.name,
        "sort": reason.sort,
        "created_at": reason.created_at,
        "updated_at": reason.updated_at,
        "_links": self_link(box, f"leads/loss_reasons/{reason.id}"),
    }


def linked(box: "Sandbox", kind: str, ids: tuple[int, ...]) -> list[dict[str, Any]]:
    return [{"id": entity_id, "_links": self_link(box, f"{kind}/{entity_id}")} for entity_id in ids]


def row(box: "Sandbox", entity: Entity, wanted: set[str] = frozenset()) -> bytes:  # type: ignore[assignment]
    if entity.head is None:
        entity.head = _head(box, entity)
    extra = EXTRAS[entity.kind](box, entity, wanted) if wanted else {}
    body = entity.head
    if extra:
        body += b"," + orjson.dumps(extra)[1:-1]
    if isinstance(entity, Lead) and wanted & {"source_id", "is_price_modified_by_robot"}:
        return b"{" + orjson.dumps(_root_extras(entity, wanted))[1:-1] + b"," + body[1:] + b"}}"
    return body + b"}}"


def trashed(box: "Sandbox", entity: Entity) -> bytes:
    """What `with=only_deleted` shows: ids and times; the flag is true for leads only."""
    bare = dict.fromkeys(_columns(box.store, entity))
    bare |= {
        "id": entity.id,
        "updated_at": entity.updated_at,
        "updated_by": entity.updated_by,
        "account_id": box.account_id,
        "is_deleted": entity.kind == "leads",
        "_links": self_link(box, f"{entity.kind}/{entity.id}"),
        "_embedded": {"tags": []} | ({} if entity.kind == "companies" else {"companies": []}),
    }
    return orjson.dumps(bare)


def _head(box: "Sandbox", entity: Entity) -> bytes:
    store, kind = box.store, entity.kind
    tags = store.tags[kind]
    embedded: dict[str, Any] = {"tags": [tag_json(tags[tag_id]) for tag_id in entity.tags]}
    if kind != "companies":
        embedded["companies"] = linked(box, "companies", (entity.company,) if entity.company else ())
    document = _columns(store, entity)
    document |= {
        "custom_fields_values": render_all(store.fields[kind], entity.values),
        "account_id": box.account_id,
    }
    if kind == "leads":
        document |= {"score": None, "labor_cost": None, "is_price_computed": False}
    document |= {"_links": self_link(box, f"{kind}/{entity.id}"), "_embedded": embedded}
    return orjson.dumps(document)[:-2]


def _columns(store: "Store", entity: Entity) -> dict[str, Any]:
    common = {
        "responsible_user_id": entity.responsible_user_id,
        "group_id": store.group_of(entity.responsible_user_id),
    }
    stamps = {
        "created_by": entity.created_by,
        "updated_by": entity.updated_by,
        "created_at": entity.created_at,
        "updated_at": entity.updated_at,
    }
    if isinstance(entity, Lead):
        return {
            "id": entity.id,
            "name": entity.name,
            "price": None if entity.price is None else int(entity.price),
            "price_with_minor_units": None if entity.price is None else float(entity.price),
            **common,
            "status_id": entity.status_id,
            "pipeline_id": entity.pipeline_id,
            "loss_reason_id": entity.loss_reason_id,
            **stamps,
            "closed_at": entity.closed_at,
            "closest_task_at": entity.closest_task_at,
            "is_deleted": False,
        }
    names: dict[str, Any] = {"id": entity.id, "name": entity.name}
    if isinstance(entity, Contact):
        names |= {"first_name": entity.first_name, "last_name": entity.last_name}
    tail: dict[str, Any] = {"closest_task_at": entity.closest_task_at, "is_deleted": False}
    if isinstance(entity, Contact):
        tail["is_unsorted"] = False
    return {**names, **common, **stamps, **tail}


def _root_extras(lead: Lead, wanted: set[str]) -> dict[str, Any]:
    extras = {"source_id": lead.source_id, "is_price_modified_by_robot": False}
    return {name: value for name, value in extras.items() if name in wanted}


def _lead_extras(box: "Sandbox", lead: Any, wanted: set[str]) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if "contacts" in wanted:
        extra["contacts"] = [
            {
                "id": contact_id,
                "is_main": contact_id == lead.main,
                "_links": self_link(box, f"contacts/{contact_id}"),
            }
            for contact_id in lead.contacts
        ]
    if "loss_reason" in wanted:
        reason = box.store.loss_reasons.get(lead.loss_reason_id) if lead.status_id == LOST else None
        extra["loss_reason"] = [loss_reason_json(box, reason)] if reason else []
    if "catalog_elements" in wanted:
        extra["catalog_elements"] = []
    if "source" in wanted and lead.source_id:
        extra["source"] = {"id": lead.source_id, "name": box.store.sources[lead.source_id]}
    return extra


def _contact_extras(box: "Sandbox", contact: Any, wanted: set[str]) -> dict[str, Any]:
    extra: dict[str, Any] = {"leads": linked(box, "leads", contact.leads)} if "leads" in wanted else {}
    return extra | {name: [] for name in ("customers", "catalog_elements", "social_profiles") if name in wanted}


def _company_extras(box: "Sandbox", company: Company, wanted: set[str]) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    for kind, ids in (("contacts", company.contacts), ("leads", company.leads)):
        if kind in wanted:
            extra[kind] = linked(box, kind, ids)
    return extra | {name: [] for name in ("customers", "catalog_elements") if name in wanted}


EXTRAS: dict[str, Any] = {"leads": _lead_extras, "contacts": _contact_extras, "companies": _company_extras}
