"""The stand-in keeps what was written to it: planted and told again, it is the same account."""

from pathlib import Path

import pytest

from integrations.amocrm.sandbox.journal import Journal, Unusable

from ..conftest import new_sandbox
from .conftest import NOW, Client

SIZE = {"contacts": 20, "deals": 20, "seed": 3, "now": NOW}
LATER = NOW + 5000  # what the clock shows to who starts without a moment


@pytest.fixture
def file(tmp_path):
    return tmp_path / "stand.jsonl"


@pytest.fixture
def start(file):
    """Start the stand-in over the same file, the one before is gone; → a client and what it said."""
    running = []

    def stop():
        for box, journal in running:
            box.close()
            journal.close()
        running.clear()

    def start(**other):
        stop()
        asked = SIZE | other
        now = asked.pop("now")
        journal = Journal(file)
        running.append((new_sandbox(**asked, now=journal.planted_at(now, **asked) or LATER), journal))
        box = running[-1][0]
        return Client(box), journal.keep(box)

    yield start
    stop()


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


def test_without_a_moment_it_is_planted_as_of_the_one_in_the_file(start):
    api, _ = start()
    write_all_sorts(api)
    again, said = start(now=None)
    assert (rows(again), said) == (rows(api), "")


def test_the_first_start_without_a_moment_is_kept_too(start, monkeypatch):
    api, _ = start(now=None)
    write_all_sorts(api)
    monkeypatch.setattr(f"{__name__}.LATER", LATER + 60)
    again, said = start(now=None)
    assert (rows(again), said) == (rows(api), "")


@pytest.mark.parametrize("other", [{"contacts": 21}, {"seed": 4}, {"now": NOW + 1}])
def test_another_account_begins_anew_and_what_was_kept_is_put_aside(start, file, other):
    write_all_sorts(start()[0])
    before = file.read_bytes()
    api, said = start(**other)
    aside = file.with_name("stand.jsonl.1")
    assert (aside.read_bytes(), str(aside) in said, "начинаю заново" in said) == (before, True, True)
    assert (rows(start(**other)[0]), start(**other)[1]) == (rows(api), "")
    start()
    assert file.with_name("stand.jsonl.2").exists()
    assert aside.read_bytes() == before


@pytest.mark.parametrize(
    "somebodys",
    ["Позвонить Марии\n", "\n", "{}", "5\n", '{"version":1}\n', '{"version": "2",\n "name": "x"}\n', "\x00\n"],
)
def test_a_file_of_somebody_is_refused_and_stays_as_it_is(start, file, somebodys):
    file.write_text(somebodys)
    with pytest.raises(Unusable, match="не запись стенда"):
        start()
    assert file.read_text() == somebodys


@pytest.mark.parametrize("beginning", ["", '{"ver', '{"version":1,"contacts":20,"de'])
def test_an_empty_file_or_a_torn_head_is_begun(start, file, beginning):
    file.write_text(beginning)
    api, _ = start()
    write_all_sorts(api)
    assert rows(start()[0]) == rows(api)


@pytest.mark.parametrize(
    ("place", "told"),
    [("", "это каталог"), ("none/stand.jsonl", "такого каталога нет"), ("file/stand.jsonl", "это не каталог")],
)
def test_a_file_that_cannot_be_opened_is_refused(tmp_path, place, told):
    (tmp_path / "file").touch()
    with pytest.raises(Unusable, match=f": {told}. Укажите другой: --journal$"):
        Journal(tmp_path / place)


def test_a_second_stand_in_on_the_file_is_refused_and_the_first_goes_on(start, file):
    api, _ = start()
    with pytest.raises(Unusable, match="уже пишет другой стенд"):
        Journal(file)
    write_all_sorts(api)
    assert rows(start()[0]) == rows(api)


def test_what_is_not_a_file_is_refused():
    with pytest.raises(Unusable, match="не запись стенда"):
        Journal(Path("/dev/null"))


def test_write_cut_short_is_left_out_and_the_rest_stays(start, file):
    api, _ = start()
    write_all_sorts(api)
    file.write_bytes(file.read_bytes() + b'{"at": 1, "meth')
    again, said = start()
    assert "оборвана" in said
    assert rows(again) == rows(api)
    assert start()[1] == ""


@pytest.mark.parametrize(
    "broken",
    [
        b'{"at": 1, "meth',
        b"5",
        b"{}",
        b"\xff",
        b'{"at":1,"method":"POST","target":"/api/v4/leads","body":null,"user":1}',
        b'{"at":1,"method":"POST","target":"http://[","body":"","user":1}',
        b'{"at":1000000000000000,"method":"POST","target":"/api/v4/leads","body":"","user":1}',
    ],
)
def test_a_broken_line_in_the_middle_is_passed_over_and_the_rest_is_kept(start, file, broken):
    api, _ = start()
    write_all_sorts(api)
    head, first, *rest = file.read_bytes().splitlines(keepends=True)
    kept = b"".join([head, first, broken + b"\n", b"[]\n", *rest])
    file.write_bytes(kept)
    again, said = start()
    assert (rows(again), file.read_bytes()) == (rows(api), kept)
    assert said == f"Неразборчивые строки (2) пропущены и остались в файле: {file}"


def test_a_last_line_that_lacks_only_its_end_is_kept(start, file):
    api, _ = start()
    write_all_sorts(api)
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    again, said = start()
    assert (rows(again), said) == (rows(api), "")
    again.lead(name="Ещё одна")
    assert rows(start()[0]) == rows(again)


def test_a_head_that_lacks_only_its_end_is_kept(start, file):
    start()
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    api, _ = start()
    write_all_sorts(api)
    assert rows(start()[0]) == rows(api)


def test_a_clock_put_forward_is_ahead_after_a_restart(start):
    api, _ = start()
    before = api.lead()
    for seconds in (86_400, 3600):
        api.post("/__sandbox__/time", {"advance": seconds})
    write_all_sorts(api)
    ahead = api.lead()
    again, _ = start()
    assert rows(again) == rows(api)
    assert (again.box.advanced, again.box.now() >= api.box.store.find("leads", ahead).created_at) == (90_000, True)
    created = [again.box.store.find("leads", lead).created_at for lead in (before, ahead)]
    assert created[1] - created[0] >= 90_000


def test_flags_are_as_new_after_a_restart(start):
    api, _ = start()
    api.post("/__sandbox__/flags", {"html_429": True})
    assert start()[0].box.flags.html_429 is False


def test_subscriptions_are_not_kept(start):
    api, _ = start()
    api.post("/webhooks", {"destination": "http://127.0.0.1:9/in", "settings": ["update_lead"]})
    assert start()[0].box.store.webhooks == {}
