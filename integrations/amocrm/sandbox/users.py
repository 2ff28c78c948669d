"""Users and their rights. Only an administrator's token may read them."""

from typing import TYPE_CHECKING, Any

import orjson

from integrations.amocrm.sandbox.http import Request, Response, raw_hal, refused
from integrations.amocrm.sandbox.listing import paged
from integrations.amocrm.sandbox.query import names
from integrations.amocrm.sandbox.rows import User
from integrations.amocrm.sandbox.shapes import self_link

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

VERBS = ("view", "edit", "add", "delete", "export")


def document(box: "Sandbox", user: User, wanted: set[str]) -> dict[str, Any]:
    level = "A" if user.is_admin or user.group_id == 0 else "G"
    rights: dict[str, Any] = {kind: dict.fromkeys(VERBS, level) for kind in ("leads", "contacts", "companies")}
    rights |= {
        "tasks": {"edit": level, "delete": level},
        "mail_access": user.is_admin,
        "catalog_access": user.is_admin,
        "files_access": user.is_admin,
        "status_rights": None,
        "catalog_rights": None,
        "custom_fields_rights": None,
        "oper_day_reports_view_access": False,
        "oper_day_user_tracking": False,
        "is_admin": user.is_admin,
        "is_free": False,
        "is_active": user.is_active,
        "group_id": user.group_id or None,
        "role_id": None,
    }
    embedded: dict[str, Any] = {"roles": []} if "role" in wanted else {}
    if "group" in wanted:
        embedded["groups"] = [{"id": user.group_id, "name": box.store.user_groups[user.group_id]}]
    extra = {"uuid": box.uuid(f"user-{user.id}"), "amojo_id": box.uuid(f"amojo-{user.id}"), "user_rank": None,
             "phone_number": None}  # fmt: skip
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "lang": "ru",
        "rights": rights,
        **{name: value for name, value in extra.items() if name in wanted},
        "_links": self_link(box, f"users/{user.id}"),
        **({"_embedded": embedded} if embedded else {}),
    }


def index(box: "Sandbox", request: Request) -> Response:
    wanted = names(request.query.get("with"))
    rows = list(box.store.users.values())
    return paged(
        box, request, rows, "users", lambda user: orjson.dumps(document(box, user, wanted)), totals=True
    )  # fmt: skip


def detail(box: "Sandbox", request: Request) -> Response:
    user = box.store.users.get(request.ids[0])
    if user is None:
        raise refused(404, "User not found")
    return raw_hal(orjson.dumps(document(box, user, names(request.query.get("with")))))
