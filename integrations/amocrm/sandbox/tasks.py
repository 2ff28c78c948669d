"""Tasks: listed with filters that every account has, created, completed; never deleted through the API."""

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson

from integrations.amocrm.sandbox import payloads
from integrations.amocrm.sandbox.account import TASK_TYPES
from integrations.amocrm.sandbox.events import record
from integrations.amocrm.sandbox.http import Request, Response, hal, no_content, problem, raw_hal
from integrations.amocrm.sandbox.listing import ordering, paged, query_key
from integrations.amocrm.sandbox.rows import KINDS, SINGULAR, Task
from integrations.amocrm.sandbox.shapes import self_link
from integrations.amocrm.sandbox.task_filters import select
from integrations.amocrm.sandbox.validation import (
    Item,
    attributes,
    author,
    batch,
    broken_rules,
    is_int,
    moment,
    one,
    settle,
    text,
    user,
)

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox
    from integrations.amocrm.sandbox.state import Store


def _flag(store: "Store", value: Any) -> str | None:
    return None if isinstance(value, bool) else "bool"


def _task_type(store: "Store", value: Any) -> str | None:
    return None if value in TASK_TYPES else "choice"


def _entity_type(store: "Store", value: Any) -> str | None:
    return None if value in KINDS else "choice"


WRITABLE = {
    "text": (text, False),
    "complete_till": (moment, False),
    "responsible_user_id": (user, False),
    "entity_id": (moment, True),
    "entity_type": (_entity_type, True),
    "is_completed": (_flag, False),
    "task_type_id": (_task_type, False),
    "duration": (moment, False),
    "created_by": (author, False),
    "updated_by": (author, False),
    "created_at": (moment, False),
    "updated_at": (moment, False),
}


def document(box: "Sandbox", task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "created_by": task.created_by,
        "updated_by": task.updated_by,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "responsible_user_id": task.responsible_user_id,
        "group_id": box.store.group_of(task.responsible_user_id),
        "entity_id": task.entity_id,
        "entity_type": task.entity_type,
        "duration": task.duration,
        "is_completed": task.is_completed,
        "task_type_id": task.task_type_id,
        "text": task.text,
        "result": {"text": task.result} if task.result else [],
        "complete_till": task.complete_till,
        "account_id": box.account_id,
        "_links": self_link(box, f"tasks/{task.id}"),
    }


def index(box: "Sandbox", request: Request) -> Response:
    name, descending = ordering(request.query, ("created_at", "complete_till", "id"), ("updated_at", False))
    node = request.query.get("filter")

    def build() -> list[Task]:
        found = select(box, node if isinstance(node, dict) else {})
        return sorted(found, key=attrgetter(name, "id"), reverse=descending)

    key = (
        box.store.versions["leads"] if "lead_statuses" in request.target else 0,
        *query_key(request.target),
    )
    rows = box.store.arranged("tasks", key, build)
    return paged(box, request, rows, "tasks", lambda task: orjson.dumps(document(box, task)))


def detail(box: "Sandbox", request: Request) -> Response:
    task = box.store.tasks.get(request.ids[0])
    return raw_hal(orjson.dumps(document(box, task))) if task else no_content()


def forbidden(box: "Sandbox", request: Request) -> Response:
    return problem(403, "Invalid scope")


def _columns(box: "Sandbox", item: Item) -> dict[str, Any]:
    columns = attributes(box.store, WRITABLE, item)
    result = item.data.get("result")
    if isinstance(result, dict):
        columns["result"] = str(result.get("text") or "")
    elif result:
        item.wrong_type("result", "array")
    kind, entity_id = columns.get("entity_type"), columns.get("entity_id")
    if kind in KINDS and is_int(entity_id) and not box.store.find(kind, entity_id):
        item.not_a_choice("entity_id")
    return columns


def create(box: "Sandbox", request: Request) -> Response:
    items = batch(request)
    drafts = [(item, _columns(box, item)) for item in items]
    for item in items:
        for name in {"text", "complete_till"} - item.data.keys():
            item.missing(name)
    settle(items)
    made = [(item, _add(box, request, columns)) for item, columns in drafts]
    return _answer(box, made)


def _add(box: "Sandbox", request: Request, columns: dict[str, Any]) -> Task:
    now, who = request.now, request.user_id
    task = Task(box.store.new_id("tasks"), who, who, now, now, who, "", 0)
    box.store.tasks[task.id] = task
    _write(task, columns)
    if task.entity_id:
        box.store.tasks_of.setdefault(task.entity_id, []).append(task.id)
    _spread(box, task)
    record(box, "task_added", owner(task), task.created_by)
    payloads.tell_task(box, "add", task)
    return task


def owner(task: Task) -> tuple[str, int]:
    return ("task", task.id)


def _write(task: Task, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(task, name, value)


def _spread(box: "Sandbox", task: Task) -> None:
    box.store.touch("tasks")
    entity = box.store.find(task.entity_type, task.entity_id) if task.entity_type in SINGULAR else None
    if entity:
        box.store.plan_closest_task(entity)


def change_many(box: "Sandbox", request: Request) -> Response:
    items = batch(request)
    for item in items:
        item.need("id", int, "int")
    settle(items)
    return _answer(box, _change(box, request, [(item, item.data["id"]) for item in items]))


def change_one(box: "Sandbox", request: Request) -> Response:
    [(_, task)] = _change(box, request, [(one(request), request.ids[0])])
    return hal({"id": task.id, "updated_at": task.updated_at, "_links": self_link(box, f"tasks/{task.id}")})


def _change(box: "Sandbox", request: Request, targets: list[tuple[Item, int]]) -> list[tuple[Item, Task]]:
    drafts = [(item, task_id, _columns(box, item)) for item, task_id in targets]
    settle([item for item, _, _ in drafts])
    missing = {str(task_id): "Task not found" for _, task_id, _ in drafts if task_id not in box.store.tasks}
    if missing:
        raise broken_rules(missing)
    return [(item, _apply(box, request, box.store.tasks[task_id], columns)) for item, task_id, columns in drafts]


def _apply(box: "Sandbox", request: Request, task: Task, columns: dict[str, Any]) -> Task:
    old = (
        task.text,
        task.complete_till,
        task.task_type_id,
        task.is_completed,
        task.responsible_user_id,
        task.result,
    )
    task.updated_at, task.updated_by = request.now, request.user_id
    _write(task, columns)
    _spread(box, task)
    _record(box, task, old, request.user_id)
    extra = {"old_text": old[0]} if old[0] != task.text else {}
    if old[4] != task.responsible_user_id:
        payloads.tell_task(box, "responsible", task, {"old_responsible_user_id": old[4]})
    payloads.tell_task(box, "update", task, extra | ({"action_close": "1"} if task.is_completed and not old[3] else {}))
    return task


def _record(box: "Sandbox", task: Task, old: tuple[Any, ...], user_id: int) -> None:
    if old[0] != task.text:
        record(box, "task_text_changed", owner(task), user_id, old[0], task.text)
    if old[1] != task.complete_till:
        record(box, "task_deadline_changed", owner(task), user_id, old[1], task.complete_till)
    if old[2] != task.task_type_id:
        record(box, "task_type_changed", owner(task), user_id, old[2], task.task_type_id)
    if old[5] != task.result:
        record(box, "task_result_added", owner(task), user_id, None, task.result)
    if task.is_completed and not old[3]:
        record(box, "task_completed", owner(task), user_id)


def _answer(box: "Sandbox", done: list[tuple[Item, Task]]) -> Response:
    shown = [
        {"id": task.id, "updated_at": task.updated_at, "request_id": item.request_id,
         "_links": self_link(box, f"tasks/{task.id}")}
        for item, task in done
    ]  # fmt: skip
    return hal({"_links": self_link(box, "tasks"), "_embedded": {"tasks": shown}})
