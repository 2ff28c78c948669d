"""`filter[...]` on tasks. These filters come with every account, paid package or not."""

from typing import TYPE_CHECKING, Any

from integrations.amocrm.sandbox.filters import named, one_of, within
from integrations.amocrm.sandbox.query import leaves, whole
from integrations.amocrm.sandbox.rows import Task

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox


def select(box: "Sandbox", node: dict[str, Any]) -> list[Task]:
    tasks = box.store.tasks
    rows = named(tasks, node["id"]) if "id" in node else list(tasks.values())
    tests = [
        one_of(column, {whole(leaf) for leaf in leaves(node[key])})
        for key, column in (("responsible_user_id", "responsible_user_id"), ("created_by", "created_by"),
                            ("task_type", "task_type_id"), ("task_type_id", "task_type_id"))
        if key in node
    ]  # fmt: skip
    if "is_completed" in node:
        tests.append(one_of("is_completed", {leaf in ("1", "true") for leaf in leaves(node["is_completed"])}))
    if "entity_type" in node:
        tests.append(one_of("entity_type", set(leaves(node["entity_type"]))))
        if "entity_id" in node:
            tests.append(one_of("entity_id", {whole(leaf) for leaf in leaves(node["entity_id"])}))
    if "updated_at" in node:
        tests.append(since("updated_at", node["updated_at"]))
    if isinstance(node.get("lead_statuses"), dict):
        tests.append(_of_leads_in(box, node["lead_statuses"]))
    return [row for row in rows if all(test(row) for test in tests)]


def since(name: str, node: Any) -> Any:
    """On tasks and notes a bare second means "since", not "exactly at"."""
    return within(name, node if isinstance(node, dict) else {"from": node})


def _of_leads_in(box: "Sandbox", node: dict[str, Any]) -> Any:
    entries = [entry for entry in node.values() if isinstance(entry, dict)]
    pairs = {(whole(entry.get("pipeline_id")), whole(entry.get("status_id"))) for entry in entries}

    def test(task: Task) -> bool:
        lead = box.store.find("leads", task.entity_id) if task.entity_type == "leads" else None
        return lead is not None and (lead.pipeline_id, lead.status_id) in pairs  # type: ignore[attr-defined]

    return test
