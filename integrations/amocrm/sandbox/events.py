"""The history feed: newest first, a hundred per page, ids that sort like time."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from integrations.amocrm.sandbox.http import Request, Response, no_content, raw_hal, refused
from integrations.amocrm.sandbox.listing import paged, query_key, whole_list
from integrations.amocrm.sandbox.query import leaves, names, whole
from integrations.amocrm.sandbox.rows import SINGULAR, Event
from integrations.amocrm.sandbox.shapes import self_link

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

PAGE = 100
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
PLURAL = {singular: plural for plural, singular in SINGULAR.items()} | {"task": "tasks"}
TYPES = {
    "lead_added": "Новая сделка",
    "lead_deleted": "Сделка удалена",
    "lead_restored": "Сделка восстановлена",
    "lead_status_changed": "Изменение этапа продажи",
    "contact_added": "Новый контакт",
    "contact_deleted": "Контакт удален",
    "contact_restored": "Контакт восстановлен",
    "company_added": "Новая компания",
    "company_deleted": "Компания удалена",
    "company_restored": "Компания восстановлена",
    "task_added": "Новая задача",
    "task_completed": "Завершение задачи",
    "task_type_changed": "Изменение типа задачи",
    "task_text_changed": "Изменение текста задачи",
    "task_deadline_changed": "Изменение даты исполнения задачи",
    "task_result_added": "Результат по задаче",
    "incoming_call": "Входящий звонок",
    "outgoing_call": "Исходящий звонок",
    "incoming_sms": "Входящее SMS",
    "outgoing_sms": "Исходящее SMS",
    "incoming_mail": "Входящее письмо",
    "outgoing_mail": "Исходящее письмо",
    "entity_tag_added": "Теги добавлены",
    "entity_tag_deleted": "Теги убраны",
    "entity_linked": "Прикрепление",
    "entity_unlinked": "Открепление",
    "sale_field_changed": "Изменение поля «Бюджет»",
    "name_field_changed": "Изменение поля «Название»",
    "custom_field_value_changed": "Изменение поля",
    "entity_responsible_changed": "Ответственный изменен",
    "common_note_added": "Новое примечание",
    "service_note_added": "Новое системное примечание",
    "message_to_cashier_note_added": "Новое сообщение кассиру",
    "geo_note_added": "Новое примечание с гео-меткой",
    "attachment_note_added": "Добавлен новый файл",
    "entity_merged": "Выполнено объединение",
}


SHAPES: dict[str, Callable[[Any], list[dict[str, Any]]]] = {
    "lead_status_changed": lambda bare: [{"lead_status": {"id": bare[0], "pipeline_id": bare[1]}}],
    "entity_responsible_changed": lambda bare: [{"responsible_user": {"id": bare}}],
    "sale_field_changed": lambda bare: [{"sale_field_value": {"sale": bare}}],
    "name_field_changed": lambda bare: [{"name_field_value": {"name": bare}}],
    "entity_tag_added": lambda bare: [{"tag": {"name": name}} for name in bare],
    "entity_tag_deleted": lambda bare: [{"tag": {"name": name}} for name in bare],
    "entity_linked": lambda bare: [{"link": {"entity": {"type": bare[0], "id": bare[1]}}}],
    "entity_unlinked": lambda bare: [{"link": {"entity": {"type": bare[0], "id": bare[1]}}}],
    "task_deadline_changed": lambda bare: [{"task_deadline": {"timestamp": bare}}],
    "task_type_changed": lambda bare: [{"task_type": {"id": bare}}],
    "task_text_changed": lambda bare: [{"task": {"text": bare}}],
    "task_result_added": lambda bare: [{"task": {"text": bare}}],
}


def shape(event_type: str, bare: Any) -> list[dict[str, Any]]:
    """`value_before` / `value_after` items of one event; notes, calls and letters point at their note."""
    if bare is None:
        return []
    if event_type.startswith("custom_field_"):
        return [{"custom_field_value": entry} for entry in bare]
    known = SHAPES.get(event_type)
    return known(bare) if known else [{"note": {"id": bare}}]


def record(
    box: "Sandbox",
    event_type: str,
    entity: tuple[str, int],
    user_id: int,
    before: Any = None,
    after: Any = None,
) -> None:
    box.store.events.append(Event(event_type, *entity, user_id, box.now(), before, after))
    box.store.touch("events")


def event_id(position: int, created_at: int) -> str:
    """Like a ULID: ten characters of milliseconds, then the position in the feed, then noise."""
    return _base32(created_at * 1000, 10) + _base32(position, 8) + _base32(position * 0x9E3779B97F + created_at, 8)


def _base32(value: int, width: int) -> str:
    return "".join(CROCKFORD[value >> 5 * place & 31] for place in range(width - 1, -1, -1))


def _position(text: str) -> int | None:
    try:
        position = 0
        for letter in text.lower()[10:18]:
            position = position * 32 + CROCKFORD.index(letter)
    except ValueError:
        return None
    return position


def document(box: "Sandbox", position: int) -> dict[str, Any]:
    event = box.store.events[position]
    uid = event_id(position, event.created_at)
    path = f"{PLURAL[event.entity_type]}/{event.entity_id}"
    return {
        "id": uid,
        "type": event.type,
        "entity_id": event.entity_id,
        "entity_type": event.entity_type,
        "created_by": event.created_by,
        "created_at": event.created_at,
        "value_after": shape(event.type, event.after),
        "value_before": shape(event.type, event.before),
        "account_id": box.account_id,
        "_links": self_link(box, f"events/{uid}"),
        "_embedded": {"entity": {"id": event.entity_id, "_links": self_link(box, path)}},
    }


def index(box: "Sandbox", request: Request) -> Response:
    node = request.query.get("filter")
    tests = _tests(node if isinstance(node, dict) else {})

    def build() -> list[int]:
        events = box.store.events
        return [at for at in range(len(events) - 1, -1, -1) if all(test(at, events[at]) for test in tests)]

    wanted = names(request.query.get("with"))
    rows = box.store.arranged("events", query_key(request.target), build)
    return paged(box, request, rows, "events", lambda at: orjson.dumps(_named(box, document(box, at), wanted)), PAGE)


def _named(box: "Sandbox", event: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """`with=lead_name` and its kin put the name beside the id of the embedded entity."""
    kind = event["entity_type"]
    if f"{kind}_name" in wanted and (entity := box.store.find(PLURAL[kind], event["entity_id"])):
        event["_embedded"]["entity"]["name"] = entity.name
    return event


def _tests(node: dict[str, Any]) -> list[Any]:
    tests: list[Any] = []
    if types := names(node.get("type")):
        tests.append(lambda at, event: event.type in types)
    if kinds := names(node.get("entity")):
        tests.append(lambda at, event: event.entity_type in kinds)
    for name in ("entity_id", "created_by"):
        if name in node:
            tests.append(_among(name, node[name]))
    if "id" in node:
        positions = {_position(uid) for uid in names(node["id"])}
        tests.append(lambda at, event: at in positions)
    if "created_at" in node:
        low, high = _period(node["created_at"])
        tests.append(lambda at, event: low <= event.created_at <= high)
    for name in ("value_before", "value_after"):
        if isinstance(node.get(name), dict):
            tests.append(_value_test(name.removeprefix("value_"), node[name]))
    return tests


def _among(name: str, node: Any) -> Any:
    ids = {whole(part) for part in names(node)}
    if len(ids) > 10:
        raise refused(400, f"Filter {name} accepts at most 10 values")
    return lambda at, event: getattr(event, name) in ids


def _period(node: Any) -> tuple[int, int]:
    """A bare second means "since"; `[from]`/`[to]` and the older `a,b` are ranges."""
    if isinstance(node, dict):
        return whole(node.get("from"), 0) or 0, whole(node.get("to"), 10**12) or 0
    since, _, until = str(node).partition(",")
    return whole(since, 0) or 0, whole(until, 10**12) or 0


def _value_test(side: str, node: dict[str, Any]) -> Any:
    if "leads_statuses" in node:
        entries = [entry for entry in node["leads_statuses"].values() if isinstance(entry, dict)]
        pairs = {(whole(entry.get("status_id")), whole(entry.get("pipeline_id"))) for entry in entries}
        return lambda at, event: event.type == "lead_status_changed" and tuple(getattr(event, side) or ()) in pairs
    if "responsible_user_id" in node:
        users = {whole(part) for part in names(node["responsible_user_id"])}
        return lambda at, event: event.type == "entity_responsible_changed" and getattr(event, side) in users
    if "value" in node:
        wanted = set(leaves(node["value"]))
        return lambda at, event: str(getattr(event, side)) in wanted
    return lambda at, event: True


def detail(box: "Sandbox", request: Request) -> Response:
    position = _position(request.ids[0])
    if position is None or position >= len(box.store.events):
        return no_content()
    found = document(box, position)
    return raw_hal(orjson.dumps(found)) if found["id"] == request.ids[0].lower() else no_content()


def types(box: "Sandbox", request: Request) -> Response:
    shown = [{"key": key, "type": index, "lang": words} for index, (key, words) in enumerate(TYPES.items(), 1)]
    return whole_list(box, request, "events_types", shown)
