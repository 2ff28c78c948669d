"""The three shapes of a 400: schema errors per item, business rules by entity id, and a plain problem."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from integrations.amocrm.sandbox.http import Refusal, Request, refused

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.state import Store

BATCH = 250


class Item:
    """Collects what is wrong with one item of a batch; each complaint returns None, a parser's "no value"."""

    def __init__(self, data: dict[str, Any], index: int) -> None:
        self.data = data
        self.request_id = str(data.get("request_id", index))
        self.errors: list[dict[str, str]] = []

    def add(self, code: str, path: str, detail: str) -> Any:
        self.errors.append({"code": code, "path": path, "detail": detail})

    def not_a_choice(self, path: str) -> Any:
        self.add("NotSupportedChoice", path, "The value you selected is not a valid choice.")

    def wrong_type(self, path: str, wanted: str) -> Any:
        self.add("InvalidType", path, f"This value should be of type {wanted}.")

    def unexpected(self, path: str) -> Any:
        self.add("FieldNotExpected", path, "This field was not expected.")

    def missing(self, path: str) -> Any:
        self.add("FieldMissing", path, "This field is missing.")

    def need(self, name: str, wanted: type | tuple[type, ...], label: str) -> Any:
        if name not in self.data:
            self.missing(name)
        elif not isinstance(self.data[name], wanted) or isinstance(self.data[name], bool) != (wanted is bool):
            self.wrong_type(name, label)
        return self.data.get(name)


def loads(request: Request) -> Any:
    if not request.body.strip():
        raise refused(400, "Request data can not be empty")
    try:
        data = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise refused(400, "Request body is not valid JSON") from None
    if not data:
        raise refused(400, "Request data can not be empty")
    return data


def one(request: Request) -> Item:
    """The body of a call that takes a single object."""
    data = loads(request)
    if not isinstance(data, dict):
        raise refused(400, "Invalid request body")
    return Item(data, 0)


def batch(request: Request) -> list[Item]:
    """The body of a call that takes an array, even for a single element."""
    data = loads(request)
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise refused(400, "Invalid request body")
    if len(data) > BATCH:
        raise refused(422, f"Limit {BATCH} per page")
    return [Item(item, index) for index, item in enumerate(data)]


def settle(items: list[Item]) -> None:
    """Refuse the whole batch, before anything is written, when one item is wrong."""
    failed = [{"request_id": item.request_id, "errors": item.errors} for item in items if item.errors]
    if failed:
        raise refused(400, "Request validation failed", **{"validation-errors": failed})


def broken_rules(errors: dict[str, str]) -> Refusal:
    return refused(400, "Invalid request body", errors=errors)


Check = Callable[["Store", Any], str | None]


def is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def text(store: "Store", value: Any) -> str | None:
    return None if isinstance(value, str) else "string"


def number(store: "Store", value: Any) -> str | None:
    return None if is_int(value) or isinstance(value, float) else "int"


def moment(store: "Store", value: Any) -> str | None:
    return None if is_int(value) and value >= 0 else "int"


def user(store: "Store", value: Any) -> str | None:
    if not is_int(value):
        return "int"
    known = store.users.get(value)
    return None if known and known.is_active else "choice"


def author(store: "Store", value: Any) -> str | None:
    """Who made or changed a row: an active user, or 0 for the robot."""
    return None if value == 0 and is_int(value) else user(store, value)


def loss_reason(store: "Store", value: Any) -> str | None:
    if not is_int(value):
        return "int"
    return None if value in store.loss_reasons else "choice"


COMMON: dict[str, tuple[Check, bool]] = {
    "name": (text, True),
    "responsible_user_id": (user, False),
    "created_by": (author, False),
    "updated_by": (author, False),
    "created_at": (moment, False),
    "updated_at": (moment, False),
}
WRITABLE: dict[str, dict[str, tuple[Check, bool]]] = {
    "leads": {
        **COMMON,
        "price": (number, True),
        "loss_reason_id": (loss_reason, True),
        "closed_at": (moment, True),
    },
    "contacts": {**COMMON, "first_name": (text, True), "last_name": (text, True)},
    "companies": COMMON,
}


def attributes(store: "Store", rules: Mapping[str, tuple[Check, bool]], item: Item) -> dict[str, Any]:
    """The plain columns the item names, each checked; keys nobody may write are passed over."""
    found = {}
    for name, (check, nullable) in rules.items():
        if name not in item.data:
            continue
        value = found[name] = item.data[name]
        wrong = None if value is None and nullable else check(store, value)
        if wrong == "choice":
            item.not_a_choice(name)
        elif wrong:
            item.wrong_type(name, wrong)
    return found
