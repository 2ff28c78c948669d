"""The seeded account: the same every time, and like the real thing."""

import re
from collections import Counter
from itertools import cycle
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.amocrm.sandbox import Sandbox
from integrations.amocrm.sandbox.seed import plan, sizes
from integrations.amocrm.sandbox.values import TYPES
from tests.integrations.amocrm.sandbox.conftest import NOW, Client

DAY = 86400
STAGES = ["Расчёт с сайта", "Первичный контакт", "Отправлен расчёт", "Заключение договора"]


@pytest.fixture(scope="module")
def big():
    box = Sandbox(contacts=2000, deals=3000, limits=False, now=NOW)
    box.clock = lambda: NOW
    return box


@pytest.fixture(scope="module")
def leads(big):
    return list(big.store.entities["leads"].values())


@pytest.fixture(scope="module")
def contacts(big):
    return list(big.store.entities["contacts"].values())


def value(box, entity, name):
    field = next(field for field in box.store.fields[entity.kind].values() if field.name == name)
    return entity.values.get(field.id)


def pages(box):
    paths = [
        "/leads?with=contacts,loss_reason",
        "/contacts",
        "/companies",
        "/tasks",
        "/leads/notes",
        "/events",
        "/users",
    ]
    return [Client(box).raw("GET", path).body for path in paths]


def test_same_seed_and_moment_give_the_same_bytes():
    one, two, other = (Sandbox(contacts=30, deals=40, seed=seed, limits=False, now=NOW) for seed in (5, 5, 6))
    assert pages(one) == pages(two)
    assert pages(one) != pages(other)


def test_sizes_are_as_asked(leads, contacts):
    assert (len(leads), len(contacts)) == (3000, 2000)


@pytest.mark.parametrize(("contacts", "deals"), [(0, 0), (1, 0), (1, 5), (5, 1), (3, 50), (100, 2000), (13, 1000)])
def test_odd_sizes_work(contacts, deals, turns_are_counted):
    box = Sandbox(contacts=contacts, deals=deals, now=NOW)
    assert (len(box.store.entities["contacts"]), len(box.store.entities["leads"])) == (contacts, deals)


@pytest.fixture(scope="module")
def turns_are_counted():
    """Going round the people in search of somebody ends sooner or later."""

    class Counted(cycle):
        turns = 0

        def __next__(self):
            self.turns += 1
            assert self.turns < 10_000
            return super().__next__()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "cycle", Counted)
        yield


@given(contacts=st.integers(1, 120), deals=st.integers(0, 1500), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_any_number_of_deals_finds_its_people(turns_are_counted, contacts, deals, seed):
    intents = plan.intents(Random(seed), contacts, deals)
    assert len(intents) == deals
    assert {intent.person for intent in intents} <= set(range(contacts))


def test_everybody_knows_their_own_deals(big, leads, contacts):
    of_contacts = Counter((person, lead.id) for lead in leads for person in lead.contacts)
    assert Counter((contact.id, lead) for contact in contacts for lead in contact.leads) == of_contacts
    of_firms = {(lead.company, lead.id) for lead in leads if lead.company}
    assert {(firm.id, lead) for firm in big.store.entities["companies"].values() for lead in firm.leads} == of_firms


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ({"contacts": 0, "deals": 10}, "Сделке нужен контакт"),
        ({"contacts": -1, "deals": 0}, "не может быть меньше нуля"),
        ({"contacts": 99999999999999999999}, "Стенд вмещает до 300000 "),
        ({"deals": 99999999999999999999}, "Стенд вмещает до 300000 "),
        ({"seed": -99999999999999999999}, "до 18 знаков"),
    ],
)
def test_what_cannot_be_planted_is_refused_in_words(size, told):
    with pytest.raises(sizes.Unplantable, match=told):
        Sandbox(**size)


def test_pipelines_are_those_of_a_cottage_builder(big):
    main = big.store.main_pipeline()
    assert main.name == "Строительство коттеджей"
    assert [status.name for status in main.ordered() if status.is_editable] == STAGES
    other = next(p for p in big.store.pipelines.values() if p is not main)
    assert (other.name, len([s for s in other.statuses.values() if s.is_editable])) == ("Сервис и гарантия", 3)


def test_most_open_deals_hang_after_the_offer(big, leads):
    stuck = next(s.id for s in big.store.main_pipeline().statuses.values() if s.name == "Отправлен расчёт")
    opened = [lead for lead in leads if lead.status_id not in (142, 143)]
    assert 0.55 < sum(lead.status_id == stuck for lead in opened) / len(opened) < 0.65


def test_shares_of_won_and_lost(leads):
    ends = Counter(lead.status_id for lead in leads)
    assert (round(ends[142] / 3000, 2), round(ends[143] / 3000, 2)) == (0.09, 0.30)
    lost = [lead for lead in leads if lead.status_id == 143]
    assert 0.02 < sum(lead.loss_reason_id is None for lead in lost) / len(lost) < 0.09
    assert {lead.loss_reason_id for lead in lost} - {None} == set(Sandbox(contacts=1, deals=0).store.loss_reasons)


def test_every_kind_of_client_is_there(big, leads, contacts):
    wins = Counter(lead.main for lead in leads if lead.status_id == 142)
    monthly = Counter(lead.main for lead in leads if lead.status_id == 142 and lead.closed_at > NOW - 190 * DAY)
    reasons = {reason.id: reason.name for reason in big.store.loss_reasons.values()}
    junk = {lead.main for lead in leads if reasons.get(lead.loss_reason_id) in ("Нецелевое обращение", "Нет участка")}
    kinds = {
        "vip": any(
            lead.price > 10_000_000 and lead.closed_at > NOW - 365 * DAY for lead in leads if lead.status_id == 142
        ),
        "regular": any(count >= 6 for count in monthly.values()),
        "periodic": any(2 <= count <= 4 for count in wins.values()),
        "one_off": any(count == 1 for count in wins.values()),
        "low_quality": bool(junk),
        "refused": any(lead.loss_reason_id and lead.main not in junk and lead.main not in wins for lead in leads),
        "in_work": any(lead.status_id not in (142, 143) and lead.main not in wins for lead in leads),
        "new": any(not contact.leads and contact.created_at > NOW - 30 * DAY for contact in contacts),
    }
    assert all(kinds.values()), kinds


def test_history_agrees_with_the_present(big, leads):
    stages = {}
    for event in big.store.events:
        if event.type == "lead_status_changed":
            if event.entity_id in stages:
                assert event.before == stages[event.entity_id][0]
            stages[event.entity_id] = (event.after, event.created_at)
    for lead in leads:
        if lead.id in stages:
            assert stages[lead.id][0] == (lead.status_id, lead.pipeline_id)
        if lead.closed_at:
            assert stages[lead.id][1] == lead.closed_at


def test_history_has_skips_returns_and_moves_between_pipelines(big):
    order = [status.id for status in big.store.main_pipeline().ordered()]
    moves = [(event.before, event.after) for event in big.store.events if event.type == "lead_status_changed"]
    steps = {order.index(new[0]) - order.index(old[0]) for old, new in moves if {old[0], new[0]} <= set(order[:-2])}
    assert {1, 2, -1} <= steps
    assert any(old[1] != new[1] for old, new in moves)


def test_some_open_deals_have_come_back_and_stand_there(big, leads):
    order = [status.id for status in big.store.main_pipeline().ordered()]
    last = {event.entity_id: event for event in big.store.events if event.type == "lead_status_changed"}
    back = [
        lead
        for lead in leads
        if lead.status_id in order[:-2]
        and (event := last.get(lead.id))
        and event.before[0] in order
        and order.index(event.before[0]) > order.index(event.after[0])
    ]
    assert len(back) > 20


def test_who_called_by_mistake_has_no_open_deal_of_their_own(big, leads):
    junk = {reason.id for reason in big.store.loss_reasons.values() if reason.name == "Нецелевое обращение"}
    strangers = {lead.main for lead in leads if lead.loss_reason_id in junk}
    assert strangers
    assert not strangers & {lead.main for lead in leads if lead.status_id not in (142, 143)}


def test_some_who_bought_several_times_have_fallen_asleep(leads):
    won = [lead for lead in leads if lead.status_id == 142]
    latest = {}
    for lead in won:
        latest[lead.main] = max(latest.get(lead.main, 0), lead.closed_at)
    times = Counter(lead.main for lead in won)
    assert sum(times[who] > 1 and latest[who] < NOW - 340 * DAY for who in times) > 3


def test_nothing_happens_in_the_future_or_before_its_beginning(big, leads, contacts):
    assert all(lead.created_at <= (lead.closed_at or lead.updated_at) <= NOW for lead in leads)
    created = {contact.id: contact.created_at for contact in contacts}
    assert all(created[lead.main] < lead.created_at for lead in leads)
    assert max(event.created_at for event in big.store.events) <= NOW
    assert max(note.created_at for note in big.store.notes["leads"].values()) <= NOW


def test_deals_are_named_and_priced_like_houses(leads):
    assert all(re.fullmatch(r"[А-ЯЁа-яё ]+, \d+\u00a0м²", lead.name) for lead in leads)
    assert all(lead.price % 10_000 == 0 for lead in leads)


def test_some_deals_have_several_people_and_the_main_is_not_always_first(leads):
    many = [lead for lead in leads if len(lead.contacts) > 1]
    assert 0.07 < len(many) / len(leads) < 0.15
    assert any(lead.contacts[0] != lead.main for lead in many)


def test_people_have_russian_names_with_the_right_endings(contacts):
    women = {"Анна", "Ольга", "Мария", "Татьяна", "Елена", "Ирина", "Алёна"}
    for contact in contacts:
        if contact.first_name in women and re.search("(ов|ев|ёв|ин|ский)$", contact.last_name):
            pytest.fail(contact.name)
    assert any("ё" in contact.name for contact in contacts)


def test_mail_and_phones_are_as_people_leave_them(big, contacts):
    mails = [value(big, contact, "Email") for contact in contacts]
    addresses = Counter(items[0][0] for items in mails if items)
    assert 0.05 < mails.count(None) / len(mails) < 0.11
    assert all(address.endswith(".example") for address in addresses)
    assert set(addresses.values()) == {1, 2}
    phones = [value(big, contact, "Телефон") or () for contact in contacts]
    assert any(items and items[0][0].startswith("8 (9") for items in phones)
    assert 0.08 < sum(len(items) == 2 for items in phones) / len(phones) < 0.16
    consents = [value(big, contact, "Согласие на рассылку") for contact in contacts]
    assert 0.65 < consents.count(True) / len(consents) < 0.75


def test_tasks_are_overdue_due_today_ahead_and_done(big):
    tasks = list(big.store.tasks.values())
    opened = [task.complete_till for task in tasks if not task.is_completed]
    evening = (NOW + 3 * 3600) // DAY * DAY + 21 * 3600
    assert any(till < NOW for till in opened)
    assert any(NOW <= till < evening for till in opened)
    assert any(till > evening for till in opened)
    assert all(task.result for task in tasks if task.is_completed)
    assert {till % 1800 for till in opened} <= {0, 1740}  # on the half hour, or the whole day: a minute to midnight
    assert {(till + 3 * 3600) % DAY for till in opened if till % 1800} == {DAY - 60}


def test_nobody_works_at_night(big):
    done = [task.updated_at for task in big.store.tasks.values() if task.is_completed]
    assert sum(not 9 <= (at + 3 * 3600) % DAY / 3600 <= 19 for at in done) < len(done) / 20


def test_call_that_was_answered_ends_with_words_said_in_a_call(big):
    calls = [note.params for note in big.store.notes["leads"].values() if note.note_type in ("call_in", "call_out")]
    results = {params["call_result"] for params in calls if params["duration"]}
    assert results.isdisjoint({"Недозвон", "Отправлено"})
    assert len(results) == 5


def test_every_type_of_note_is_there(big):
    types = {note.note_type for note in big.store.notes["leads"].values()}
    assert types == {"common", "call_in", "call_out", "amomail_message", "sms_out", "service_message"}
    assert big.store.notes["contacts"]
    assert big.store.notes["companies"]


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies"])
def test_every_field_is_filled_somewhere_and_every_type_has_a_field(big, kind):
    filled = {field_id for entity in big.store.entities[kind].values() for field_id in entity.values}
    assert filled == set(big.store.fields[kind])
    assert {field.type for field in big.store.fields[kind].values()} <= TYPES[kind]


def test_consent_has_a_code_to_find_it_by(big):
    assert big.store.field_coded("contacts", "MAIL_CONSENT").type == "checkbox"
