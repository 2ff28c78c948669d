"""What webhooks carry: form-urlencoded PHP brackets, every value a string, the older field shapes."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from integrations.amocrm.sandbox.rows import SINGULAR, Company, Contact, Entity, Lead, Note, Task
from integrations.amocrm.sandbox.values import DATES, ZONE, render

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

ELEMENT_TYPES = {"contacts": "1", "leads": "2", "companies": "3"}
NOTE_TYPES = {
    "common": "4", "attachment": "5", "call_in": "10", "call_out": "11", "amomail_message": "15",
    "message_cashier": "17", "geolocation": "24", "service_message": "25", "extended_service_message": "25",
    "sms_in": "102", "sms_out": "103",
}  # fmt: skip


def tell(box: "Sandbox", action: str, entity: Entity, extra: dict[str, Any] | None = None) -> None:
    code = f"{action}_{SINGULAR[entity.kind]}"
    if box.hooks.wanted(code):
        _send(box, code, section(entity), action, item(box, entity) | (extra or {}))


def tell_deleted(box: "Sandbox", entity: Entity) -> None:
    bare: dict[str, Any] = {"id": entity.id}
    if isinstance(entity, Lead):
        bare |= {"status_id": entity.status_id, "pipeline_id": entity.pipeline_id}
    else:
        bare["type"] = SINGULAR[entity.kind]
    _send(box, f"delete_{SINGULAR[entity.kind]}", section(entity), "delete", bare)


def tell_note(box: "Sandbox", kind: str, note: Note) -> None:
    section_name = "leads" if kind == "leads" else "contacts"
    _send(box, f"note_{SINGULAR[kind]}", section_name, "note", {"note": _note(box, kind, note)})


def tell_task(box: "Sandbox", action: str, task: Task, extra: dict[str, Any] | None = None) -> None:
    _send(box, f"{action}_task", "task", action, _task(box, task) | (extra or {}))


def section(entity: Entity) -> str:
    """Companies travel under `contacts`, told apart by their `type`."""
    return "leads" if entity.kind == "leads" else "contacts"


def _send(box: "Sandbox", code: str, section_name: str, action: str, data: dict[str, Any]) -> None:
    if box.hooks.wanted(code):
        box.hooks.send(code, form({section_name: {action: [data]}, "account": _account(box)}))


def _account(box: "Sandbox") -> dict[str, Any]:
    return {"id": box.account_id, "subdomain": box.subdomain, "_links": {"self": box.base_url}}


def form(document: dict[str, Any]) -> bytes:
    pairs = [pair for key, value in document.items() for pair in _pairs(key, value)]
    return "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs).encode()


def _pairs(prefix: str, value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if isinstance(value, dict):
        return [pair for key, child in value.items() for pair in _pairs(f"{prefix}[{key}]", child)]
    if isinstance(value, list | tuple):
        return [pair for index, child in enumerate(value) for pair in _pairs(f"{prefix}[{index}]", child)]
    if isinstance(value, bool):
        return [(prefix, "1" if value else "0")]
    return [(prefix, str(value))]


def item(box: "Sandbox", entity: Entity) -> dict[str, Any]:
    return _lead(box, entity) if isinstance(entity, Lead) else _person(box, entity)


def _lead(box: "Sandbox", lead: Lead) -> dict[str, Any]:
    return {
        "id": lead.id,
        "name": lead.name or "",
        "status_id": lead.status_id,
        "price": int(lead.price or 0),
        "responsible_user_id": lead.responsible_user_id,
        "last_modified": lead.updated_at,
        "modified_user_id": lead.updated_by,
        "created_user_id": lead.created_by,
        "date_create": lead.created_at,
        "pipeline_id": lead.pipeline_id,
        "loss_reason_id": lead.loss_reason_id,
        "tags": _tags(box, lead),
        "account_id": box.account_id,
        "custom_fields": _fields(box, lead),
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
    }


def _person(box: "Sandbox", entity: Entity) -> dict[str, Any]:
    company = box.store.find("companies", entity.company)
    return {
        "id": entity.id,
        "name": entity.name or "",
        "responsible_user_id": entity.responsible_user_id,
        "date_create": entity.created_at,
        "last_modified": entity.updated_at,
        "created_user_id": entity.created_by,
        "modified_user_id": entity.updated_by,
        "company_name": company.name if company and isinstance(entity, Contact) else None,
        "linked_company_id": entity.company,
        "account_id": box.account_id,
        "custom_fields": _fields(box, entity),
        "tags": _tags(box, entity),
        "linked_leads_id": {lead_id: {"ID": lead_id} for lead_id in entity.leads},
        "created_at": entity.created_at,
        "updated_at": entity.updated_at,
        "type": "company" if isinstance(entity, Company) else "contact",
    }


def _tags(box: "Sandbox", entity: Entity) -> list[dict[str, Any]]:
    tags = box.store.tags[entity.kind]
    return [{"id": tag_id, "name": tags[tag_id].name} for tag_id in entity.tags]


def _fields(box: "Sandbox", entity: Entity) -> list[dict[str, Any]]:
    fields = box.store.fields[entity.kind]
    shown = []
    for field_id, stored in entity.values.items():
        field = fields[field_id]
        values: list[Any] = [
            entry["value"] if field.type in DATES else _value(entry) for entry in render(field, stored)
        ]
        shown.append({"id": field_id, "name": field.name, "code": field.code, "values": values})
    return shown


def _value(entry: dict[str, Any]) -> dict[str, Any]:
    if "catalog_id" in entry:
        return entry
    return {"value": entry["value"], "enum": entry.get("enum_id")}


def local(stamp: int) -> str:
    return datetime.fromtimestamp(stamp, ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _note(box: "Sandbox", kind: str, note: Note) -> dict[str, Any]:
    author = box.store.users.get(note.created_by)
    source = {"type": 1, "id": note.created_by, "author_name": author.name if author else "Робот"}
    text = note.params.get("text", "")
    if note.note_type in ("call_in", "call_out"):
        text = orjson.dumps({key.upper(): value for key, value in note.params.items()}).decode()
    return {
        "text": text,
        "attachement": note.params.get("file_name", ""),
        "note_type": NOTE_TYPES[note.note_type],
        "element_type": ELEMENT_TYPES[kind],
        "element_id": note.entity_id,
        "account_id": box.account_id,
        "date_create": local(note.created_at),
        "timestamp_x": local(note.updated_at),
        "created_by": note.created_by,
        "modified_by": note.updated_by,
        "main_user_id": note.responsible_user_id,
        "group_id": box.store.group_of(note.responsible_user_id),
        "id": note.id,
        "metadata": orjson.dumps({"event_source": source}).decode(),
        "created_at": note.created_at,
        "updated_at": note.updated_at,
    }


def _task(box: "Sandbox", task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "element_id": task.entity_id or 0,
        "element_type": ELEMENT_TYPES.get(task.entity_type or "", "0"),
        "task_type": task.task_type_id,
        "date_create": local(task.created_at),
        "text": task.text,
        "status": "1" if task.is_completed else "0",
        "account_id": box.account_id,
        "responsible_user_id": task.responsible_user_id,
        "complete_till": local(task.complete_till),
        "complete_before": task.complete_till,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "created_by": task.created_by,
    }
