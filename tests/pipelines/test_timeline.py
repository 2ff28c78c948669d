"""pipelines.timeline: what happened with a contact or a deal, newest first, from registered sources."""

from datetime import timedelta

from pipelines.timeline import Entry, _sources, register, timeline
from tests.factories import NOW, ContactFactory, DealFactory, NoteFactory, TaskFactory, UserFactory


def at(hours: int):
    return NOW + timedelta(hours=hours)


def test_deal_shows_notes_done_tasks_and_moves_newest_first(track):
    deal, author = DealFactory(stage=track.contact, name="Баня"), UserFactory()
    NoteFactory(deal=deal, text="Думают", author=author, created_at=at(1))
    TaskFactory(deal=deal, text="Позвонить", result="Дозвонились", is_done=True, completed_at=at(2))
    TaskFactory(deal=deal, text="Ещё не сделана")
    deal.move_to(track.quote, by=author, now=at(3))
    entries = timeline(deal)
    assert [entry.kind for entry in entries] == ["visit", "task", "note", "visit"]
    assert entries[0].title == "«Первичный контакт» → «Расчёт отправлен»"
    assert (entries[1].body, entries[2].body, entries[2].author) == ("Дозвонились", "Думают", author)


def test_contact_shows_its_deals_too(track):
    person = ContactFactory()
    deal = DealFactory(stage=track.contact, name="Баня", contact=person)
    NoteFactory(deal=deal, text="О сделке", created_at=at(1))
    NoteFactory(contact=person, text="О человеке", created_at=at(2))
    NoteFactory(deal=DealFactory(stage=track.contact), text="Чужая")
    entries = timeline(person)
    assert [entry.body for entry in entries] == ["О человеке", "О сделке", ""]
    assert entries[-1].title == "Баня: создана на этапе «Первичный контакт»"


def test_call_says_how_long_it_took(track):
    deal = DealFactory(stage=track.contact, visit=False)
    NoteFactory(deal=deal, kind="call_out", params={"duration": 252, "link": "https://ats.example/4"})
    entry = timeline(deal)[0]
    assert (entry.title, entry.url) == ("Исходящий звонок, 4:12", "https://ats.example/4")


def test_timeline_pages_by_instant(track):
    deal = DealFactory(stage=track.contact, visit=False)
    for hours in range(5):
        NoteFactory(deal=deal, text=str(hours), created_at=at(hours))
    first = timeline(deal, limit=2)
    assert [entry.body for entry in first] == ["4", "3"]
    assert [entry.body for entry in timeline(deal, limit=2, before=first[-1].at)] == ["2", "1"]


def test_other_rooms_register_their_sources(track, monkeypatch):
    monkeypatch.setattr("pipelines.timeline._sources", [*_sources])
    register(lambda subject, limit, before: [Entry(at(9), "message", "mail", "Письмо отправлено")])
    assert timeline(DealFactory(stage=track.contact))[0].title == "Письмо отправлено"
