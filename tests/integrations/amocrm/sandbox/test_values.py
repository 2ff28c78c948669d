"""Custom field values of every type: what may be written, what is read back, what is refused and where."""

import pytest

MIDNIGHT = 1_789_938_000  # 2026-09-21 00:00 in Moscow
KIND_OF = {"multitext": "contacts", "org_legal_name": "companies"}


def define(api, field_type, kind=None):
    kind = kind or KIND_OF.get(field_type, "leads")
    definition = {"name": f"Поле {field_type}", "type": field_type}
    if field_type in ("select", "radiobutton", "multiselect"):
        definition["enums"] = [{"value": "Тверь", "code": "TVER"}, {"value": "Клин"}]
    if field_type == "multitext":
        definition["enums"] = [{"value": "WORK"}, {"value": "MOB"}]
    status, body = api.post(f"/{kind}/custom_fields", [definition])
    assert status == 201
    return kind, body["_embedded"]["custom_fields"][0]


def written(api, kind, field, values):
    """The stored items of a field after a write, or the errors."""
    entity_id = {"leads": api.lead, "contacts": api.contact, "companies": api.company}[kind]()
    entry = {"field_id": field["id"], "values": values}
    status, body = api.patch(f"/{kind}/{entity_id}", {"custom_fields_values": [entry]})
    if status != 200:
        return [(error["code"], error["path"]) for error in body["validation-errors"][0]["errors"]]
    shown = api.get(f"/{kind}/{entity_id}")["custom_fields_values"]
    return shown and shown[0]["values"]


@pytest.mark.parametrize(
    ("field_type", "sent", "read"),
    [
        ("text", "Привет", "Привет"),
        ("textarea", "Две\nстроки", "Две\nстроки"),
        ("url", "https://a.example", "https://a.example"),
        ("streetaddress", "Озёрная, 5", "Озёрная, 5"),
        ("tracking_data", "yandex", "yandex"),
        ("numeric", 12, "12"),
        ("numeric", "12.5", "12.5"),
        ("monetary", 12.5, "12.5"),
        ("checkbox", True, True),
        ("date", MIDNIGHT + 3600, MIDNIGHT),
        ("date", "2026-09-21T10:00:00+03:00", MIDNIGHT),
        ("birthday", "2026-09-21T00:00:00+03:00", MIDNIGHT),
        ("date_time", MIDNIGHT + 3661, MIDNIGHT + 3661),
        ("date_time", "2026-09-20T21:00:01+00:00", MIDNIGHT + 1),
        ("legal_entity", {"name": "ООО «Берег»", "vat_id": "7"}, {"name": "ООО «Берег»", "vat_id": "7"}),
        ("org_legal_name", {"name": "Берег"}, {"name": "Берег"}),
        ("file", {"file_uuid": "a", "file_name": "a.pdf"}, {"file_uuid": "a", "file_name": "a.pdf"}),
    ],
)
def test_plain_value_comes_back_as_amocrm_keeps_it(api, field_type, sent, read):
    kind, field = define(api, field_type)
    assert written(api, kind, field, [{"value": sent}]) == [{"value": read}]


@pytest.mark.parametrize("field_type", ["select", "radiobutton"])
@pytest.mark.parametrize("key", ["enum_id", "value"])
def test_list_is_chosen_by_id_or_exact_text(api, field_type, key):
    kind, field = define(api, field_type)
    option = field["enums"][1]
    [shown] = written(api, kind, field, [{key: option["id"] if key == "enum_id" else option["value"]}])
    assert shown == {"value": "Клин", "enum_id": option["id"], "enum_code": None}


def test_select_is_chosen_by_code_too(api):
    kind, field = define(api, "select")
    assert written(api, kind, field, [{"enum_code": "TVER"}])[0]["enum_code"] == "TVER"


def test_multiselect_replaces_the_whole_set(api):
    kind, field = define(api, "multiselect")
    assert [item["value"] for item in written(api, kind, field, [{"value": "Клин"}, {"value": "Тверь"}])] == [
        "Клин",
        "Тверь",
    ]


def test_multitext_takes_code_or_id_and_falls_back_to_the_first(api):
    kind, field = define(api, "multitext")
    shown = written(api, kind, field, [{"value": "1", "enum_code": "MOB"}, {"value": "2"}])
    assert [(item["value"], item["enum_code"]) for item in shown] == [("1", "MOB"), ("2", "WORK")]


def test_smart_address_has_numbered_parts(api):
    kind, field = define(api, "smart_address")
    shown = written(api, kind, field, [{"value": "Тверь", "enum_id": 3}, {"value": "RU", "enum_code": "country"}])
    assert shown == [
        {"value": "Тверь", "enum_id": 3, "enum_code": "city"},
        {"value": "RU", "enum_id": 6, "enum_code": "country"},
    ]


def test_chained_list_names_catalogue_elements(api):
    kind, field = define(api, "chained_list")
    item = {"catalog_id": 5, "catalog_element_id": 7}
    assert written(api, kind, field, [item]) == [item]


@pytest.mark.parametrize("empty", [None, []])
def test_null_and_an_empty_list_clear_the_field(api, empty):
    _, field = define(api, "text")
    lead_id = api.lead(custom_fields_values=[{"field_id": field["id"], "values": [{"value": "было"}]}])
    api.patch(f"/leads/{lead_id}", {"custom_fields_values": [{"field_id": field["id"], "values": empty}]})
    assert api.get(f"/leads/{lead_id}")["custom_fields_values"] is None


def test_unlisted_fields_stay_and_a_listed_one_is_replaced(api):
    contact_id = api.contact(
        custom_fields_values=[
            {
                "field_code": "PHONE",
                "values": [{"value": "1", "enum_code": "WORK"}, {"value": "2", "enum_code": "MOB"}],
            },
            {"field_code": "POSITION", "values": [{"value": "прораб"}]},
        ]
    )
    change = [{"field_code": "PHONE", "values": [{"value": "3", "enum_code": "WORK"}]}]
    api.patch(f"/contacts/{contact_id}", {"custom_fields_values": change})
    shown = {
        entry["field_code"]: entry["values"] for entry in api.get(f"/contacts/{contact_id}")["custom_fields_values"]
    }
    assert [item["value"] for item in shown["PHONE"]] == ["3"]
    assert shown["POSITION"] == [{"value": "прораб"}]


@pytest.mark.parametrize(
    ("field_type", "item", "code", "path"),
    [
        ("select", {"value": "Москва"}, "NotSupportedChoice", "value"),
        ("select", {"enum_id": 1}, "NotSupportedChoice", "enum_id"),
        ("radiobutton", {"value": "Клин", "enum_code": None}, "FieldNotExpected", "enum_code"),
        ("multiselect", {"value": "Клин", "enum_code": None}, "FieldNotExpected", "enum_code"),
        ("text", {"value": "а", "enum_code": None}, "FieldNotExpected", "enum_code"),
        ("multitext", {"value": "1", "enum": "WORK"}, "FieldNotExpected", "enum"),
        ("multitext", {"value": "1", "enum_code": "NO"}, "NotSupportedChoice", "enum_code"),
        ("numeric", {"value": "много"}, "InvalidType", "value"),
        ("numeric", {"value": True}, "InvalidType", "value"),
        ("checkbox", {"value": "да"}, "InvalidType", "value"),
        ("date", {"value": "вчера"}, "InvalidType", "value"),
        ("birthday", {"value": -86400}, "InvalidType", "value"),
        ("text", {"value": ["а"]}, "InvalidType", "value"),
        ("text", {}, "FieldMissing", "value"),
        ("legal_entity", {"value": {"vat_id": "7"}}, "FieldMissing", "value.name"),
    ],
)
def test_wrong_value_is_refused_with_its_path(api, field_type, item, code, path):
    kind, field = define(api, field_type)
    assert (code, f"custom_fields_values.0.values.0.{path}") in written(api, kind, field, [item])


@pytest.mark.parametrize(
    ("entry", "code", "path"),
    [
        ({"field_id": 1, "values": []}, "NotSupportedChoice", "custom_fields_values.0.field_id"),
        ({"field_code": "NO", "values": []}, "NotSupportedChoice", "custom_fields_values.0.field_code"),
        ({"values": []}, "36b4f074-7403-11ea-af30-00163e2085ae", "custom_fields_values.0"),
    ],
)
def test_entry_must_name_a_known_field(api, entry, code, path):
    status, body = api.post("/leads", [{"custom_fields_values": [entry]}])
    [error] = body["validation-errors"][0]["errors"]
    assert (status, error["code"], error["path"]) == (400, code, path)


def test_keys_beside_values_are_tolerated(api, field):
    area = field["leads", "Площадь, м²"].id
    entry = {"field_id": area, "field_name": "Площадь", "field_type": "numeric", "values": [{"value": 138}]}
    assert api.post("/leads", [{"custom_fields_values": [entry]}])[0] == 200


def test_value_shows_its_field(api, field):
    area = field["leads", "Площадь, м²"].id
    lead_id = api.lead(custom_fields_values=[{"field_id": area, "values": [{"value": 138}]}])
    [entry] = api.get(f"/leads/{lead_id}")["custom_fields_values"]
    assert {key: entry[key] for key in ("field_id", "field_name", "field_code", "field_type")} == {
        "field_id": area, "field_name": "Площадь, м²", "field_code": None, "field_type": "numeric",
    }  # fmt: skip
