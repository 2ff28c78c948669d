"""The account itself: a root object, with more of it on request."""

from typing import TYPE_CHECKING, Any

from integrations.amocrm.sandbox.http import Request, Response, hal
from integrations.amocrm.sandbox.query import names
from integrations.amocrm.sandbox.shapes import self_link

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

TASK_TYPES = {1: ("Связаться", "FOLLOW_UP"), 2: ("Встреча", "MEETING"), 3: ("Выезд на участок", None)}


def detail(box: "Sandbox", request: Request) -> Response:
    wanted = names(request.query.get("with"))
    embedded = {name: value for name, value in _embedded(box).items() if name in wanted}
    document = _columns(box, request) | {name: value for name, value in _scalars(box).items() if name in wanted}
    document["_links"] = self_link(box, "account")
    if embedded:
        document["_embedded"] = embedded
    return hal(document)


def _columns(box: "Sandbox", request: Request) -> dict[str, Any]:
    founder = next(user.id for user in box.store.users.values() if user.is_admin)
    return {
        "id": box.account_id,
        "name": "Дом у озера",
        "subdomain": box.subdomain,
        "created_at": box.founded_at,
        "created_by": 0,
        "updated_at": box.founded_at,
        "updated_by": founder,
        "current_user_id": request.user_id,
        "country": "RU",
        "currency": "RUB",
        "currency_symbol": "₽",
        "customers_mode": "disabled",
        "is_unsorted_on": True,
        "mobile_feature_version": 0,
        "is_loss_reason_enabled": True,
        "is_helpbot_enabled": False,
        "is_technical_account": False,
        "contact_name_display_order": box.contact_name_display_order,
        "language": "ru",
    }


def _scalars(box: "Sandbox") -> dict[str, Any]:
    return {
        "amojo_id": box.uuid("amojo"),
        "uuid": box.uuid("account"),
        "version": 15,
        "drive_url": box.base_url,
        "is_api_filter_enabled": box.flags.filters_enabled,
    }


def _embedded(box: "Sandbox") -> dict[str, Any]:
    groups = box.store.user_groups.items()
    return {
        "amojo_rights": {"can_direct": True, "can_create_groups": True},
        "users_groups": [{"id": key, "name": name, "uuid": None} for key, name in groups],
        "task_types": [
            {"id": key, "name": name, "color": None, "icon_id": None, "code": code}
            for key, (name, code) in TASK_TYPES.items()
        ],
        "entity_names": {"leads": {"ru": {"gender": "f", "plural_form": {"default": "Сделки"}}}},
        "datetime_settings": {
            "date_pattern": "d.m.Y H:i",
            "short_date_pattern": "d.m.Y",
            "short_time_pattern": "H:i",
            "date_format": "d.m.Y",
            "time_format": "H:i:s",
            "timezone": "Europe/Moscow",
            "timezone_offset": "+03:00",
        },
        "invoices_settings": {"lang": "ru", "currency": "RUB"},
    }
