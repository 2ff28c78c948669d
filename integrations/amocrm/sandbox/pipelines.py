"""Pipelines with the stages in them. Everybody reads, administrators write."""

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from integrations.amocrm.sandbox import statuses
from integrations.amocrm.sandbox.http import Request, Response, hal, no_content, refused
from integrations.amocrm.sandbox.listing import whole_list
from integrations.amocrm.sandbox.rows import CLOSED, Pipeline
from integrations.amocrm.sandbox.shapes import self_link
from integrations.amocrm.sandbox.validation import Item, batch, one, settle

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

MOST = 50


def document(box: "Sandbox", pipeline: Pipeline) -> dict[str, Any]:
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "sort": pipeline.sort,
        "is_main": pipeline.is_main,
        "is_unsorted_on": pipeline.is_unsorted_on,
        "is_archive": False,
        "account_id": box.account_id,
        "_links": self_link(box, f"leads/pipelines/{pipeline.id}"),
        "_embedded": {"statuses": [statuses.document(box, pipeline, status) for status in pipeline.ordered()]},
    }


def index(box: "Sandbox", request: Request) -> Response:
    found = sorted(box.store.pipelines.values(), key=attrgetter("sort", "id"))
    return whole_list(box, request, "pipelines", [document(box, pipeline) for pipeline in found])


def detail(box: "Sandbox", request: Request) -> Response:
    return hal(document(box, known(box, request.ids[0])))


def known(box: "Sandbox", pipeline_id: int) -> Pipeline:
    pipeline = box.store.pipelines.get(pipeline_id)
    if pipeline is None:
        raise refused(404, "Pipeline not found")
    return pipeline


def create(box: "Sandbox", request: Request) -> Response:
    items = batch(request)
    for item in items:
        item.need("name", str, "string")
        item.need("sort", int, "int")
        item.need("is_main", bool, "bool")
        _stages(item)
    settle(items)
    if len(box.store.pipelines) + len(items) > MOST:
        raise refused(422, f"Limit of {MOST} pipelines is reached")
    shown = [document(box, _add(box, item)) | {"request_id": item.request_id} for item in items]
    links = self_link(box, "leads/pipelines")
    return hal({"_total_items": len(shown), "_links": links, "_embedded": {"pipelines": shown}})


def _stages(item: Item) -> list[dict[str, Any]]:
    embedded = item.data.get("_embedded")
    stages = embedded.get("statuses") if isinstance(embedded, dict) else None
    stages = [stage for stage in stages or () if isinstance(stage, dict)]
    for index, stage in enumerate(stages):
        statuses.check(stage, item, f"_embedded.statuses.{index}.")
    return stages


def _add(box: "Sandbox", item: Item) -> Pipeline:
    data = item.data
    unsorted = bool(data.get("is_unsorted_on", True))
    pipeline = Pipeline(box.store.new_id("pipelines"), data["name"], data["sort"], False, unsorted)
    statuses.add_system(box.store, pipeline)
    for stage in _stages(item):
        if stage.get("id") in CLOSED:
            pipeline.statuses[stage["id"]].name = stage["name"]
        else:
            statuses.add(box.store, pipeline, stage)
    if not any(status.type == 0 and status.id not in CLOSED for status in pipeline.statuses.values()):
        statuses.add(box.store, pipeline, {"name": "Первичный контакт", "color": "#99ccff"})
    statuses.normalise(pipeline)
    box.store.pipelines[pipeline.id] = pipeline
    if data["is_main"]:
        _make_main(box, pipeline)
    return pipeline


def _make_main(box: "Sandbox", pipeline: Pipeline) -> None:
    for other in box.store.pipelines.values():
        other.is_main = other is pipeline


def change(box: "Sandbox", request: Request) -> Response:
    pipeline, item = known(box, request.ids[0]), one(request)
    kinds = {
        "name": (str, "string"),
        "sort": (int, "int"),
        "is_main": (bool, "bool"),
        "is_unsorted_on": (bool, "bool"),
    }
    for name in kinds.keys() & item.data.keys():
        item.need(name, *kinds[name])
    settle([item])
    pipeline.name = item.data.get("name", pipeline.name)
    pipeline.sort = item.data.get("sort", pipeline.sort)
    pipeline.is_unsorted_on = item.data.get("is_unsorted_on", pipeline.is_unsorted_on)
    if item.data.get("is_main"):
        _make_main(box, pipeline)
    return hal(document(box, pipeline))


def delete(box: "Sandbox", request: Request) -> Response:
    """An unknown pipeline is a bad choice here, not a 404; the main one and one with leads stay."""
    pipeline = box.store.pipelines.get(request.ids[0])
    if pipeline is None:
        item = Item({}, 0)
        item.not_a_choice("id")
        settle([item])
    elif box.store.leads_in(pipeline.id):
        raise refused(422, "Only pipelines without leads can be deleted")
    elif pipeline.is_main or len(box.store.pipelines) == 1:
        raise refused(422, "The main pipeline can not be deleted")
    else:
        del box.store.pipelines[pipeline.id]
    return no_content()
