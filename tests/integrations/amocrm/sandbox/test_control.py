"""The control plane: looking inside, changing rules, being the human in the CRM."""

import pytest


@pytest.fixture
def control(api):
    def call(method, name, body=None):
        return api(method, f"/__sandbox__/{name}", body)

    return call


def test_state_counts_what_is_there(box, control):
    status, state = control("GET", "state")
    assert (status, state["counts"]["leads"], state["counts"]["contacts"]) == (200, 60, 40)
    assert sum(state["leads_by_status"].values()) == 60
    assert state["now"] == box.now()


def test_reset_brings_the_seeded_account_back(box, api, control):
    before = api.raw("GET", "/leads?limit=250").body
    api.lead()
    control("POST", "flags", {"filters_enabled": False})
    assert control("POST", "reset")[1]["counts"]["leads"] == 60
    assert api.raw("GET", "/leads?limit=250").body == before
    assert box.flags.filters_enabled is True
    assert control("POST", "reset", {"deals": 10, "seed": 2})[1]["counts"]["leads"] == 10


@pytest.mark.parametrize("size", [{"contacts": 0}, {"deals": 10**20}, {"deals": -1}, {"seed": 10**20}])
def test_a_size_that_cannot_be_planted_changes_nothing(box, control, size):
    told = []
    box.wrote = lambda *write: told.append(write)
    before = control("GET", "state")[1]
    assert control("POST", "reset", size)[0] == 400
    assert (control("GET", "state")[1]["size"], told) == (before["size"], [])


def test_flags_are_set_and_checked(box, control):
    status, flags = control("POST", "flags", {"ban_seconds": 5, "html_429": True})
    assert (status, flags["ban_seconds"], box.flags.html_429) == (200, 5, True)
    for wrong in ({"nonsense": 1}, {"limits": 1}, {"ban_seconds": True}):
        assert control("POST", "flags", wrong)[0] == 400


@pytest.mark.parametrize("seconds", [10**12, -(10**12), 1e300, "5", None])
def test_time_stays_within_this_century(box, control, seconds):
    before = box.now()
    assert control("POST", "time", {"advance": seconds})[0] == 400
    assert box.now() == before


def test_time_moves_forward(box, api, control):
    before = box.now()
    assert control("POST", "time", {"advance": 3600})[1] == {"now": before + 3600}
    assert api.get(f"/leads/{api.lead()}")["created_at"] == before + 3600


def test_person_moves_a_lead(box, api, control, stage):
    lead_id, person = api.lead(), list(box.store.users)[3]
    status, _ = control("POST", "edit", {"action": "move", "id": lead_id, "status_id": 142, "user_id": person})
    lead = api.get(f"/leads/{lead_id}")
    assert (status, lead["status_id"], lead["updated_by"]) == (200, 142, person)
    assert api.events("lead_status_changed")[0]["created_by"] == person


def test_person_creates_patches_notes_and_assigns(box, api, control):
    _, made = control("POST", "edit", {"action": "create", "entity": "contacts", "data": {"name": "Яна"}})
    contact_id = made["_embedded"]["contacts"][0]["id"]
    edits = (
        {"action": "patch", "data": {"name": "Ян"}},
        {"action": "note", "text": "Звонила"},
        {"action": "task", "text": "Перезвонить"},
    )
    for edit in edits:
        assert control("POST", "edit", edit | {"entity": "contacts", "id": contact_id})[0] == 200
    assert api.get(f"/contacts/{contact_id}")["name"] == "Ян"
    assert api.items(f"/contacts/{contact_id}/notes", "notes")[0]["params"] == {"text": "Звонила"}
    [task] = api.items(f"/tasks?filter[entity_type]=contacts&filter[entity_id]={contact_id}", "tasks")
    assert control("POST", "edit", {"action": "complete_task", "id": task["id"], "result": "Готово"})[0] == 200
    assert api.get(f"/tasks/{task['id']}")["result"] == {"text": "Готово"}


def test_person_links_and_unlinks(api, control):
    lead_id, contact_id = api.lead(), api.contact()
    edit = {"entity": "leads", "id": lead_id, "data": {"to_entity_id": contact_id, "to_entity_type": "contacts"}}
    control("POST", "edit", edit | {"action": "link"})
    assert len(api.items(f"/leads/{lead_id}/links", "links")) == 1
    control("POST", "edit", edit | {"action": "unlink"})
    assert api.items(f"/leads/{lead_id}/links", "links") == []


@pytest.mark.parametrize(
    "edit",
    [
        {},
        {"action": "explode"},
        {"action": "delete", "entity": "leads", "id": 7},
        {"action": "patch", "entity": "leads", "id": 7, "data": {"name": "А"}},
        {"action": "move"},
    ],
)
def test_impossible_edit_is_400_with_a_reason(control, edit):
    status, body = control("POST", "edit", edit)
    assert status == 400
    assert body["error"]


def test_requests_are_logged(api, control):
    api.get("/leads?limit=1")
    last = control("GET", "requests")[1]["requests"][-1]
    assert (last["method"], last["path"], last["status"]) == ("GET", "/api/v4/leads?limit=1", 200)


def test_unknown_control_is_404_and_nothing_of_it_is_under_the_api(api, control):
    assert control("GET", "nothing")[0] == 404
    assert api("GET", "/__sandbox__")[0] == 404
    assert api("GET", "/state")[0] == 404


def test_edits_need_no_budget_and_no_token(box, control):
    box.flags.limits = True
    assert {
        control("POST", "edit", {"action": "create", "entity": "leads", "data": {"name": "А"}})[0] for _ in range(20)
    } == {200}
    assert box.handle("GET", "/__sandbox__/state", {}, b"").status == 200
