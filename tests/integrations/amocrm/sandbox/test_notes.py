"""Notes of every writable type, over a kind and on one entity."""

import pytest

PARAMS = {
    "common": {"text": "А"},
    "call_in": {"uniq": "u", "duration": 60, "source": "ats", "phone": "+7", "link": "https://a.example"},
    "call_out": {"uniq": "u", "duration": 0, "source": "ats", "phone": "+7"},
    "service_message": {"service": "crm", "text": "А"},
    "extended_service_message": {"service": "crm", "text": "А"},
    "message_cashier": {"status": "created", "text": "А"},
    "geolocation": {"text": "А", "address": "Тверь", "longitude": "1", "latitude": "2"},
    "sms_in": {"text": "А", "phone": "+7"},
    "sms_out": {"text": "А", "phone": "+7"},
    "attachment": {"version_uuid": "v", "file_uuid": "f", "file_name": "a.pdf"},
}


@pytest.mark.parametrize("note_type", PARAMS)
def test_every_writable_type_is_kept(api, note_type):
    lead_id = api.lead()
    status, body = api.post(f"/leads/{lead_id}/notes", [{"note_type": note_type, "params": PARAMS[note_type]}])
    [made] = body["_embedded"]["notes"]
    assert (status, made["entity_id"], made["request_id"]) == (200, lead_id, "0")
    note = api.get(f"/leads/{lead_id}/notes/{made['id']}")
    assert (note["note_type"], note["params"]) == (note_type, PARAMS[note_type])


@pytest.mark.parametrize(
    ("note", "path"),
    [
        ({"note_type": "amomail_message", "params": {}}, "note_type"),
        ({"note_type": "common", "params": {}}, "params.text"),
        ({"note_type": "sms_out", "params": {"text": "А"}}, "params.phone"),
        ({"params": {"text": "А"}}, "note_type"),
        ({"note_type": "common", "params": {"text": "А"}, "responsible_user_id": 5}, "responsible_user_id"),
    ],
)
def test_wrong_note_is_refused(api, note, path):
    status, body = api.post(f"/leads/{api.lead()}/notes", [note])
    assert status == 400
    assert path in [error["path"] for error in body["validation-errors"][0]["errors"]]


def test_notes_for_many_entities_at_once(api):
    one, two = api.contact(), api.contact()
    notes = [{"entity_id": entity, "note_type": "common", "params": {"text": "А"}} for entity in (one, two)]
    status, body = api.post("/contacts/notes", notes)
    assert (status, [note["entity_id"] for note in body["_embedded"]["notes"]]) == (200, [one, two])
    assert api.post("/contacts/notes", [notes[0] | {"entity_id": 7}])[0] == 400


def test_notes_are_filtered_by_entity_type_and_time(box, api):
    lead_id = api.lead()
    for note_type in ("common", "sms_out", "common"):
        api.post(f"/leads/{lead_id}/notes", [{"note_type": note_type, "params": PARAMS[note_type]}])
        box.clock.now += 60
    assert len(api.items(f"/leads/{lead_id}/notes", "notes")) == 3
    assert len(api.items(f"/leads/{lead_id}/notes?filter[note_type][]=common", "notes")) == 2
    assert len(api.items(f"/leads/notes?filter[entity_id][]={lead_id}", "notes")) == 3
    assert len(api.items(f"/leads/{lead_id}/notes?filter[updated_at]=1790000060", "notes")) == 2


def test_text_of_a_note_can_be_changed_and_the_note_pinned(api):
    lead_id = api.lead()
    note = {"note_type": "common", "params": {"text": "А"}}
    note_id = api.post(f"/leads/{lead_id}/notes", [note])[1]["_embedded"]["notes"][0]["id"]
    api.patch(f"/leads/{lead_id}/notes/{note_id}", {"params": {"text": "Б"}})
    assert api.post(f"/leads/{lead_id}/notes/{note_id}/pin", None) == (204, None)
    shown = api.get(f"/leads/{lead_id}/notes/{note_id}?with=is_pinned")
    assert (shown["params"]["text"], shown["is_pinned"]) == ("Б", True)
    api.post(f"/leads/{lead_id}/notes/{note_id}/unpin", None)
    assert api.get(f"/leads/{lead_id}/notes/{note_id}?with=is_pinned")["is_pinned"] is False


def test_delete_of_a_note_is_405(api):
    assert api("DELETE", "/leads/1/notes/1") == (405, None)
