"""integrations.amocrm.mapping and values as tables: their words, ours."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from integrations.amocrm import mapping
from integrations.amocrm.values import custom_values, value_of

MOSCOW = ZoneInfo("Europe/Moscow")
MIDNIGHT = int(datetime(2026, 11, 20, 21, tzinfo=UTC).timestamp())  # 21 November in Moscow

VALUES = [
    ("text", [{"value": " Дом "}], "Дом"),
    ("textarea", [{"value": "a\x00b"}], "ab"),
    ("url", [{"value": "https://a.example"}], "https://a.example"),
    ("streetaddress", [{"value": "Лесная, 1"}], "Лесная, 1"),
    ("tracking_data", [{"value": "utm"}], "utm"),
    ("smart_address", [{"value": "Лесная, 1", "enum_id": 1}, {"value": "Казань", "enum_id": 3}], "Лесная, 1, Казань"),
    ("numeric", [{"value": "12"}], 12),
    ("numeric", [{"value": "12.5"}], 12.5),
    ("numeric", [{"value": "1 200,5"}], 1200.5),
    ("numeric", [{"value": "NaN"}], None),
    ("monetary", [{"value": "12.50"}], 12.5),
    ("price", [{"value": "0"}], 0),
    ("checkbox", [{"value": True}], True),
    ("checkbox", [{"value": "1"}], True),
    ("checkbox", [{"value": False}], False),
    ("select", [{"value": "Москва", "enum_id": 711, "enum_code": None}], "Москва"),
    ("radiobutton", [{"value": "Да", "enum_id": 1}], "Да"),
    ("category", [{"value": "Дома", "enum_id": 1}], "Дома"),
    ("multiselect", [{"value": "а", "enum_id": 1}, {"value": "б", "enum_id": 2}], ["а", "б"]),
    ("date", [{"value": MIDNIGHT}], "2026-11-21"),
    ("date", [{"value": "2020-05-08"}], "2020-05-08"),
    ("date", [{"value": "2026-11-21T00:00:00+03:00"}], "2026-11-21"),
    ("birthday", [{"value": -315630000}], "1960-01-01"),
    ("date_time", [{"value": MIDNIGHT}], "2026-11-20T21:00:00+00:00"),
    ("date_time", [{"value": 10**20}], None),
    ("legal_entity", [{"value": {"name": "ООО"}}], [{"value": {"name": "ООО"}}]),
    ("chained_list", [{"catalog_id": 1, "catalog_element_id": 2}], [{"catalog_id": 1, "catalog_element_id": 2}]),
    ("file", [{"value": {"file_name": "a"}}], [{"value": {"file_name": "a"}}]),
    ("something_new", [{"value": "x"}], [{"value": "x"}]),
    ("text", [], None),
    ("text", [{"value": None}], None),
]


@pytest.mark.parametrize(("amo_type", "values", "expected"), VALUES)
def test_value_of_every_type(amo_type, values, expected):
    assert value_of(amo_type, values, MOSCOW) == expected


def test_fields_go_by_code_or_by_number():
    fields = [
        {"field_id": 1, "field_code": "POSITION", "field_type": "text", "values": [{"value": "Директор"}]},
        {"field_id": 2, "field_code": None, "field_type": "checkbox", "values": [{"value": False}]},
        {"field_id": 3, "field_code": "PHONE", "field_type": "multitext", "values": [{"value": "1"}]},
    ]
    assert custom_values(fields, MOSCOW) == {"position": "Директор", "amo_2": False}
    assert custom_values(None, MOSCOW) == {}


PRICES = [
    ({"price": 12000}, Decimal(12000)),
    ({"price": 12000, "price_with_minor_units": 12000.5}, Decimal("12000.50")),
    ({"price": 0}, Decimal(0)),
    ({"price": None}, None),
    ({}, None),
    ({"price": 10**15}, None),
]


@pytest.mark.parametrize(("item", "expected"), PRICES)
def test_price(item, expected):
    assert mapping.price(item) == expected


STAGES = [
    ({"id": 142, "type": 0}, "won"),
    ({"id": 143, "type": 0}, "lost"),
    ({"id": 7, "type": 1}, "incoming"),
    ({"id": 8, "type": 0}, "open"),
    ({"id": 9}, "open"),
]


@pytest.mark.parametrize(("status", "kind"), STAGES)
def test_stage_kind(status, kind):
    row = mapping.pipeline({"id": 1, "name": "x", "_embedded": {"statuses": [status]}})
    assert row["stages"][0]["kind"] == kind


NOTES = [
    ("common", {"text": "Привет"}, "common", "Привет"),
    ("call_in", {"duration": 5, "call_result": "Перезвонит"}, "call_in", "Перезвонит"),
    ("call_out", {"duration": 5}, "call_out", ""),
    ("sms_out", {"text": "Код", "phone": "+7"}, "sms_out", "Код"),
    ("extended_service_message", {"service": "x", "text": "Готово"}, "service", "Готово"),
    ("amomail_message", {"income": True, "subject": "Смета"}, "mail_in", "Смета"),
    ("amomail_message", {"income": False, "subject": "Смета"}, "mail_out", "Смета"),
    ("geolocation", {"address": "Казань"}, "other", "Казань"),
    ("never_seen", None, "other", ""),
]


@pytest.mark.parametrize(("note_type", "params", "kind", "text"), NOTES)
def test_note(note_type, params, kind, text):
    row = mapping.note({"id": 1, "entity_id": 2, "note_type": note_type, "params": params}, "deal")
    assert (row["kind"], row["text"], row["subject"], row["subject_id"]) == (kind, text, "deal", 2)


@pytest.mark.parametrize("result", [[], {}, {"text": "Дозвонились"}, None])
def test_result_of_a_task_is_a_list_when_there_is_none(result):
    row = mapping.task({"id": 1, "task_type_id": 3, "is_completed": True, "result": result}, {"3": "Замер"})
    assert row["result"] == ("Дозвонились" if result else "")
    assert (row["type"], row["type_name"]) == ("other", "Замер")


def test_main_contact_may_stand_last_and_is_one():
    people = [{"id": 1, "is_main": False}, {"id": 2, "is_main": True}, {"id": 3, "is_main": True}]
    row = mapping.deal({"id": 1, "_embedded": {"contacts": people}}, MOSCOW)
    assert [each["contact"] for each in row["contacts"] if each["is_main"]] == [2]


@pytest.mark.parametrize("reason", [[{"id": 5}], {"id": 5}])
def test_loss_reason_is_a_list_or_an_object(reason):
    assert mapping.deal({"id": 1, "_embedded": {"loss_reason": reason}}, MOSCOW)["loss_reason"] == 5


def test_addresses_come_once_in_their_order():
    values = [{"value": "8 999 000-11-22", "enum_code": "MOB"}, {"value": "+79990001122", "enum_code": "WORK"}]
    row = mapping.contact({"id": 1, "custom_fields_values": [{"field_code": "PHONE", "values": values}]}, MOSCOW)
    assert [(point["value"], point["label"]) for point in row["points"]] == [("+79990001122", "mob")]


def test_bare_contact_maps_to_a_bare_row():
    row = mapping.contact({"id": 1, "name": None, "custom_fields_values": None, "created_at": 0}, MOSCOW)
    assert (row["name"], row["tags"], row["points"], row["created_at"]) == ("", [], [], None)


@pytest.mark.parametrize("broken", [{"value_before": []}, {"value_after": [{"lead_status": {}}]}, {"created_at": None}])
def test_event_that_says_nothing_is_left_out(broken):
    status = [{"lead_status": {"id": 142, "pipeline_id": 5}}]
    event = {"id": "x", "entity_id": 1, "created_at": 1_760_000_000, "value_before": status, "value_after": status}
    assert mapping.stage_event(event)["status"] == 142
    assert mapping.stage_event(event | broken) is None
