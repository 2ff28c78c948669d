"""`filter[...]` and `query` on leads, contacts and companies.

Different keys are AND-ed, values of one key OR-ed, ranges are inclusive whole seconds, a scalar time is an
exact match, and a key nobody knows is passed over in silence, as is every filter without the paid package.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from integrations.amocrm.sandbox.query import leaves, whole
from integrations.amocrm.sandbox.rows import Entity, Field
from integrations.amocrm.sandbox.values import texts

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.state import Store

Test = Callable[[Any], bool]
IDS = ("responsible_user_id", "created_by", "updated_by")
TIMES = ("created_at", "updated_at", "closest_task_at")


def select(store: "Store", kind: str, query: dict[str, Any], enabled: bool) -> Iterable[Any]:
    node = query.get("filter")
    node = node if enabled and isinstance(node, dict) else {}
    rows: Iterable[Any] = store.entities[kind].values()
    if "id" in node:
        rows = named(store.entities[kind], node["id"])
    tests = [test for name, value in node.items() if (test := _test(store, kind, name, value))]
    if search := str(query.get("query") or "").strip():
        tests.append(lambda row: matches(store, row, search))
    return [row for row in rows if all(test(row) for test in tests)]


def named(rows: dict[int, Any], node: Any) -> list[Any]:
    ids = {whole(leaf) for leaf in leaves(node)}
    return [rows[entity_id] for entity_id in ids if entity_id in rows]


def _test(store: "Store", kind: str, name: str, value: Any) -> Test | None:
    if name in IDS or (kind == "leads" and name == "pipeline_id"):
        return one_of(name, {whole(leaf) for leaf in leaves(value)})
    if name == "name":
        return one_of(name, set(leaves(value)))
    if name in TIMES or (kind == "leads" and name in ("closed_at", "price")):
        return within(name, value)
    if name == "statuses" and kind == "leads":
        return stages(value)
    if name == "custom_fields_values" and isinstance(value, dict):
        tests = [
            _field_test(field, node)
            for key, node in value.items()
            if (field := store.fields[kind].get(whole(key) or 0))
        ]
        return lambda row: all(test(row) for test in tests)
    return None


def one_of(name: str, wanted: set[Any]) -> Test:
    return lambda row: getattr(row, name) in wanted


def bounds(node: Any) -> tuple[float, float]:
    """Inclusive `[from]` and `[to]`, either side optional; a scalar is both."""
    if isinstance(node, dict):
        return whole(node.get("from"), -(10**12)) or 0, whole(node.get("to"), 10**12) or 0
    exact = whole(node, -1) or 0
    return exact, exact


def within(name: str, node: Any) -> Test:
    low, high = bounds(node)
    return lambda row: getattr(row, name) is not None and low <= getattr(row, name) <= high


def stages(node: Any) -> Test:
    pairs = set()
    for entry in node.values() if isinstance(node, dict) else ():
        if isinstance(entry, dict):
            pairs.add((whole(entry.get("pipeline_id")), whole(entry.get("status_id"))))
    return lambda row: (row.pipeline_id, row.status_id) in pairs or (row.pipeline_id, None) in pairs


def _field_test(field: Field, node: Any) -> Test:
    if isinstance(node, dict) and ("from" in node or "to" in node):
        low, high = bounds(node)
        return lambda row: field.id in row.values and low <= _as_number(row.values[field.id]) <= high
    wanted = set(leaves(node))
    return lambda row: field.id in row.values and bool(_keys(field, row.values[field.id]) & wanted)


def _as_number(stored: Any) -> float:
    try:
        return float(stored)
    except (TypeError, ValueError):
        return float("nan")  # never within any bounds


def _keys(field: Field, stored: Any) -> set[str]:
    """Lists are filtered by enum id, everything else by its exact text."""
    if field.type == "multiselect":
        return {str(enum_id) for enum_id in stored}
    if field.type == "checkbox":
        return {"1" if stored else "0"}
    if field.type in ("multitext", "smart_address"):
        return {value for value, _ in stored}
    return {str(stored)}


def matches(store: "Store", row: Entity, search: str) -> bool:
    """Full text over what is filled in; phones are found by their digits whatever the punctuation."""
    wanted = search.lower()
    if wanted in (row.name or "").lower():
        return True
    if any(wanted in store.tags[row.kind][tag_id].name.lower() for tag_id in row.tags):
        return True
    fields = store.fields[row.kind]
    filled = [text for field_id, stored in row.values.items() for text in texts(fields[field_id], stored)]
    if any(wanted in text.lower() for text in filled):
        return True
    digits = _digits(wanted)
    return len(digits) >= 5 and digits == wanted.lstrip("+") and any(digits in _digits(text) for text in filled)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
