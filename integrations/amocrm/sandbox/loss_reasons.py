"""Why leads are lost: one list for the whole account."""

from operator import attrgetter
from typing import TYPE_CHECKING

import orjson

from integrations.amocrm.sandbox.http import Request, Response, hal, no_content, refused
from integrations.amocrm.sandbox.listing import paged
from integrations.amocrm.sandbox.rows import LossReason
from integrations.amocrm.sandbox.shapes import loss_reason_json, self_link
from integrations.amocrm.sandbox.validation import Item, batch, is_int, one, settle

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox


def index(box: "Sandbox", request: Request) -> Response:
    found = sorted(box.store.loss_reasons.values(), key=attrgetter("sort", "id"))
    return paged(box, request, found, "loss_reasons", lambda reason: orjson.dumps(loss_reason_json(box, reason)))


def _known(box: "Sandbox", request: Request) -> LossReason:
    reason = box.store.loss_reasons.get(request.ids[0])
    if reason is None:
        raise refused(404, "Loss reason not found")
    return reason


def detail(box: "Sandbox", request: Request) -> Response:
    return hal(loss_reason_json(box, _known(box, request)))


def create(box: "Sandbox", request: Request) -> Response:
    items = batch(request)
    for item in items:
        item.need("name", str, "string")
        _check_sort(item)
    settle(items)
    shown = [loss_reason_json(box, _add(box, request, item)) | {"request_id": item.request_id} for item in items]
    links = self_link(box, "leads/loss_reasons")
    return hal({"_total_items": len(shown), "_links": links, "_embedded": {"loss_reasons": shown}})


def _check_sort(item: Item) -> None:
    if "sort" in item.data and not is_int(item.data["sort"]):
        item.wrong_type("sort", "int")


def _add(box: "Sandbox", request: Request, item: Item) -> LossReason:
    known = box.store.loss_reasons
    sort = item.data.get("sort", 10 * (len(known) + 1))
    reason = LossReason(box.store.new_id("loss_reasons"), item.data["name"], sort, request.now, request.now)
    known[reason.id] = reason
    return reason


def change(box: "Sandbox", request: Request) -> Response:
    reason, item = _known(box, request), one(request)
    if "name" in item.data:
        item.need("name", str, "string")
    _check_sort(item)
    settle([item])
    reason.name, reason.sort = item.data.get("name", reason.name), item.data.get("sort", reason.sort)
    reason.updated_at = request.now
    return hal(loss_reason_json(box, reason))


def delete(box: "Sandbox", request: Request) -> Response:
    del box.store.loss_reasons[_known(box, request).id]
    return no_content()
