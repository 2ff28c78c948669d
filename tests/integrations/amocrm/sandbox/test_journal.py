"""The stand-in keeps what was written to it: planted and told again, it is the same account."""

import pytest

from integrations.amocrm.sandbox import journal

from ..conftest import new_sandbox
from .conftest import NOW, Client

SIZE = {"contacts": 20, "deals": 20, "seed": 3, "now": NOW}


@pytest.fixture
def start(tmp_path):
    """Start the stand-in over the same file; → a client and what it said."""
    boxes = []

    def start(**other):
        box = new_sandbox(**(SIZE | other))
        boxes.append(box)
        return Client(box), journal.keep(box, tmp_path / "stand.jsonl")

    yield start
    for box in boxes:
        box.close()


def rows(api: Client) -> dict:
    store = api.box.store
    kept = {kind: api.every(f"/{kind}", kind) for kind in ("leads", "contacts", "companies", "tasks", "events")}
    return kept | {
        "ids": dict(store.next_ids),
        "notes": len(store.notes["contacts"]),
        "trash": list(store.trash["leads"]),
    }


def write_all_sorts(api: Client) -> None:
    lead, gone, contact = api.lead(name="Баня"), api.lead(), api.contact()
    stages = next(iter(api.box.store.pipelines.values())).ordered()
    api.patch("/leads", [{"id": lead, "status_id": stages[2].id}])
    api.patch("/contacts", [{"id": contact, "tags_to_add": [{"name": "Молчат"}]}])
    api.post(f"/contacts/{contact}/notes", [{"note_type": "common", "params": {"text": "Ждёт смету"}}])
    api.patch("/leads", [{"id": 1, "name": "Нет такой"}, {"id": lead, "name": "Баня 6×4"}])
    api.post("/__sandbox__/edit", {"action": "delete", "entity": "leads", "id": gone})


def test_what_was_written_is_there_after_a_restart(start):
    api, said = start()
    write_all_sorts(api)
    again, said_again = start()
    assert rows(again) == rows(api)
    assert (said, said_again) == ("", "")
    again.lead(name="Ещё одна")
    assert rows(start()[0]) == rows(again)


def test_another_size_begins_anew_and_says_so(start):
    write_all_sorts(start()[0])
    api, said = start(contacts=21)
    assert "начинаю заново" in said
    assert rows(start(contacts=21)[0]) == rows(api)


def test_write_cut_short_is_left_out_and_the_rest_stays(start, tmp_path):
    api, _ = start()
    write_all_sorts(api)
    file = tmp_path / "stand.jsonl"
    file.write_bytes(file.read_bytes() + b'{"at": 1, "meth')
    again, said = start()
    assert "оборвана" in said
    assert rows(again) == rows(api)
    assert start()[1] == ""


def test_subscriptions_are_not_kept(start):
    api, _ = start()
    api.post("/webhooks", {"destination": "http://127.0.0.1:9/in", "settings": ["update_lead"]})
    assert start()[0].box.store.webhooks == {}
