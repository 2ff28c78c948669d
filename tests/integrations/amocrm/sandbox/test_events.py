"""The history feed: its shapes, its order, its filters."""

import pytest

from tests.integrations.amocrm.sandbox.conftest import Client


def values(event):
    return event["value_before"], event["value_after"]


def test_stage_change_tells_both_stages(api, stage):
    lead_id = api.lead()
    api.patch(f"/leads/{lead_id}", {"status_id": 142})
    event = api.events("lead_status_changed")[0]
    assert (event["entity_type"], event["entity_id"]) == ("lead", lead_id)
    assert values(event) == (
        [{"lead_status": {"id": stage["Расчёт с сайта"], "pipeline_id": stage[None]}}],
        [{"lead_status": {"id": 142, "pipeline_id": stage[None]}}],
    )
    assert event["_embedded"]["entity"]["id"] == lead_id


def test_what_changed_on_a_lead_has_its_own_event(box, api, field):
    area = field["leads", "Площадь, м²"].id
    lead_id, other = api.lead(name="А", price=1), list(box.store.users)[3]
    change = {
        "name": "Б",
        "price": 2,
        "responsible_user_id": other,
        "tags_to_add": [{"name": "срочный"}],
        "custom_fields_values": [{"field_id": area, "values": [{"value": 138}]}],
    }
    api.patch(f"/leads/{lead_id}", change)
    me = api.get("/account")["current_user_id"]
    custom = {"field_id": area, "field_type": 2, "enum_id": None, "text": "138"}
    expected = {
        "name_field_changed": ([{"name_field_value": {"name": "А"}}], [{"name_field_value": {"name": "Б"}}]),
        "sale_field_changed": ([{"sale_field_value": {"sale": 1}}], [{"sale_field_value": {"sale": 2}}]),
        "entity_responsible_changed": ([{"responsible_user": {"id": me}}], [{"responsible_user": {"id": other}}]),
        "entity_tag_added": ([], [{"tag": {"name": "срочный"}}]),
        f"custom_field_{area}_value_changed": ([], [{"custom_field_value": custom}]),
    }
    for kind, pair in expected.items():
        assert values(api.events(kind)[0]) == pair


def test_rows_leave_and_come_into_the_feed(api):
    contact_id = api.contact()
    assert api.events("contact_added")[0]["entity_id"] == contact_id
    api("POST", "/__sandbox__/edit", {"action": "delete", "entity": "contacts", "id": contact_id})
    deleted = api.events("contact_deleted")[0]
    assert (deleted["entity_id"], *values(deleted)) == (contact_id, [], [])


def test_link_tells_the_other_side(api):
    lead_id, contact_id = api.lead(), api.contact()
    api.post(f"/leads/{lead_id}/link", [{"to_entity_id": contact_id, "to_entity_type": "contacts"}])
    events = api.items(f"/events?filter[type]=entity_linked&filter[entity]=lead&filter[entity_id]={lead_id}", "events")
    assert events[0]["value_after"] == [{"link": {"entity": {"type": "contact", "id": contact_id}}}]


def test_tasks_and_notes_are_in_the_feed(api):
    lead_id = api.lead()
    _, body = api.post(f"/leads/{lead_id}/notes", [{"note_type": "common", "params": {"text": "А"}}])
    note_id = body["_embedded"]["notes"][0]["id"]
    assert api.events("common_note_added")[0]["value_after"] == [{"note": {"id": note_id}}]
    _, body = api.post("/tasks", [{"text": "А", "complete_till": 1}])
    task_id = body["_embedded"]["tasks"][0]["id"]
    api.patch(f"/tasks/{task_id}", {"is_completed": True})
    assert {event["entity_id"] for event in (api.events("task_added")[0], api.events("task_completed")[0])} == {task_id}


def test_newest_come_first_a_hundred_at_most(api):
    page = api.items("/events?limit=250", "events")
    assert len(page) == 100
    every = api.every("/events?limit=100", "events")
    assert [event["created_at"] for event in every] == sorted((event["created_at"] for event in every), reverse=True)


def test_ids_are_ulids_in_order_of_time_and_lead_back_to_the_event(api):
    every = api.every("/events?limit=100", "events")
    ids = [event["id"] for event in every]
    assert {len(uid) for uid in ids} == {26}
    assert ids == sorted(set(ids), reverse=True)
    assert api.get(f"/events/{ids[7]}") == every[7]
    assert api.raw("GET", f"/events/{ids[7][:-1]}!").status in (204, 404)
    assert api.raw("GET", "/events/00000000000000000000000000").status == 204


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("filter[type]=lead_added,contact_added", {"lead_added", "contact_added"}),
        ("filter[type][]=lead_added&filter[type][]=contact_added", {"lead_added", "contact_added"}),
        ("filter[entity]=task", {"task_added", "task_completed"}),
        ("filter[entity]=contact,company", {"contact_added", "company_added", "common_note_added"}),
    ],
)
def test_filters_by_type_and_entity(api, query, types):
    assert {event["type"] for event in api.every(f"/events?{query}", "events")} == types


@pytest.mark.parametrize(
    "form",
    ["filter[created_at]={}", "filter[created_at][from]={}", "filter[created_at]={},1790000000"],
)
def test_time_filter_means_since(api, form):
    middle = api.every("/events", "events")[30]["created_at"]
    found = api.every("/events?" + form.format(middle), "events")
    assert min(event["created_at"] for event in found) == middle


def test_filter_by_stage_reached(box, api, stage):
    query = f"filter[value_after][leads_statuses][0][pipeline_id]={stage[None]}"
    query += "&filter[value_after][leads_statuses][0][status_id]=142"
    reached = {event["entity_id"] for event in api.every(f"/events?{query}", "events")}
    won = {lead.id for lead in box.store.entities["leads"].values() if lead.status_id == 142}
    assert reached & won
    assert reached <= won


def test_too_many_entities_are_refused(api):
    ids = ",".join(str(number) for number in range(11))
    assert api("GET", f"/events?filter[entity]=lead&filter[entity_id]={ids}")[0] == 400


def test_names_come_on_request(api):
    lead_id = api.lead(name="Дом у воды")
    event = api.items("/events?with=lead_name&filter[type]=lead_added", "events")[0]
    assert event["_embedded"]["entity"]["name"] == "Дом у воды"
    assert event["entity_id"] == lead_id


def test_types_are_listed(api):
    listed = api.get("/events/types?language_code=ru")
    assert "lead_status_changed" in [entry["key"] for entry in listed["_embedded"]["events_types"]]
    assert listed["_total_items"] == len(listed["_embedded"]["events_types"])


def test_managers_see_the_feed(box):
    assert Client(box, box.manager_token).items("/events", "events")
