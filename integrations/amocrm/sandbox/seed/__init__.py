"""Builds the account a sandbox starts with. The same seed, sizes and `now` give the same bytes.

Intents first (who buys what, when), then people by the date of their first deal, then deals with their
history, then the work on them; at last the feed is put in order of time.
"""

import gc
from operator import attrgetter
from random import Random

from integrations.amocrm.sandbox.rows import SINGULAR, Company, Contact, Event
from integrations.amocrm.sandbox.seed import dictionaries, plan, sizes
from integrations.amocrm.sandbox.seed.deals import Deals
from integrations.amocrm.sandbox.seed.people import People, companies
from integrations.amocrm.sandbox.seed.plan import DAY, Intent
from integrations.amocrm.sandbox.seed.work import Work
from integrations.amocrm.sandbox.state import Store


def plant(*, contacts: int, deals: int, seed: int, now: int) -> Store:
    sizes.check(contacts=contacts, deals=deals, seed=seed)
    was_enabled = gc.isenabled()
    gc.disable()  # a million small objects that all stay: collecting meanwhile only costs time
    try:
        return _plant(contacts, deals, seed, now)
    finally:
        if was_enabled:
            gc.enable()


def _plant(contacts: int, deals: int, seed: int, now: int) -> Store:
    store = Store()
    book = dictionaries.write(store, now)
    rng = Random(f"{seed}/intents")  # noqa: S311
    intents = plan.intents(rng, contacts, deals) if contacts else []
    for intent in intents:
        plan.walk(rng, book, intent, now)
    plan.turn_back(book, intents)
    intents.sort(key=lambda intent: intent.created_at)
    firms = companies(Random(f"{seed}/companies"), store, book, max(contacts * 12 // 100, 1), now)  # noqa: S311
    people = _people(store, book, contacts, intents, firms, (seed, now))
    _deals(store, book, intents, people, (seed, now))
    _greet(store)
    store.events.sort(key=attrgetter("created_at"))
    return store


def _people(
    store: Store,
    book: dictionaries.Book,
    count: int,
    intents: list[Intent],
    firms: list[Company],
    era: tuple[int, int],
) -> list[Contact]:
    """By their number in the plan; ids follow the time they came, just before their first deal."""
    seed, now = era
    rng = Random(f"{seed}/people")  # noqa: S311
    came: dict[int, int] = {}
    for intent in intents:
        came.setdefault(intent.person, intent.created_at - 5)
    for person in range(count):
        if person not in came:
            came[person] = now - int(DAY * (30 * rng.random() if rng.random() < 0.5 else 700 * rng.random())) - 60
    makers = People(rng, store, book, now)
    people: dict[int, Contact] = {}
    for person in sorted(came, key=lambda number: (came[number], number)):
        company = rng.choice(firms) if rng.random() < 0.15 else None
        people[person] = makers.add(came[person], rng.choice(book.managers), company)
    return [people[person] for person in range(count)]


def _deals(
    store: Store, book: dictionaries.Book, intents: list[Intent], people: list[Contact], era: tuple[int, int]
) -> None:
    seed, now = era
    rng = Random(f"{seed}/deals")  # noqa: S311
    deals, work = Deals(rng, store, book, now), Work(rng, store, book, now)
    for intent in intents:
        party = [people[intent.person]]
        if rng.random() < 0.12:
            party += [someone for someone in rng.sample(people, min(rng.randint(1, 2), len(people)))
                      if someone is not party[0] and someone.created_at <= intent.created_at]  # fmt: skip
        lead = deals.add(intent, party)
        work.leave_on(lead, party[0])
        party[0].updated_at = max(party[0].updated_at, min(lead.created_at + 90, now))
    deals.hand_out()
    for kind in ("contacts", "companies"):
        for entity in store.entities[kind].values():
            work.know(kind, entity)


def _greet(store: Store) -> None:
    """Everybody's arrival is in the feed too."""
    for kind in ("contacts", "companies"):
        for entity in store.entities[kind].values():
            singular = SINGULAR[kind]
            store.events.append(Event(f"{singular}_added", singular, entity.id, entity.created_by, entity.created_at))
