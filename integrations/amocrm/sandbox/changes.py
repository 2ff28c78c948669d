"""One change to an entity, told twice: as events in the feed and as webhook deliveries.

What flows in is the entity before and after; nobody else decides which events and hooks a write causes.
"""

from typing import TYPE_CHECKING, Any

from integrations.amocrm.sandbox import linking, payloads
from integrations.amocrm.sandbox.events import record
from integrations.amocrm.sandbox.rows import SINGULAR, Entity, Field, Lead
from integrations.amocrm.sandbox.values import render

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

# The feed names field types by number. 1-10 are documented; the rest follow the second API version.
FIELD_NUMBERS = {
    "text": 1, "numeric": 2, "checkbox": 3, "select": 4, "multiselect": 5, "date": 6, "url": 7, "multitext": 8,
    "textarea": 9, "radiobutton": 10, "streetaddress": 11, "smart_address": 13, "birthday": 14, "legal_entity": 15,
    "org_legal_name": 17, "date_time": 19, "monetary": 20, "tracking_data": 21, "chained_list": 23, "file": 24,
}  # fmt: skip


class Snapshot:
    """The parts of an entity whose change somebody is told about."""

    def __init__(self, entity: Entity) -> None:
        self.name = entity.name
        self.responsible_user_id = entity.responsible_user_id
        self.values = dict(entity.values)
        self.tags = entity.tags
        self.stage = (entity.status_id, entity.pipeline_id) if isinstance(entity, Lead) else None
        self.price = entity.price if isinstance(entity, Lead) else None


def added(box: "Sandbox", entity: Entity) -> None:
    singular = SINGULAR[entity.kind]
    record(box, f"{singular}_added", (singular, entity.id), entity.created_by, after=box.store.new_id("notes"))
    payloads.tell(box, "add", entity)


def changed(box: "Sandbox", before: Snapshot, entity: Entity, user_id: int) -> None:
    after, who = Snapshot(entity), (SINGULAR[entity.kind], entity.id)
    if before.stage != after.stage:
        record(box, "lead_status_changed", who, user_id, before.stage, after.stage)
    if before.responsible_user_id != after.responsible_user_id:
        old, new = before.responsible_user_id, after.responsible_user_id
        record(box, "entity_responsible_changed", who, user_id, old, new)
    if before.price != after.price:
        record(box, "sale_field_changed", who, user_id, before.price, after.price)
    if before.name != after.name:
        record(box, "name_field_changed", who, user_id, before.name, after.name)
    _record_tags(box, who, user_id, before, after, entity.kind)
    _record_fields(box, who, user_id, before, after, entity.kind)
    _tell_changed(box, before, after, entity)


def _tell_changed(box: "Sandbox", before: Snapshot, after: Snapshot, entity: Entity) -> None:
    """A stage move sends `status` and `update`, a new responsible `responsible` and `update`."""
    if before.stage and after.stage and before.stage != after.stage:
        old = {"old_status_id": before.stage[0]}
        if before.stage[1] != after.stage[1]:
            old["old_pipeline_id"] = before.stage[1]
        payloads.tell(box, "status", entity, old)
    if before.responsible_user_id != after.responsible_user_id:
        payloads.tell(box, "responsible", entity, {"old_responsible_user_id": before.responsible_user_id})
    payloads.tell(box, "update", entity)


def _record_tags(
    box: "Sandbox", who: tuple[str, int], user_id: int, before: Snapshot, after: Snapshot, kind: str
) -> None:
    tags = box.store.tags[kind]
    added = [tags[tag_id].name for tag_id in after.tags if tag_id not in before.tags]
    gone = [tags[tag_id].name for tag_id in before.tags if tag_id not in after.tags]
    if added:
        record(box, "entity_tag_added", who, user_id, after=added)
    if gone:
        record(box, "entity_tag_deleted", who, user_id, before=gone)


def _record_fields(
    box: "Sandbox", who: tuple[str, int], user_id: int, before: Snapshot, after: Snapshot, kind: str
) -> None:
    for field_id in before.values.keys() | after.values.keys():
        old, new = before.values.get(field_id), after.values.get(field_id)
        if old != new:
            field = box.store.fields[kind][field_id]
            event_type = f"custom_field_{field_id}_value_changed"
            record(box, event_type, who, user_id, _field_items(field, old), _field_items(field, new))


def _field_items(field: Field, stored: Any) -> list[dict[str, Any]] | None:
    if stored is None:
        return None
    return [
        {
            "field_id": field.id,
            "field_type": FIELD_NUMBERS[field.type],
            "enum_id": entry.get("enum_id"),
            "text": str(entry.get("value", entry.get("catalog_element_id"))),
        }
        for entry in render(field, stored)
    ]


def touched(box: "Sandbox", entity: Entity, user_id: int) -> None:
    """Something beside the row's own columns changed, a link for instance: time, author, `update`."""
    entity.updated_at, entity.updated_by = box.now(), user_id
    box.store.touched(entity)
    payloads.tell(box, "update", entity)


def deleted(box: "Sandbox", entity: Entity, user_id: int) -> None:
    """To the trash, as a person in the CRM does; the API itself has no such verb."""
    singular, store = SINGULAR[entity.kind], box.store
    store.trash[entity.kind][entity.id] = store.entities[entity.kind].pop(entity.id)
    entity.updated_at, entity.updated_by = box.now(), user_id
    linking.hide(store, entity)
    store.touched(entity)
    record(box, f"{singular}_deleted", (singular, entity.id), user_id)
    payloads.tell_deleted(box, entity)
