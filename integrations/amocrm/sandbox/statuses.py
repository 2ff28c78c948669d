"""Stages of a pipeline. Three in each are the system's: unsorted, won (142) and lost (143)."""

from typing import TYPE_CHECKING, Any

from integrations.amocrm.sandbox import changes
from integrations.amocrm.sandbox.http import Request, Response, hal, no_content, refused
from integrations.amocrm.sandbox.listing import whole_list
from integrations.amocrm.sandbox.rows import CLOSED, LOST, WON, Pipeline, Status
from integrations.amocrm.sandbox.shapes import self_link
from integrations.amocrm.sandbox.validation import Item, batch, is_int, one, settle

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox
    from integrations.amocrm.sandbox.state import Store

MOST = 100
PALETTE = frozenset({
    "#fffeb2", "#fffd7f", "#fff000", "#ffeab2", "#ffdc7f", "#ffce5a", "#ffdbdb", "#ffc8c8", "#ff8f92",
    "#d6eaff", "#c1e0ff", "#98cbff", "#ebffb1", "#deff81", "#87f2c0", "#f9deff", "#f3beff", "#ccc8f9",
    "#eb93ff", "#f2f3f4", "#e6e8ea",
})  # fmt: skip


def document(box: "Sandbox", pipeline: Pipeline, status: Status) -> dict[str, Any]:
    return {
        "id": status.id,
        "name": status.name,
        "sort": status.sort,
        "is_editable": status.is_editable,
        "pipeline_id": pipeline.id,
        "color": status.color,
        "type": status.type,
        "account_id": box.account_id,
        "_links": self_link(box, f"leads/pipelines/{pipeline.id}/statuses/{status.id}"),
    }


def add_system(store: "Store", pipeline: Pipeline) -> None:
    unsorted = store.new_id("statuses")
    for status in (
        Status(unsorted, "Неразобранное", 10, "#c1c1c1", type=1, is_editable=False),
        Status(WON, "Успешно реализовано", 10000, "#CCFF66", is_editable=False),
        Status(LOST, "Закрыто и не реализовано", 11000, "#D5D8DB", is_editable=False),
    ):
        pipeline.statuses[status.id] = status


def add(store: "Store", pipeline: Pipeline, data: dict[str, Any]) -> Status:
    last = max((status.sort for status in pipeline.statuses.values() if status.id not in CLOSED), default=10)
    sort = data.get("sort") or last + 10
    status = Status(store.new_id("statuses"), data["name"], sort, data.get("color") or "#fffeb2")
    pipeline.statuses[status.id] = status
    return status


def normalise(pipeline: Pipeline) -> None:
    """The server keeps its own tens: 20, 30, 40 in the order that was asked for."""
    editable = [status for status in pipeline.ordered() if status.is_editable]
    for place, status in enumerate(editable, 2):
        status.sort = place * 10


def check(data: dict[str, Any], item: Item, path: str = "") -> None:
    if "name" not in data and "id" not in data:
        item.missing(f"{path}name")
    elif "name" in data and not isinstance(data["name"], str):
        item.wrong_type(f"{path}name", "string")
    if "sort" in data and not is_int(data["sort"]):
        item.wrong_type(f"{path}sort", "int")
    if data.get("color") is not None and data["color"] not in PALETTE:
        item.not_a_choice(f"{path}color")


def _pipeline(box: "Sandbox", request: Request) -> Pipeline:
    pipeline = box.store.pipelines.get(request.ids[0])
    if pipeline is None:
        raise refused(404, "Pipeline not found")
    return pipeline


def _known(box: "Sandbox", request: Request) -> tuple[Pipeline, Status]:
    pipeline = _pipeline(box, request)
    status = pipeline.statuses.get(request.ids[1])
    if status is None:
        raise refused(404, "Status not found")
    return pipeline, status


def _described(request: Request, shown: dict[str, Any]) -> dict[str, Any]:
    return shown | ({"descriptions": []} if "descriptions" in str(request.query.get("with")) else {})


def index(box: "Sandbox", request: Request) -> Response:
    pipeline = _pipeline(box, request)
    shown = [_described(request, document(box, pipeline, status)) for status in pipeline.ordered()]
    return whole_list(box, request, "statuses", shown)


def detail(box: "Sandbox", request: Request) -> Response:
    return hal(_described(request, document(box, *_known(box, request))))


def create(box: "Sandbox", request: Request) -> Response:
    pipeline, items = _pipeline(box, request), batch(request)
    for item in items:
        check({"id": None, **item.data} if "name" in item.data else {}, item)
    settle(items)
    if len(pipeline.statuses) + len(items) > MOST:
        raise refused(422, f"Limit of {MOST} statuses is reached")
    made = [(item, add(box.store, pipeline, item.data)) for item in items]
    normalise(pipeline)
    shown = [document(box, pipeline, status) | {"request_id": item.request_id} for item, status in made]
    links = self_link(box, f"leads/pipelines/{pipeline.id}/statuses")
    return hal({"_total_items": len(shown), "_links": links, "_embedded": {"statuses": shown}})


def change(box: "Sandbox", request: Request) -> Response:
    pipeline, status = _known(box, request)
    item = one(request)
    check({"id": status.id, **item.data}, item)
    settle([item])
    if not status.is_editable:
        raise refused(422, "System statuses can not be edited")
    status.name = item.data.get("name", status.name)
    status.color = item.data.get("color") or status.color
    status.sort = item.data.get("sort", status.sort)
    normalise(pipeline)
    return hal(document(box, pipeline, status))


def delete(box: "Sandbox", request: Request) -> Response:
    """The leads of a deleted stage land in the first one that is left."""
    pipeline, status = _known(box, request)
    others = [other for other in pipeline.statuses.values() if other.is_editable and other is not status]
    if not status.is_editable or not others:
        raise refused(422, "This status can not be deleted")
    homeless = box.store.leads_in(pipeline.id, status.id)
    del pipeline.statuses[status.id]
    for lead in homeless:
        before = changes.Snapshot(lead)
        lead.status_id = pipeline.first_stage().id
        lead.updated_at, lead.updated_by = request.now, request.user_id
        box.store.touched(lead)
        changes.changed(box, before, lead, request.user_id)
    return no_content()
