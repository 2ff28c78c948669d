"""Subscriptions: one row per destination, admins only, a hundred at most."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from integrations.amocrm.sandbox.http import Request, Response, hal, no_content, refused
from integrations.amocrm.sandbox.listing import whole_list
from integrations.amocrm.sandbox.query import leaves
from integrations.amocrm.sandbox.rows import Webhook
from integrations.amocrm.sandbox.validation import is_int, one, settle

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

MOST = 100
CODES = {f"{action}_{kind}" for kind in ("lead", "contact", "company", "customer")
         for action in ("add", "update", "delete", "restore", "responsible", "note")} | {
    "status_lead", "add_task", "update_task", "delete_task", "responsible_task", "add_talk", "update_talk",
    "add_message", "add_outgoing_message", "add_chat_template_review", "add_unsorted", "update_unsorted",
    "delete_unsorted",
}  # fmt: skip


def document(box: "Sandbox", hook: Webhook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "destination": hook.destination,
        "created_at": hook.created_at,
        "updated_at": hook.updated_at,
        "account_id": box.account_id,
        "created_by": hook.created_by,
        "sort": hook.sort,
        "disabled": hook.disabled,
        "settings": hook.settings,
    }


def index(box: "Sandbox", request: Request) -> Response:
    node = request.query.get("filter")
    wanted = leaves(node.get("destination")) if isinstance(node, dict) else []
    hooks = [hook for hook in box.store.webhooks.values() if not wanted or hook.destination in wanted]
    return whole_list(box, request, "webhooks", [document(box, hook) for hook in hooks])


def subscribe(box: "Sandbox", request: Request) -> Response:
    item = one(request)
    destination = item.need("destination", str, "string")
    settings = item.need("settings", list, "array")
    if isinstance(destination, str) and urlsplit(destination).scheme not in ("http", "https"):
        item.add("InvalidUrl", "destination", "This value is not a valid URL.")
    for index, code in enumerate(settings if isinstance(settings, list) else ()):
        if code not in CODES:
            item.not_a_choice(f"settings.{index}")
    if "sort" in item.data and not is_int(item.data["sort"]):
        item.wrong_type("sort", "int")
    settle([item])
    hook = put(box, str(destination), list(settings), request.user_id)
    hook.sort = item.data.get("sort", hook.sort)
    return hal(document(box, hook), 201)


def put(box: "Sandbox", destination: str, settings: list[str], user_id: int) -> Webhook:
    """A known destination is updated, and works again if it had been switched off."""
    hook = next((hook for hook in box.store.webhooks.values() if hook.destination == destination), None)
    if hook is None:
        if len(box.store.webhooks) >= MOST:
            raise refused(422, f"Limit of {MOST} webhooks is reached")
        now = box.now()
        hook = Webhook(box.store.new_id("webhooks"), destination, [], now, now, user_id)
        box.store.webhooks[hook.id] = hook
    hook.settings = list(dict.fromkeys([*hook.settings, *settings] if box.flags.merge_webhooks else settings))
    hook.updated_at, hook.disabled = box.now(), False
    return hook


def unsubscribe(box: "Sandbox", request: Request) -> Response:
    destination = one(request).data.get("destination")
    hook = next((hook for hook in box.store.webhooks.values() if hook.destination == destination), None)
    if hook is None:
        raise refused(404, "Webhook not found")
    del box.store.webhooks[hook.id]
    return no_content()
