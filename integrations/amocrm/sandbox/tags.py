"""The tag dictionaries, one per kind of entity; posting a known name gives its id back."""

from operator import attrgetter
from typing import TYPE_CHECKING

import orjson

from integrations.amocrm.sandbox.http import Request, Response, hal
from integrations.amocrm.sandbox.listing import paged
from integrations.amocrm.sandbox.query import leaves, whole
from integrations.amocrm.sandbox.rows import Tag
from integrations.amocrm.sandbox.shapes import self_link, tag_json
from integrations.amocrm.sandbox.validation import Item, batch, settle

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

PALETTE = frozenset({
    "EBEBEB", "D0D0D0", "F2DDF7", "D1A4DC", "FF8F92", "FFC8C8", "C7DB8C", "DDEBB5", "8699DA", "AABDFF",
    "FFCE5A", "FFE193", "90CDB0", "C6F4DE", "A9A5D7", "D8D5FF", "86C0FC", "832161", "6A0F49", "0C7C59",
    "10599D", "9D2B32", "247BA0",
})  # fmt: skip


def index(box: "Sandbox", request: Request) -> Response:
    node = request.query.get("filter")
    node = node if isinstance(node, dict) else {}
    found = sorted(box.store.tags[request.kind].values(), key=attrgetter("id"))
    if ids := {whole(leaf) for leaf in leaves(node.get("id"))}:
        found = [tag for tag in found if tag.id in ids]
    if name := leaves(node.get("name")):
        found = [tag for tag in found if tag.name == name[0]]
    if search := str(request.query.get("query") or "").lower():
        found = [tag for tag in found if search in tag.name.lower()]
    return paged(box, request, found, "tags", lambda tag: orjson.dumps(tag_json(tag)))


def create(box: "Sandbox", request: Request) -> Response:
    items = batch(request)
    for item in items:
        item.need("name", str, "string")
        _check_color(request, item)
    settle(items)
    made = [(item, box.store.tag_named(request.kind, item.data["name"].strip())) for item in items]
    return _paint(box, request, made)


def change(box: "Sandbox", request: Request) -> Response:
    items = batch(request)
    tags = box.store.tags[request.kind]
    for item in items:
        if item.need("id", int, "int") not in tags:
            item.not_a_choice("id")
        _check_color(request, item)
    settle(items)
    return _paint(box, request, [(item, tags[item.data["id"]]) for item in items])


def _check_color(request: Request, item: Item) -> None:
    color = item.data.get("color")
    if color is not None and (request.kind != "leads" or color not in PALETTE):
        item.not_a_choice("color")


def _paint(box: "Sandbox", request: Request, made: list[tuple[Item, Tag]]) -> Response:
    for item, tag in made:
        if "color" in item.data:
            tag.color = item.data["color"]
            box.store.forget_heads(request.kind)
    shown = [tag_json(tag) | {"request_id": item.request_id} for item, tag in made]
    links = self_link(box, f"{request.kind}/tags")
    return hal({"_total_items": len(shown), "_links": links, "_embedded": {"tags": shown}})
