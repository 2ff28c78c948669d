"""pipelines.timeline: what happened with a contact or a deal, newest first, from registered sources."""

from datetime import timedelta

from crmseg.accounts.models import Role
from pipelines.timeline import Entry, _sources, register, timeline
from tests.factories import NOW, ContactFactory, DealFactory, NoteFactory, TaskFactory, UserFactory


def head():
    return UserFactory(role=Role.HEAD)


def at(hours: int):
    return NOW + timedelta(hours=hours)


def test_deal_shows_notes_done_tasks_and_moves_newest_first(track):
    deal, author = DealFactory(stage=track.contact, name="Баня"), UserFactory()
    NoteFactory(deal=deal, text="Думают", author=author, created_at=at(1))
    TaskFactory(deal=deal, text="Позвонить", result="Дозвонились", is_done=True, completed_at=at(2))
    TaskFactory(deal=deal, text="Ещё не сделана")
    deal.move_to(track.quote, by=author, now=at(3))
    entries = timeline(deal, head())
    assert [entry.kind for entry in entries] == ["visit", "task", "note", "visit"]
    assert entries[0].title == "«Первичный контакт» → «Расчёт отправлен»"
    assert (entries[1].body, entries[2].body, entries[2].author) == ("Дозвонились", "Думают", author)


def test_contact_shows_its_deals_too(track):
    person = ContactFactory()
    deal = DealFactory(stage=track.contact, name="Баня", contact=person)
    NoteFactory(deal=deal, text="О сделке", created_at=at(1))
    NoteFactory(contact=person, text="О человеке", created_at=at(2))
    NoteFactory(deal=DealFactory(stage=track.contact), text="Чужая")
    entries = timeline(person, head())
    assert [entry.body for entry in entries] == ["О человеке", "О сделке", ""]
    assert entries[-1].title == "Баня: создана на этапе «Первичный контакт»"


def test_call_says_how_long_it_took(track):
    deal = DealFactory(stage=track.contact, visit=False)
    NoteFactory(deal=deal, kind="call_out", params={"duration": 252, "link": "https://ats.example/4"})
    entry = timeline(deal, head())[0]
    assert (entry.title, entry.url) == ("Исходящий звонок, 4\xa0мин 12\xa0с", "https://ats.example/4")


def test_call_nobody_answered_has_no_length(track):
    deal = DealFactory(stage=track.contact, visit=False)
    NoteFactory(deal=deal, kind="call_out", text="Не взял трубку", params={"duration": 0})
    assert timeline(deal, head())[0].title == "Исходящий звонок"


def test_timeline_pages_by_instant(track):
    deal = DealFactory(stage=track.contact, visit=False)
    for hours in range(5):
        NoteFactory(deal=deal, text=str(hours), created_at=at(hours))
    first = timeline(deal, head(), limit=2)
    assert [entry.body for entry in first] == ["4", "3"]
    assert [entry.body for entry in timeline(deal, head(), limit=2, before=first[-1].at)] == ["2", "1"]


def test_other_rooms_register_their_sources(track, monkeypatch):
    monkeypatch.setattr("pipelines.timeline._sources", [*_sources])
    register(lambda subject, viewer, limit, before: [Entry(at(9), "message", "mail", "Письмо отправлено")])
    assert timeline(DealFactory(stage=track.contact), head())[0].title == "Письмо отправлено"


def test_manager_reads_nothing_of_a_colleagues_deal_with_the_same_person(track):
    manager, person = UserFactory(), ContactFactory()
    own = DealFactory(stage=track.contact, contact=person, responsible=manager, name="Своя", visit=False)
    other = DealFactory(stage=track.contact, contact=person, responsible=UserFactory(), name="Чужая")
    NoteFactory(deal=own, text="О своей")
    NoteFactory(contact=person, text="О человеке")
    NoteFactory(deal=other, text="О чужой")
    TaskFactory(deal=other, text="Чужая задача", is_done=True, completed_at=at(2))
    assert {entry.body for entry in timeline(person, manager)} == {"О своей", "О человеке"}
    assert len(timeline(person, head())) == 5
