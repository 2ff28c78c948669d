"""The dictionary between amoCRM's words and ours; pure both ways.

What flows in: their JSON. What flows out: the plain rows ``pipelines.load`` takes. Their lead is our deal, a status in
a pipeline our stage. Nothing here fails on a strange value: what cannot be read is left out, what is new is kept raw.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.load import Row
from pipelines.models import Note, Stage, Task
from pipelines.points import normal_email, normal_phone

from .values import custom_values, form_of, key_of, text_of

Json = dict[str, Any]

WON, LOST, UNSORTED = 142, 143, 1
COLORS = {"incoming": "#c4cad3", "won": "#ccff66", "lost": "#d5d8db"}
ENTITIES = {"contacts": "contact", "companies": "company", "leads": "deal"}
PLURALS = {ours: theirs for theirs, ours in ENTITIES.items()}
SOURCE_CODES = frozenset({"SOURCE", "UTM_SOURCE"})
SOURCE_NAMES = frozenset({"источник", "источник сделки", "источник обращения", "источник заявки"})
TASK_TYPES = {1: Task.Type.FOLLOW_UP, 2: Task.Type.MEETING}
NOTE_KINDS = {
    "common": Note.Kind.COMMON,
    "call_in": Note.Kind.CALL_IN,
    "call_out": Note.Kind.CALL_OUT,
    "sms_in": Note.Kind.SMS_IN,
    "sms_out": Note.Kind.SMS_OUT,
    "service_message": Note.Kind.SERVICE,
    "extended_service_message": Note.Kind.SERVICE,
}
MOST_PRICE = Decimal(10) ** 13


def moment(stamp: Any) -> datetime | None:
    """Unix seconds → an instant."""
    try:
        return datetime.fromtimestamp(int(stamp), UTC) if stamp else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).lstrip("-").isdigit() else None


def embedded(item: Json, key: str) -> list[Json]:
    """A list under ``_embedded``: missing, null and a lone object are lists too."""
    found = (item.get("_embedded") or {}).get(key)
    if not found:
        return []
    return [found] if type(found) is dict else [each for each in found if type(each) is dict]


def price(item: Json) -> Decimal | None:
    """Whole units, or the fraction where the account keeps one. Decimal by way of text: floats lie."""
    raw = item.get("price_with_minor_units")
    raw = item.get("price") if raw is None else raw
    try:
        value = Decimal(str(raw)) if raw is not None else None
    except InvalidOperation:
        return None
    if value is None or not value.is_finite() or abs(value) >= MOST_PRICE:
        return None
    return value.quantize(Decimal("0.01"))


def tags(item: Json) -> list[str]:
    return sorted({text_of(tag.get("name"), 200) for tag in embedded(item, "tags")} - {""})


def first_id(item: Json, key: str) -> int | None:
    return next((whole(each.get("id")) for each in embedded(item, key)), None)


def source(item: Json) -> str:
    """Where it came from: amoCRM's own source, else a field that says so."""
    for each in embedded(item, "source"):
        if name := text_of(each.get("name"), 200):
            return name
    for field in item.get("custom_fields_values") or ():
        if field.get("field_code") in SOURCE_CODES or _is_source(field.get("field_name")):
            return text_of(next((value.get("value") for value in field.get("values") or ()), ""), 200)
    return ""


@lru_cache(maxsize=4096)
def _is_source(name: Any) -> bool:
    return text_of(name, 100).lower() in SOURCE_NAMES


def points(item: Json) -> list[Row]:
    """Phones and e-mails, normalised, each once, in their order; a cell may hold two phones."""
    found: dict[tuple[str, str], Row] = {}
    for field in item.get("custom_fields_values") or ():
        kind = field.get("field_code")
        if kind not in {"PHONE", "EMAIL"}:
            continue
        for value in field.get("values") or ():
            raw = text_of(value.get("value"), 500)
            label = text_of(value.get("enum_code"), 20).lower()
            for at, is_valid in _addresses(kind, raw):
                row = {"kind": kind.lower(), "value": at, "raw": raw, "label": label, "is_valid": is_valid}
                found.setdefault((kind, at), row | {"position": len(found)})
    return list(found.values())


def _addresses(kind: str, raw: str) -> Iterable[tuple[str, bool]]:
    if kind == "EMAIL":
        email = normal_email(raw)
        return [(email.value, email.is_valid)] if email.value else []
    return [(phone.value, phone.is_valid) for phone in normal_phone(raw)]


def _common(item: Json, zone: ZoneInfo) -> Row:
    return {
        "amo_id": item["id"],
        "name": text_of(item.get("name"), 500),
        "responsible": whole(item.get("responsible_user_id")),
        "tags": tags(item),
        "custom": custom_values(item.get("custom_fields_values"), zone),
        "created_at": moment(item.get("created_at")),
        "updated_at": moment(item.get("updated_at")),
    }


def company(item: Json, zone: ZoneInfo) -> Row:
    return _common(item, zone) | {"points": points(item)}


def contact(item: Json, zone: ZoneInfo) -> Row:
    return _common(item, zone) | {
        "first_name": text_of(item.get("first_name"), 250),
        "last_name": text_of(item.get("last_name"), 250),
        "company": first_id(item, "companies"),
        "source": source(item),
        "points": points(item),
    }


def deal(item: Json, zone: ZoneInfo) -> Row:
    people = [{"contact": each["id"], "is_main": bool(each.get("is_main"))} for each in embedded(item, "contacts")]
    return _common(item, zone) | {
        "price": price(item),
        "pipeline": item.get("pipeline_id"),
        "status": item.get("status_id"),
        "loss_reason": whole(item.get("loss_reason_id")) or first_id(item, "loss_reason"),
        "company": first_id(item, "companies"),
        "source": source(item),
        "closed_at": moment(item.get("closed_at")),
        "contacts": _one_main(people),
    }


def _one_main(people: list[Row]) -> list[Row]:
    main = next((each["contact"] for each in people if each["is_main"]), None)
    return [each | {"is_main": each["contact"] == main} for each in people]


def task(item: Json, types: dict[str, str]) -> Row:
    number = whole(item.get("task_type_id")) or 1
    result = item.get("result")
    is_done = bool(item.get("is_completed"))
    return {
        "amo_id": item["id"],
        "subject": ENTITIES.get(item.get("entity_type") or "", ""),
        "subject_id": whole(item.get("entity_id")),
        "author": whole(item.get("created_by")),
        "responsible": whole(item.get("responsible_user_id")),
        "type": str(TASK_TYPES.get(number, Task.Type.OTHER)),
        "type_name": text_of(types.get(str(number)), 100),
        "text": text_of(item.get("text")),
        "result": text_of(result.get("text")) if isinstance(result, dict) else "",
        "due_at": moment(item.get("complete_till")),
        "is_done": is_done,
        "completed_at": moment(item.get("updated_at")) if is_done else None,
        "created_at": moment(item.get("created_at")),
        "updated_at": moment(item.get("updated_at")),
    }


def note(item: Json, entity: str) -> Row:
    params: Json = item.get("params") or {}
    params = params if isinstance(params, dict) else {}
    kind = _note_kind(item.get("note_type") or "", params)
    return {
        "amo_id": item["id"],
        "subject": entity,
        "subject_id": whole(item.get("entity_id")),
        "author": whole(item.get("created_by")),
        "kind": str(kind),
        "text": _note_text(params),
        "params": {key: value for key, value in params.items() if key != "text"},
        "created_at": moment(item.get("created_at")),
        "updated_at": moment(item.get("updated_at")),
    }


def _note_kind(note_type: str, params: Json) -> Note.Kind:
    if note_type == "amomail_message":
        return Note.Kind.MAIL_IN if params.get("income") else Note.Kind.MAIL_OUT
    return NOTE_KINDS.get(note_type, Note.Kind.OTHER)


def _note_text(params: Json) -> str:
    for key in ("text", "subject", "call_result", "content_summary", "address", "original_name", "url"):
        if params.get(key):
            return text_of(params[key])
    return ""


def user(item: Json) -> Row:
    rights = item.get("rights") or {}
    email = normal_email(text_of(item.get("email"), 250))
    return {
        "amo_id": item["id"],
        "name": text_of(item.get("name"), 200),
        "email": email.value if email.is_valid else f"amo{item['id']}@amocrm.invalid",
        "is_active": rights.get("is_active") is not False,
    }


def pipeline(item: Json) -> Row:
    return {
        "amo_id": item["id"],
        "name": text_of(item.get("name"), 200),
        "position": item.get("sort") or 0,
        "is_main": bool(item.get("is_main")),
        "is_archived": bool(item.get("is_archive")),
        "stages": [_stage(status) for status in embedded(item, "statuses")],
    }


def _stage(status: Json) -> Row:
    kind = _stage_kind(status)
    color = text_of(status.get("color"), 7).lower()
    plain = color if len(color) == 7 and color.startswith("#") else "#e6e8ea"
    return {
        "amo_id": status["id"],
        "name": text_of(status.get("name"), 200),
        "position": status.get("sort") or 0,
        "kind": str(kind),
        "color": COLORS.get(kind, plain),
    }


def _stage_kind(status: Json) -> Stage.Kind:
    if status["id"] == WON:
        return Stage.Kind.WON
    if status["id"] == LOST:
        return Stage.Kind.LOST
    return Stage.Kind.INCOMING if status.get("type") == UNSORTED else Stage.Kind.OPEN


def loss_reason(item: Json) -> Row:
    return {"amo_id": item["id"], "name": text_of(item.get("name"), 200), "position": item.get("sort") or 0}


def field(item: Json) -> Row:
    options = [
        {"id": enum.get("id"), "text": text_of(enum.get("value"), 300)}
        for enum in sorted(item.get("enums") or item.get("nested") or (), key=lambda each: each.get("sort") or 0)
    ]
    kept = ("currency", "required_statuses", "is_api_only", "is_computed", "remind", "group_id")
    return {
        "amo_id": item["id"],
        "key": key_of(item.get("code"), item["id"]),
        "name": text_of(item.get("name"), 300),
        "amo_type": text_of(item.get("type"), 40),
        "form": str(form_of(item.get("type") or "")),
        "code": text_of(item.get("code"), 100),
        "options": options,
        "settings": {key: item[key] for key in kept if item.get(key)},
        "position": item.get("sort") or 0,
    }


def is_address(item: Json) -> bool:
    """Phones and e-mails are contact points here and no fields."""
    return item.get("code") in {"PHONE", "EMAIL"}


def stage_event(item: Json) -> Row | None:
    """One ``lead_status_changed`` of the event feed; None when it does not say what changed."""
    before = _status(item.get("value_before"))
    after = _status(item.get("value_after"))
    at = moment(item.get("created_at"))
    if not before or not after or at is None:
        return None
    return {
        "id": str(item["id"]),
        "deal_amo_id": item["entity_id"],
        "at": at,
        "was_pipeline": before[0],
        "was_status": before[1],
        "pipeline": after[0],
        "status": after[1],
        "by_amo_id": whole(item.get("created_by")) or None,
    }


def _status(values: Any) -> tuple[int, int] | None:
    for value in values or ():
        status = value.get("lead_status") or {}
        if status.get("id") and status.get("pipeline_id"):
            return status["pipeline_id"], status["id"]
    return None
