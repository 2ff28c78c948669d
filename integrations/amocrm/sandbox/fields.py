"""Definitions of custom fields. Everybody reads, fifty at a time; administrators write."""

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson

from integrations.amocrm.sandbox.http import Request, Response, hal, no_content, refused
from integrations.amocrm.sandbox.listing import ordering, paged
from integrations.amocrm.sandbox.query import leaves, names, whole
from integrations.amocrm.sandbox.rows import Field
from integrations.amocrm.sandbox.shapes import self_link
from integrations.amocrm.sandbox.validation import Item, batch, is_int, one, settle
from integrations.amocrm.sandbox.values import ENUM_TYPES, TYPES

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

PAGE = 50
REMINDS = ("never", "day", "week", "month")
PLAIN = ("name", "code", "sort", "is_api_only", "group_id", "required_statuses", "hidden_statuses", "chained_lists",
         "currency", "remind", "settings")  # fmt: skip


def document(box: "Sandbox", kind: str, field: Field) -> dict[str, Any]:
    enums = None
    if field.type in ENUM_TYPES:
        enums = [{"id": enum_id, **enum} for enum_id, enum in field.enums.items()]
    return {
        "id": field.id,
        "name": field.name,
        "type": field.type,
        "account_id": box.account_id,
        "code": field.code,
        "sort": field.sort,
        "is_api_only": field.is_api_only,
        "enums": enums,
        "group_id": field.group_id,
        "required_statuses": field.required_statuses,
        "is_deletable": not field.is_predefined,
        "is_predefined": field.is_predefined,
        "is_visible": True,
        "is_required": bool(field.required_statuses),
        "is_computed": field.is_computed,
        "entity_type": kind,
        "settings": field.settings,
        "tracking_callback": None,
        "remind": field.remind,
        "triggers": [],
        "currency": field.currency,
        "hidden_statuses": field.hidden_statuses,
        "chained_lists": field.chained_lists,
        "search_in": None,
        "_links": self_link(box, f"{kind}/custom_fields/{field.id}"),
    }


def index(box: "Sandbox", request: Request) -> Response:
    kind, node = request.kind, request.query.get("filter")
    node = node if isinstance(node, dict) else {}
    name, descending = ordering(request.query, ("sort", "id"), ("sort", False))
    found = sorted(box.store.fields[kind].values(), key=attrgetter(name, "id"), reverse=descending)
    if types := names(node.get("type")):
        found = [field for field in found if field.type in types]
    if ids := {whole(leaf) for leaf in leaves(node.get("id"))}:
        found = [field for field in found if field.id in ids]
    return paged(
        box, request, found, "custom_fields",
        lambda field: orjson.dumps(document(box, kind, field)), PAGE, totals=True,
    )  # fmt: skip


def _known(box: "Sandbox", request: Request) -> Field:
    field = box.store.fields[request.kind].get(request.ids[0])
    if field is None:
        raise refused(404, "Custom field not found")
    return field


def detail(box: "Sandbox", request: Request) -> Response:
    return hal(document(box, request.kind, _known(box, request)))


def create(box: "Sandbox", request: Request) -> Response:
    items = batch(request)
    for item in items:
        _check(box, request.kind, item, None)
    settle(items)
    made = [(item, _add(box, request.kind, item)) for item in items]
    return _echo(box, request, made, 201)


def _check(box: "Sandbox", kind: str, item: Item, field: Field | None) -> None:
    data = item.data
    if field is None or "name" in data:
        item.need("name", str, "string")
    field_type = field.type if field else item.need("type", str, "string")
    if field is None and "type" in data and field_type not in TYPES[kind]:
        item.not_a_choice("type")
    if field is None and field_type in ENUM_TYPES - {"multitext"} and not data.get("enums"):
        item.missing("enums")
    code = data.get("code")
    if code and (other := box.store.field_coded(kind, code)) and other is not field:
        item.not_a_choice("code")
    if data.get("remind") not in (None, *REMINDS):
        item.not_a_choice("remind")
    if data.get("group_id") is not None and data["group_id"] not in box.store.field_groups[kind]:
        item.not_a_choice("group_id")
    for index, enum in enumerate(_enum_list(data.get("enums"))):
        if not isinstance(enum.get("value"), str):
            item.missing(f"enums.{index}.value")
        if enum.get("id") is not None and (field is None or enum["id"] not in field.enums):
            item.not_a_choice(f"enums.{index}.id")


def _enum_list(raw: Any) -> list[dict[str, Any]]:
    """An array, or an object with indexes for keys as one sample of the documentation has it."""
    entries = raw.values() if isinstance(raw, dict) else raw or ()
    return [entry for entry in entries if isinstance(entry, dict)]


def _add(box: "Sandbox", kind: str, item: Item) -> Field:
    store, data = box.store, item.data
    last = max((field.sort for field in store.fields[kind].values()), default=500)
    field = Field(store.new_id("fields"), data["name"], data["type"], sort=last + 1)
    store.fields[kind][field.id] = field
    _write(box, field, data)
    return field


def _write(box: "Sandbox", field: Field, data: dict[str, Any]) -> None:
    for name in PLAIN:
        if name in data:
            setattr(field, name, data[name])
    if "enums" in data:
        field.enums = {
            enum.get("id") or box.store.new_id("enums"): _enum(enum, place)
            for place, enum in enumerate(_enum_list(data["enums"]))
        }


def _enum(enum: dict[str, Any], place: int) -> dict[str, Any]:
    code = {"code": enum["code"]} if enum.get("code") else {}
    return {"value": enum["value"], "sort": enum.get("sort", place), **code}


def change_many(box: "Sandbox", request: Request) -> Response:
    items, known = batch(request), box.store.fields[request.kind]
    for item in items:
        field = known.get(item.need("id", int, "int"))
        if field is None:
            item.not_a_choice("id")
        else:
            _check(box, request.kind, item, field)
    settle(items)
    for item in items:
        _change(box, request.kind, known[item.data["id"]], item)
    return _echo(box, request, [(item, known[item.data["id"]]) for item in items], 200)


def change_one(box: "Sandbox", request: Request) -> Response:
    field, item = _known(box, request), one(request)
    _check(box, request.kind, item, field)
    settle([item])
    _change(box, request.kind, field, item)
    return hal(document(box, request.kind, field))


def _change(box: "Sandbox", kind: str, field: Field, item: Item) -> None:
    """Options the caller left out are gone, and so are the values that chose them."""
    _write(box, field, item.data)
    if "enums" in item.data:
        for entity in box.store.entities[kind].values():
            _drop_lost_options(field, entity.values)
    box.store.forget_heads(kind)


def _drop_lost_options(field: Field, values: dict[int, Any]) -> None:
    stored = values.get(field.id)
    if stored is None:
        return
    if is_int(stored) and stored not in field.enums:
        del values[field.id]
    elif field.type == "multiselect":
        values[field.id] = tuple(enum_id for enum_id in stored if enum_id in field.enums)
        if not values[field.id]:
            del values[field.id]


def delete(box: "Sandbox", request: Request) -> Response:
    field = _known(box, request)
    if field.is_predefined:
        raise refused(422, "Predefined custom fields can not be deleted")
    del box.store.fields[request.kind][field.id]
    for entity in (*box.store.entities[request.kind].values(), *box.store.trash[request.kind].values()):
        entity.values.pop(field.id, None)
    box.store.forget_heads(request.kind)
    return no_content()


def _echo(box: "Sandbox", request: Request, done: list[tuple[Item, Field]], status: int) -> Response:
    shown = [document(box, request.kind, field) | {"request_id": item.request_id} for item, field in done]
    links = self_link(box, f"{request.kind}/custom_fields")
    return hal({"_total_items": len(shown), "_links": links, "_embedded": {"custom_fields": shown}}, status)
