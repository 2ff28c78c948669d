"""Subscriptions and what is delivered: form bodies with PHP brackets, every value a string."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.patience import PATIENCE, until

URL = "https://crm.example/in"


def subscribe(api, **data):
    return api.post("/webhooks", {"destination": URL, "settings": ["add_lead"]} | data)


def test_subscription_is_one_row_per_destination(api):
    status, first = subscribe(api, sort=10)
    _, second = subscribe(api, settings=["update_lead"])
    assert (status, first["settings"], first["disabled"], first["sort"]) == (201, ["add_lead"], False, 10)
    assert (second["id"], second["settings"]) == (first["id"], ["update_lead"])
    assert api.get("/webhooks")["_total_items"] == 1


def test_known_destination_may_merge_its_events(box, api):
    box.flags.merge_webhooks = True
    subscribe(api)
    assert subscribe(api, settings=["update_lead"])[1]["settings"] == ["add_lead", "update_lead"]


@pytest.mark.parametrize(
    "data", [{"settings": ["no"]}, {"destination": "ftp://a"}, {"settings": "add_lead"}, {"destination": 5}]
)
def test_wrong_subscription_is_refused(api, data):
    assert subscribe(api, **data)[0] == 400


def test_hundred_destinations_at_most(api):
    for number in range(100):
        subscribe(api, destination=f"{URL}/{number}")
    assert subscribe(api)[0] == 422


def test_subscription_is_found_and_removed_by_its_address(api):
    subscribe(api)
    assert len(api.items(f"/webhooks?filter[destination]={URL}", "webhooks")) == 1
    assert api.raw("GET", "/webhooks?filter[destination]=https://other.example").status == 204
    assert api("DELETE", "/webhooks", {"destination": URL}) == (204, None)
    assert api("DELETE", "/webhooks", {"destination": URL})[0] == 404


def test_stage_move_sends_status_and_update(api, stage, hooked, field):
    area, house = field["leads", "Площадь, м²"], field["leads", "Тип дома"]
    visit = field["leads", "Дата выезда"]
    option = next(iter(house.enums))
    values = [
        {"field_id": area.id, "values": [{"value": 138}]},
        {"field_id": house.id, "values": [{"enum_id": option}]},
        {"field_id": visit.id, "values": [{"value": 1_789_938_000}]},
    ]
    lead_id = api.lead(name="Дом, 138\u00a0м²", custom_fields_values=values, tags_to_add=[{"name": "vip"}])
    api.patch(f"/leads/{lead_id}", {"status_id": 142})
    [status] = hooked("status_lead")
    prefix = "leads[status][0]"
    expected = {
        f"{prefix}[id]": str(lead_id),
        f"{prefix}[name]": "Дом, 138\u00a0м²",
        f"{prefix}[status_id]": "142",
        f"{prefix}[old_status_id]": str(stage["Расчёт с сайта"]),
        f"{prefix}[pipeline_id]": str(stage[None]),
        f"{prefix}[tags][0][name]": "vip",
        f"{prefix}[custom_fields][0][id]": str(area.id),
        f"{prefix}[custom_fields][0][values][0][value]": "138",
        f"{prefix}[custom_fields][1][values][0][value]": "Дом",
        f"{prefix}[custom_fields][1][values][0][enum]": str(option),
        f"{prefix}[custom_fields][2][values][0]": "1789938000",
        "account[id]": "31234567",
        "account[subdomain]": "domuozera",
        "account[_links][self]": api.box.base_url,
    }
    assert {key: status.get(key) for key in expected} == expected
    [update] = hooked("update_lead")
    assert update["leads[update][0][status_id]"] == "142"


def test_pipeline_move_names_the_old_one(box, api, stage, hooked):
    other = next(p for p in box.store.pipelines.values() if not p.is_main)
    api.patch(f"/leads/{api.lead()}", {"pipeline_id": other.id})
    assert hooked("status_lead")[0]["leads[status][0][old_pipeline_id]"] == str(stage[None])


def test_new_responsible_is_told_apart(box, api, hooked):
    other = list(box.store.users)[3]
    api.patch(f"/contacts/{api.contact()}", {"responsible_user_id": other})
    [body] = hooked("responsible_contact")
    assert body["contacts[responsible][0][old_responsible_user_id]"] == str(next(iter(box.store.users)))
    assert hooked("update_contact")


def test_contact_carries_phones_with_numeric_enums_and_its_leads(api, hooked, field):
    phone = field["contacts", "Телефон"]
    values = [{"field_code": "PHONE", "values": [{"value": "+7900", "enum_code": "MOB"}]}]
    contact_id = api.contact(custom_fields_values=values)
    lead_id = api.lead(_embedded={"contacts": [{"id": contact_id}]})
    api.patch(f"/contacts/{contact_id}", {"name": "Яна"})
    body = hooked("update_contact")[-1]
    mobile = next(number for number, enum in phone.enums.items() if enum["value"] == "MOB")
    assert body["contacts[update][0][custom_fields][0][code]"] == "PHONE"
    assert body["contacts[update][0][custom_fields][0][values][0][enum]"] == str(mobile)
    assert body[f"contacts[update][0][linked_leads_id][{lead_id}][ID]"] == str(lead_id)
    assert body["contacts[update][0][type]"] == "contact"


def test_companies_travel_among_contacts(api, hooked):
    api.company(name="ООО «Волна»")
    body = hooked("add_company")[0]
    assert (body["contacts[add][0][name]"], body["contacts[add][0][type]"]) == ("ООО «Волна»", "company")


def test_deletion_carries_the_least(api, stage, hooked):
    lead_id = api.lead()
    api("POST", "/__sandbox__/edit", {"action": "delete", "entity": "leads", "id": lead_id})
    [body] = hooked("delete_lead")
    assert {key: value for key, value in body.items() if key.startswith("leads")} == {
        "leads[delete][0][id]": str(lead_id),
        "leads[delete][0][status_id]": str(stage["Расчёт с сайта"]),
        "leads[delete][0][pipeline_id]": str(stage[None]),
    }


def test_note_is_nested_twice_and_timed_in_local_words(api, hooked):
    api.post(f"/leads/{api.lead()}/notes", [{"note_type": "common", "params": {"text": "Привет"}}])
    [body] = hooked("note_lead")
    expected = {"text": "Привет", "note_type": "4", "element_type": "2", "date_create": "2026-09-21 17:13:20"}
    assert {key: body[f"leads[note][0][note][{key}]"] for key in expected} == expected


def test_task_is_told_when_added_and_closed(api, hooked):
    lead_id = api.lead()
    task = {"text": "Звонок", "complete_till": 1_790_000_000, "entity_id": lead_id, "entity_type": "leads"}
    task_id = api.post("/tasks", [task])[1]["_embedded"]["tasks"][0]["id"]
    api.patch(f"/tasks/{task_id}", {"is_completed": True, "text": "Письмо"})
    added, closed = hooked("add_task")[0], hooked("update_task")[0]
    assert (added["task[add][0][element_type]"], added["task[add][0][status]"]) == ("2", "0")
    assert added["task[add][0][complete_till]"] == "2026-09-21 17:13:20"
    assert (closed["task[update][0][status]"], closed["task[update][0][old_text]"]) == ("1", "Звонок")
    assert closed["task[update][0][action_close]"] == "1"


def test_linking_a_contact_updates_both_sides(api, hooked):
    lead_id, contact_id = api.lead(), api.contact()
    api.post(f"/leads/{lead_id}/link", [{"to_entity_id": contact_id, "to_entity_type": "contacts"}])
    assert hooked("update_lead")
    assert hooked("update_contact")


def test_own_writes_and_edits_of_people_are_told_alike(api, hooked):
    lead_id = api.lead()
    api.patch(f"/leads/{lead_id}", {"price": 1})
    api("POST", "/__sandbox__/edit", {"action": "patch", "entity": "leads", "id": lead_id, "data": {"price": 2}})
    assert [body["leads[update][0][price]"] for body in hooked("update_lead")] == ["1", "2"]


def test_only_what_was_subscribed_to_is_sent(box, api):
    sent = []
    box.hooks.deliver = lambda destination, body: sent.append(body) or 200
    subscribe(api, settings=["update_lead"])
    lead_id = api.lead()
    api.patch(f"/leads/{lead_id}", {"price": 1})
    assert box.hooks.flush()
    assert [b"leads%5Bupdate%5D" in body for body in sent] == [True]


def test_failing_receiver_is_tried_once_and_does_not_stop_the_next(box, api):
    def deliver(destination, body):
        raise ConnectionRefusedError("no one there")

    box.hooks.deliver = deliver
    subscribe(api)
    api.lead()
    api.lead()
    assert box.hooks.flush()
    assert [(job["status"], "no one" in job["error"]) for job in box.hooks.delivered] == [(0, True)] * 2


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.seen.append((self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.answer_now.wait()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def receiver():
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.seen, server.answer_now = [], threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.answer_now.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("is_silent", "status"), [(False, 204), (True, 0)])
def test_delivery_over_http_waits_so_long_and_no_longer(box, api, receiver, monkeypatch, is_silent, status):
    monkeypatch.setattr("integrations.amocrm.sandbox.hooks.TIMEOUT", 0.1 if is_silent else PATIENCE)
    if not is_silent:
        receiver.answer_now.set()
    subscribe(api, destination=f"http://127.0.0.1:{receiver.server_port}/in")
    api.lead(name="Баня")
    assert box.hooks.flush()
    [job] = api("GET", "/__sandbox__/hooks")[1]["delivered"]
    assert (job["event"], job["status"]) == ("add_lead", status)
    assert until(lambda: receiver.seen)[0][0] == "application/x-www-form-urlencoded"
    assert b"%D0%91%D0%B0%D0%BD%D1%8F" in receiver.seen[0][1]
