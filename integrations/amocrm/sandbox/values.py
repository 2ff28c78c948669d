"""Values of custom fields: what a client may write, how it is kept, how it is read back.

Kept compactly: an enum id for lists, `(value, enum_id)` pairs for phones and addresses, a string for
text and numbers, a unix second for dates. `parse` goes in, `render` goes out, `texts` serves search.
"""

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from integrations.amocrm.sandbox.rows import Field
from integrations.amocrm.sandbox.validation import Item, is_int

ZONE = ZoneInfo("Europe/Moscow")
NO_KEY = "36b4f074-7403-11ea-af30-00163e2085ae"  # amoCRM's own code for an entry that names no field
SMART_ADDRESS = ("address_line_1", "address_line_2", "city", "state", "zip", "country")
NUMBERS = {"numeric", "monetary"}
DATES = {"date", "date_time", "birthday"}
ONE_ENUM = {"select", "radiobutton"}
PAIRS = {"multitext", "smart_address"}
OBJECTS = {"legal_entity", "org_legal_name", "file"}
MANY = {"multiselect", "chained_list"} | PAIRS
ENUM_TYPES = ONE_ENUM | {"multiselect", "multitext"}
COMMON_TYPES = {"text", "textarea", "url", "streetaddress", "numeric", "monetary", "checkbox", "select", "radiobutton",
                "multiselect", "date", "date_time", "birthday", "smart_address", "legal_entity", "file"}  # fmt: skip
TYPES = {
    "leads": COMMON_TYPES | {"tracking_data", "chained_list"},
    "contacts": COMMON_TYPES | {"multitext"},
    "companies": COMMON_TYPES | {"multitext", "org_legal_name"},
}
SAFE_KEYS = {
    "select": {"value", "enum_id", "enum_code"},
    "multitext": {"value", "enum_id", "enum_code"},
    "smart_address": {"value", "enum_id", "enum_code"},
    "multiselect": {"value", "enum_id"},
    "radiobutton": {"value", "enum_id"},
    "chained_list": {"catalog_id", "catalog_element_id"},
}


def parse(field: Field, raw: Any, item: Item, path: str) -> Any:
    """The stored form of a `values` list, or None when it clears the field."""
    if raw is None or raw == []:
        return None
    if not isinstance(raw, list):
        item.wrong_type(path, "array")
        return None
    parsed = [_parse_one(field, entry, item, f"{path}.{index}") for index, entry in enumerate(raw)]
    if field.type in MANY:
        return tuple(parsed)
    return parsed[0]


def _parse_one(field: Field, entry: Any, item: Item, path: str) -> Any:
    if not isinstance(entry, dict):
        return item.wrong_type(path, "array")
    for key in entry.keys() - SAFE_KEYS.get(field.type, {"value"}):
        item.unexpected(f"{path}.{key}")
    if field.type in ONE_ENUM or field.type == "multiselect":
        return _parse_enum(field, entry, item, path)
    if field.type == "chained_list":
        return (entry.get("catalog_id"), entry.get("catalog_element_id"))
    if "value" not in entry:
        return item.missing(f"{path}.value")
    if field.type in PAIRS:
        return _parse_pair(field, entry, item, path)
    return _parse_plain(field, entry["value"], item, f"{path}.value")


def _parse_enum(field: Field, entry: dict[str, Any], item: Item, path: str) -> int | None:
    for key, wanted in (("enum_id", None), ("enum_code", "code"), ("value", "value")):
        if entry.get(key) is None:
            continue
        enum_id = field.enum_by(wanted, entry[key]) if wanted else entry[key]
        if enum_id in field.enums:
            return enum_id
        return item.not_a_choice(f"{path}.{key}")
    return item.not_a_choice(f"{path}.value")


def _parse_pair(field: Field, entry: dict[str, Any], item: Item, path: str) -> tuple[str, int] | None:
    known = dict(enumerate(SMART_ADDRESS, 1)) if field.type == "smart_address" else codes(field)
    chosen: Any = entry.get("enum_id")
    key = "enum_id"
    if chosen is None and entry.get("enum_code") is not None:
        key = "enum_code"
        chosen = next((number for number, code in known.items() if code == entry[key]), None)
    elif chosen is None:
        chosen = next(iter(known), None)
    if chosen not in known:
        return item.not_a_choice(f"{path}.{key}")
    if not isinstance(entry["value"], str | int) or isinstance(entry["value"], bool):
        return item.wrong_type(f"{path}.value", "string")
    return (str(entry["value"]), chosen)


def codes(field: Field) -> dict[int, str]:
    """Phones and e-mails: the definition's enum value is the code (`WORK`, `MOB`)."""
    return {enum_id: enum["value"] for enum_id, enum in field.enums.items()}


def _parse_plain(field: Field, value: Any, item: Item, path: str) -> Any:
    if field.type in NUMBERS:
        return _parse_number(value, item, path)
    if field.type in DATES:
        return _parse_date(field, value, item, path)
    if field.type == "checkbox":
        return value if isinstance(value, bool) else item.wrong_type(path, "bool")
    if field.type in OBJECTS:
        return _parse_object(field, value, item, path)
    if is_int(value) or isinstance(value, float):
        return str(value)
    return value if isinstance(value, str) else item.wrong_type(path, "string")


def _parse_number(value: Any, item: Item, path: str) -> str | None:
    try:
        if isinstance(value, bool):
            raise TypeError
        float(value)
    except (TypeError, ValueError):
        return item.wrong_type(path, "numeric")
    return str(value).strip()


def _parse_date(field: Field, value: Any, item: Item, path: str) -> int | None:
    stamp: int | None = None
    if is_int(value):
        stamp = value
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            stamp = int((moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).timestamp())
        except ValueError:
            stamp = None
    if stamp is None or stamp < 0:  # births before 1970 can be read, not written
        return item.wrong_type(path, "int")
    return stamp if field.type == "date_time" else midnight(stamp)


def midnight(stamp: int) -> int:
    """A date is kept as the account's own midnight of that day."""
    day = datetime.fromtimestamp(stamp, UTC).astimezone(ZONE).date()
    return int(datetime.combine(day, time(), ZONE).timestamp())


def _parse_object(field: Field, value: Any, item: Item, path: str) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return item.wrong_type(path, "array")
    required = "file_uuid" if field.type == "file" else "name"
    if not value.get(required):
        item.missing(f"{path}.{required}")
    return value


def render(field: Field, stored: Any) -> list[dict[str, Any]]:
    if field.type in ONE_ENUM:
        return [_enum(field, stored)]
    if field.type == "multiselect":
        return [_enum(field, enum_id) for enum_id in stored]
    if field.type == "multitext":
        return [
            {"value": value, "enum_id": enum_id, "enum_code": field.enums.get(enum_id, {}).get("value")}
            for value, enum_id in stored
        ]
    if field.type == "smart_address":
        return [{"value": value, "enum_id": number, "enum_code": SMART_ADDRESS[number - 1]} for value, number in stored]
    if field.type == "chained_list":
        return [{"catalog_id": catalog, "catalog_element_id": element} for catalog, element in stored]
    return [{"value": stored}]


def _enum(field: Field, enum_id: int) -> dict[str, Any]:
    enum = field.enums[enum_id]
    return {"value": enum["value"], "enum_id": enum_id, "enum_code": enum.get("code")}


def render_all(fields: dict[int, Field], values: dict[int, Any]) -> list[dict[str, Any]] | None:
    """`custom_fields_values`: null when there are none, and never an entry for an empty field."""
    shown = [
        {
            "field_id": field.id,
            "field_name": field.name,
            "field_code": field.code,
            "field_type": field.type,
            "values": render(field, values[field.id]),
        }
        for field in map(fields.__getitem__, values)
    ]
    return shown or None


def texts(field: Field, stored: Any) -> list[str]:
    return [str(entry["value"]) for entry in render(field, stored) if isinstance(entry.get("value"), str)]


def read_all(fields: dict[int, Field], item: Item) -> dict[int, Any]:
    """What an item wants written: stored form by field id, None to clear; unlisted fields stay untouched."""
    raw = item.data.get("custom_fields_values")
    if raw is None:
        return {}
    if not isinstance(raw, list):
        item.wrong_type("custom_fields_values", "array")
        return {}
    wanted = {}
    for index, entry in enumerate(raw):
        field = _find_field(fields, entry, item, f"custom_fields_values.{index}")
        if field:
            wanted[field.id] = parse(field, entry.get("values"), item, f"custom_fields_values.{index}.values")
    return wanted


def _find_field(fields: dict[int, Field], entry: Any, item: Item, path: str) -> Field | None:
    if not isinstance(entry, dict):
        return item.wrong_type(path, "array")
    field_id, code = entry.get("field_id"), entry.get("field_code")
    if field_id is None and code is None:
        return item.add(NO_KEY, path, "Either field_id or field_code must be set.")
    if field_id is not None:
        field = fields.get(field_id) if is_int(field_id) else None
    else:
        field = next((field for field in fields.values() if field.code == code), None)
    if field is None:
        return item.not_a_choice(f"{path}.{'field_id' if field_id is not None else 'field_code'}")
    if field.is_computed:
        return item.unexpected(path)
    return field
