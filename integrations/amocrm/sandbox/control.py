"""The control plane, `/__sandbox__/`: look inside, change the rules, be the human who works in the CRM.

GET  state     → {"now", "base_url", "size", "flags", "counts", "queued_faults"}
POST reset     {"seed"?, "contacts"?, "deals"?}
POST flags     any of core.Flags
POST faults    {"next": [{"kind", "count"?, "path_prefix"?, "method"?, "after"?}]}; an empty list clears
POST time      {"advance": seconds}
POST edit      {"action": ..., "entity": ..., "id": ..., "user_id"?: ...}, see `EDITS`
GET  hooks     → {"delivered": [...]}
GET  requests  → {"requests": [...]}

With `--journal` a reset, edits and the clock outlive the process; flags, faults and the logs are as new.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from integrations.amocrm.sandbox import changes
from integrations.amocrm.sandbox.faults import KINDS as FAULT_KINDS
from integrations.amocrm.sandbox.faults import Fault
from integrations.amocrm.sandbox.http import Response, json_answer
from integrations.amocrm.sandbox.rows import KINDS
from integrations.amocrm.sandbox.seed import sizes

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

Data = dict[str, Any]


class Unclear(Exception):
    """The control request makes no sense; the message says why."""


def handle(box: "Sandbox", method: str, target: str, body: bytes) -> Response:
    name = urlsplit(target).path.removeprefix("/__sandbox__").strip("/")
    door = DOORS.get((method, name))
    if door is None:
        return json_answer({"error": f"No such control: {method} {name}"}, 404)
    try:
        data = orjson.loads(body) if body.strip() else {}
        if not isinstance(data, dict):
            raise Unclear("An object is expected")
        return json_answer(door(box, data))
    except orjson.JSONDecodeError:
        return json_answer({"error": "The body is not JSON"}, 400)
    except (Unclear, KeyError, TypeError, ValueError) as problem:
        return json_answer({"error": str(problem)}, 400)


def state(box: "Sandbox", data: Data) -> Data:
    store = box.store
    counts: Data = {kind: len(store.entities[kind]) for kind in KINDS}
    counts |= {f"trashed_{kind}": len(store.trash[kind]) for kind in KINDS}
    counts |= {f"{kind}_notes": len(store.notes[kind]) for kind in KINDS}
    counts |= {"tasks": len(store.tasks), "events": len(store.events), "webhooks": len(store.webhooks)}
    stages = Counter(lead.status_id for lead in store.entities["leads"].values())
    return {
        "now": box.now(),
        "base_url": box.base_url,
        "size": box.size,
        "flags": asdict(box.flags),
        "counts": counts,
        "leads_by_status": {str(status_id): count for status_id, count in stages.items()},
        "queued_faults": [asdict(fault) for fault in box.faults.waiting],
    }


def reset(box: "Sandbox", data: Data) -> Data:
    unknown = data.keys() - box.size.keys()
    if unknown:
        raise Unclear(f"Unknown: {', '.join(sorted(unknown))}")
    size = {name: int(value) for name, value in data.items()}
    sizes.check(**box.size | size)
    box.wrote(box.now(), "POST", "/__sandbox__/reset", orjson.dumps(data), 0)
    box.reset(**size)
    return state(box, {})


def flags(box: "Sandbox", data: Data) -> Data:
    known = asdict(box.flags)
    for name, value in data.items():
        if name not in known or isinstance(value, bool) != isinstance(known[name], bool):
            raise Unclear(f"Unknown flag or wrong type: {name}")
    for name, value in data.items():
        setattr(box.flags, name, value)
    return asdict(box.flags)


def faults(box: "Sandbox", data: Data) -> Data:
    coming = [Fault(**entry) for entry in data["next"]]
    for fault in coming:
        if fault.kind not in FAULT_KINDS.keys() | {"truncated"}:
            raise Unclear(f"Unknown fault: {fault.kind}")
    if coming:
        box.faults.waiting.extend(coming)
    else:
        box.faults.waiting.clear()
    return {"next": [asdict(fault) for fault in box.faults.waiting]}


def advance(box: "Sandbox", data: Data) -> Data:
    coming = box.time() + data["advance"]
    if not 0 <= coming <= sizes.LAST_SECOND:
        raise Unclear(f"The clock goes from 0 to {sizes.LAST_SECOND}")
    box.wrote(box.now(), "POST", "/__sandbox__/time", orjson.dumps(data), 0)
    box.advanced += data["advance"]
    return {"now": box.now()}


def hooks(box: "Sandbox", data: Data) -> Data:
    return {"delivered": list(box.hooks.delivered)}


def requests(box: "Sandbox", data: Data) -> Data:
    return {"requests": list(box.requests)}


def edit(box: "Sandbox", data: Data) -> Data:
    action = EDITS.get(data.get("action", ""))
    if action is None:
        raise Unclear(f"Unknown action, one of: {', '.join(EDITS)}")
    user_id = data.get("user_id") or next(user.id for user in box.store.users.values() if user.is_admin)
    done = action(box, data, user_id)
    if action in PAST_THE_API:
        box.wrote(box.now(), "POST", "/__sandbox__/edit", orjson.dumps(data), user_id)
    return done


def _call(box: "Sandbox", method: str, path: str, body: Any, user_id: int) -> Data:
    """People use the same rules as the API, so their edits go through it, without a token or a budget."""
    answer = box.call(method, f"/api/v4/{path}", orjson.dumps(body), user_id)
    if answer.status >= 400:
        raise Unclear(answer.body.decode() or f"HTTP {answer.status}")
    return orjson.loads(answer.body) if answer.body else {}


def _create(box: "Sandbox", data: Data, user_id: int) -> Data:
    return _call(box, "POST", data["entity"], [data["data"]], user_id)


def _patch(box: "Sandbox", data: Data, user_id: int) -> Data:
    return _call(box, "PATCH", f"{data['entity']}/{data['id']}", data["data"], user_id)


def _move(box: "Sandbox", data: Data, user_id: int) -> Data:
    stage = {name: data[name] for name in ("status_id", "pipeline_id", "loss_reason_id") if name in data}
    return _call(box, "PATCH", f"leads/{data['id']}", stage, user_id)


def _note(box: "Sandbox", data: Data, user_id: int) -> Data:
    note = {
        "note_type": data.get("note_type", "common"),
        "params": data.get("params") or {"text": data["text"]},
    }
    return _call(box, "POST", f"{data['entity']}/{data['id']}/notes", [note], user_id)


def _task(box: "Sandbox", data: Data, user_id: int) -> Data:
    task = {
        "entity_type": data["entity"],
        "entity_id": data["id"],
        "text": data["text"],
        "complete_till": data.get("complete_till", box.now() + 86400),
        "responsible_user_id": data.get("responsible_user_id", user_id),
    }
    return _call(box, "POST", "tasks", [task], user_id)


def _complete_task(box: "Sandbox", data: Data, user_id: int) -> Data:
    done = {"is_completed": True, "result": {"text": data.get("result", "")}}
    return _call(box, "PATCH", f"tasks/{data['id']}", done, user_id)


def _link(box: "Sandbox", data: Data, user_id: int) -> Data:
    return _call(box, "POST", f"{data['entity']}/{data['id']}/{data['action']}", [data["data"]], user_id)


def _delete(box: "Sandbox", data: Data, user_id: int) -> Data:
    entity = box.store.find(data["entity"], data["id"])
    if entity is None:
        raise Unclear("Nothing to delete")
    changes.deleted(box, entity, user_id)
    return {"deleted": entity.id}


def _user(box: "Sandbox", data: Data, user_id: int) -> Data:
    box.store.users[data["id"]].is_active = bool(data["is_active"])
    return {"id": data["id"], "is_active": bool(data["is_active"])}


EDITS: dict[str, Callable[["Sandbox", Data, int], Data]] = {
    "create": _create,
    "patch": _patch,
    "move": _move,
    "note": _note,
    "task": _task,
    "complete_task": _complete_task,
    "link": _link,
    "unlink": _link,
    "delete": _delete,
    "user": _user,
}
PAST_THE_API = (_delete, _user)
DOORS: dict[tuple[str, str], Callable[["Sandbox", Data], Data]] = {
    ("GET", "state"): state,
    ("POST", "reset"): reset,
    ("POST", "flags"): flags,
    ("POST", "faults"): faults,
    ("POST", "time"): advance,
    ("POST", "edit"): edit,
    ("GET", "hooks"): hooks,
    ("GET", "requests"): requests,
}
