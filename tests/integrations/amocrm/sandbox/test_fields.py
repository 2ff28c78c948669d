"""Definitions of custom fields and their groups, users, the account."""

import pytest

from integrations.amocrm.sandbox.values import TYPES


def defined(api, kind="leads", **data):
    return api.post(f"/{kind}/custom_fields", [{"name": "Поле", "type": "text"} | data])


def first(answer):
    return answer[1]["_embedded"]["custom_fields"][0]


@pytest.mark.parametrize(
    ("kind", "field_type"), [(kind, name) for kind, types in TYPES.items() for name in sorted(types)]
)
def test_every_type_of_the_kind_can_be_defined(api, kind, field_type):
    status, body = defined(api, kind, type=field_type, enums=[{"value": "А"}, {"value": "Б"}])
    [field] = body["_embedded"]["custom_fields"]
    assert (status, field["type"], field["entity_type"]) == (201, field_type, kind)


@pytest.mark.parametrize(
    ("kind", "field_type"), [("leads", "multitext"), ("contacts", "tracking_data"), ("leads", "price"), ("leads", "no")]
)
def test_type_of_another_kind_is_refused(api, kind, field_type):
    assert defined(api, kind, type=field_type)[0] == 400


def test_list_is_paged_by_fifty_with_totals(api):
    for number in range(45):
        defined(api, name=f"Поле {number}")
    page = api.get("/leads/custom_fields?limit=250")
    assert len(page["_embedded"]["custom_fields"]) == 50
    assert (page["_total_items"], page["_page_count"]) == (62, 2)
    assert len(api.every("/leads/custom_fields", "custom_fields")) == 62


def test_fields_are_filtered_and_ordered(api):
    types = {
        row["type"]
        for row in api.items("/leads/custom_fields?filter[type][]=select&filter[type][]=url", "custom_fields")
    }
    assert types == {"select", "url"}
    ids = [row["id"] for row in api.items("/leads/custom_fields?order[id]=desc", "custom_fields")]
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"name": 5}, "name"),
        ({"type": "select"}, "enums"),
        ({"group_id": "нет"}, "group_id"),
        ({"remind": "иногда"}, "remind"),
        ({"code": "UTM_SOURCE"}, "code"),
        ({"type": "select", "enums": [{"value": "А", "id": 7}]}, "enums.0.id"),
    ],
)
def test_wrong_definition_is_refused(api, data, path):
    status, body = defined(api, **data)
    assert (status, body["validation-errors"][0]["errors"][0]["path"]) == (400, path)


def test_options_left_out_are_gone_with_their_values(api):
    field = first(defined(api, type="select", enums=[{"value": "А"}, {"value": "Б"}]))
    kept, gone = field["enums"]
    lead_id = api.lead(custom_fields_values=[{"field_id": field["id"], "values": [{"enum_id": gone["id"]}]}])
    _, changed = api.patch(
        f"/leads/custom_fields/{field['id']}", {"enums": [{"id": kept["id"], "value": "А!"}, {"value": "В"}]}
    )
    assert [(enum["id"] == kept["id"], enum["value"]) for enum in changed["enums"]] == [(True, "А!"), (False, "В")]
    assert api.get(f"/leads/{lead_id}")["custom_fields_values"] is None
    stale = api.patch(f"/leads/custom_fields/{field['id']}", {"enums": [{"id": gone["id"], "value": "Б"}]})
    assert stale[1]["validation-errors"][0]["errors"][0]["path"] == "enums.0.id"


def test_renamed_option_shows_on_leads(api):
    field = first(defined(api, type="select", enums=[{"value": "А"}]))
    option = field["enums"][0]["id"]
    lead_id = api.lead(custom_fields_values=[{"field_id": field["id"], "values": [{"enum_id": option}]}])
    api.get(f"/leads/{lead_id}")
    api.patch("/leads/custom_fields", [{"id": field["id"], "enums": [{"id": option, "value": "Я"}]}])
    assert api.get(f"/leads/{lead_id}")["custom_fields_values"][0]["values"][0]["value"] == "Я"


def test_deleting_a_field_deletes_its_values(api, field):
    area = field["leads", "Площадь, м²"].id
    lead_id = api.lead(custom_fields_values=[{"field_id": area, "values": [{"value": 1}]}])
    assert api("DELETE", f"/leads/custom_fields/{area}") == (204, None)
    assert api.get(f"/leads/{lead_id}")["custom_fields_values"] is None
    assert api("GET", f"/leads/custom_fields/{area}")[0] == 404


def test_predefined_fields_stay(api, field):
    assert api("DELETE", f"/contacts/custom_fields/{field['contacts', 'Телефон'].id}")[0] == 422


def test_codes_of_phones_are_the_values_of_the_options(api, field):
    phone = api.get(f"/contacts/custom_fields/{field['contacts', 'Телефон'].id}")
    assert [enum["value"] for enum in phone["enums"]] == ["WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER"]
    assert (phone["code"], phone["is_predefined"], phone["is_deletable"]) == ("PHONE", True, False)


def test_groups_have_text_ids_and_hold_fields(api):
    status, body = api.post("/leads/custom_fields/groups", [{"name": "Участок", "sort": 3}])
    [group] = body["_embedded"]["custom_field_groups"]
    assert (status, group["id"].startswith("leads_")) == (201, True)
    field_id = first(defined(api, group_id=group["id"]))["id"]
    assert api.get(f"/leads/custom_fields/groups/{group['id']}")["fields"] == [field_id]
    assert api.patch(f"/leads/custom_fields/groups/{group['id']}", {"name": "Земля"})[1]["name"] == "Земля"
    assert api("DELETE", f"/leads/custom_fields/groups/{group['id']}") == (204, None)
    assert api.get(f"/leads/custom_fields/{field_id}")["group_id"] is None
    assert api("DELETE", "/leads/custom_fields/groups/default")[0] == 422


def test_users_are_paged_with_totals_and_rights(api):
    page = api.get("/users?limit=3&with=role,group")
    assert (page["_total_items"], page["_page_count"], page["_page"]) == (7, 3, 1)
    admin = page["_embedded"]["users"][0]
    assert admin["rights"]["is_admin"] is True
    assert admin["_embedded"].keys() == {"roles", "groups"}
    assert len(api.every("/users?limit=3", "users")) == 7
    assert {user["email"].split("@")[1] for user in api.every("/users", "users")} == {"domuozera.example"}


def test_account_tells_more_on_request(api):
    assert "_embedded" not in api.get("/account")
    wanted = "users_groups,task_types,datetime_settings,version,drive_url,uuid,amojo_id"
    account = api.get(f"/account?with={wanted}")
    assert account["_embedded"]["datetime_settings"]["timezone"] == "Europe/Moscow"
    assert account["_embedded"]["task_types"][0]["code"] == "FOLLOW_UP"
    assert {"version", "drive_url", "uuid", "amojo_id"} <= account.keys()
