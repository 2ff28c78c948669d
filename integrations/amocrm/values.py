"""Values of custom fields: amoCRM's shapes → the forms of pipelines.CustomField."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.models import CustomField

Form = CustomField.Form

FORMS = {
    "text": Form.TEXT,
    "textarea": Form.TEXT,
    "url": Form.TEXT,
    "streetaddress": Form.TEXT,
    "tracking_data": Form.TEXT,
    "smart_address": Form.TEXT,
    "numeric": Form.NUMBER,
    "monetary": Form.MONEY,
    "price": Form.MONEY,
    "checkbox": Form.BOOLEAN,
    "select": Form.CHOICE,
    "radiobutton": Form.CHOICE,
    "category": Form.CHOICE,
    "multiselect": Form.SET,
    "date": Form.DATE,
    "birthday": Form.DATE,
    "date_time": Form.DATETIME,
}
ADDRESSES = frozenset({"PHONE", "EMAIL"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text_of(value: Any, most: int | None = None) -> str:
    """Text as PostgreSQL takes it: no NUL, no edges of white space, not longer than the column."""
    if type(value) is not str:
        if value is None or isinstance(value, dict | list):
            return ""
        value = str(value)
    if "\x00" in value:
        value = value.replace("\x00", "")
    text = value.strip()
    return text if most is None or len(text) <= most else text[:most].rstrip()


@lru_cache(maxsize=4096)
def key_of(code: Any, field_id: int) -> str:
    """The name of a field in rules and in ``row.custom`` (contracts §4)."""
    return text_of(code, 100).lower() or f"amo_{field_id}"


def form_of(amo_type: str) -> CustomField.Form:
    return FORMS.get(amo_type, Form.OTHER)


def custom_values(fields: Any, zone: ZoneInfo) -> dict[str, Any]:
    """``custom_fields_values`` → {key: value}; a value that cannot be read is left out."""
    found: dict[str, Any] = {}
    for field in fields or ():
        if field.get("field_code") in ADDRESSES or not field.get("field_id"):
            continue
        value = value_of(field.get("field_type") or "", field.get("values") or [], zone)
        if value not in (None, "", []):
            found[key_of(field.get("field_code"), field["field_id"])] = value
    return found


def value_of(amo_type: str, values: list[Any], zone: ZoneInfo) -> Any:
    form = form_of(amo_type)
    if form is Form.OTHER:
        return without_nul(values)
    raws = [raw for item in values if (raw := item.get("value") if type(item) is dict else item) is not None]
    if not raws:
        return None
    if form is Form.SET:
        return [text for raw in raws if (text := text_of(raw))]
    if form is Form.TEXT:
        return text_of(raws[0]) if len(raws) == 1 else ", ".join(text for raw in raws if (text := text_of(raw)))
    return _single(form, raws[0], zone)


def _single(form: CustomField.Form, raw: Any, zone: ZoneInfo) -> Any:
    if form is Form.BOOLEAN:
        return raw in (True, 1, "1", "true")
    if form is Form.CHOICE:
        return text_of(raw)
    if form is Form.DATE:
        return date_of(raw, zone)
    if form is Form.DATETIME:
        at = instant_of(raw)
        return at.isoformat() if at else None
    return number_of(raw)


def number_of(raw: Any) -> int | float | None:
    try:
        number = Decimal(str(raw).replace("\u00a0", "").replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) > Decimal(10) ** 18:
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def instant_of(raw: Any) -> datetime | None:
    """Unix seconds (before 1970 too) or RFC 3339."""
    text = str(raw).strip()
    try:
        if text.lstrip("-").isdigit():
            return EPOCH + timedelta(seconds=int(text))
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def date_of(raw: Any, zone: ZoneInfo) -> str | None:
    """A day is kept there as midnight in the account's zone, so it is read in that zone."""
    if isinstance(raw, str) and len(raw) == 10 and raw[4:5] == "-":
        try:
            return datetime.strptime(raw, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
        except ValueError:
            return None
    at = instant_of(raw)
    try:
        return at.astimezone(zone).date().isoformat() if at else None
    except OverflowError:
        return None


def without_nul(value: Any) -> Any:
    """What no form fits is kept as it came, but PostgreSQL's JSON takes no NUL."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [without_nul(each) for each in value]
    if isinstance(value, dict):
        return {without_nul(key): without_nul(each) for key, each in value.items()}
    return value
