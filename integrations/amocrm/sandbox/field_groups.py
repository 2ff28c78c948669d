"""Groups (tabs) of custom fields; their ids are strings."""

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson

from integrations.amocrm.sandbox.http import Request, Response, hal, no_content, refused
from integrations.amocrm.sandbox.listing import paged
from integrations.amocrm.sandbox.rows import FieldGroup
from integrations.amocrm.sandbox.shapes import self_link
from integrations.amocrm.sandbox.validation import batch, one, settle

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox


def document(box: "Sandbox", kind: str, group: FieldGroup) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "is_predefined": group.is_predefined,
        "type": "custom_field_group",
        "entity_type": kind,
        "sort": group.sort,
        "fields": [field.id for field in box.store.fields[kind].values() if field.group_id == group.id],
        "_links": self_link(box, f"{kind}/custom_fields/groups/{group.id}"),
    }


def index(box: "Sandbox", request: Request) -> Response:
    kind = request.kind
    found = sorted(box.store.field_groups[kind].values(), key=attrgetter("sort", "id"))
    return paged(
        box, request, found, "custom_field_groups",
        lambda group: orjson.dumps(document(box, kind, group)), totals=True,
    )  # fmt: skip


def _known(box: "Sandbox", request: Request) -> FieldGroup:
    group = box.store.field_groups[request.kind].get(request.ids[0])
    if group is None:
        raise refused(404, "Custom field group not found")
    return group


def detail(box: "Sandbox", request: Request) -> Response:
    return hal(document(box, request.kind, _known(box, request)))


def create(box: "Sandbox", request: Request) -> Response:
    items, groups = batch(request), box.store.field_groups[request.kind]
    for item in items:
        item.need("name", str, "string")
    settle(items)
    shown = []
    for item in items:
        group = FieldGroup(
            f"{request.kind}_{box.store.new_id('groups')}",
            item.data["name"],
            item.data.get("sort", len(groups)),
        )
        groups[group.id] = group
        shown.append(document(box, request.kind, group) | {"request_id": item.request_id})
    links = self_link(box, f"{request.kind}/custom_fields/groups")
    return hal({"_total_items": len(shown), "_links": links, "_embedded": {"custom_field_groups": shown}}, 201)


def change(box: "Sandbox", request: Request) -> Response:
    group, item = _known(box, request), one(request)
    group.name, group.sort = item.data.get("name", group.name), item.data.get("sort", group.sort)
    return hal(document(box, request.kind, group))


def delete(box: "Sandbox", request: Request) -> Response:
    group = _known(box, request)
    if group.is_predefined:
        raise refused(422, "Predefined groups can not be deleted")
    del box.store.field_groups[request.kind][group.id]
    for field in box.store.fields[request.kind].values():
        if field.group_id == group.id:
            field.group_id = None
    return no_content()
