"""Lead rows of the seed, each with the history that led to its present stage."""

from collections import defaultdict
from random import Random
from typing import Any

from integrations.amocrm.sandbox.rows import CLOSED, LOST, WON, Contact, Event, Lead
from integrations.amocrm.sandbox.seed import words
from integrations.amocrm.sandbox.seed.dictionaries import REASONS, Book
from integrations.amocrm.sandbox.seed.plan import DAY, Intent, by_day
from integrations.amocrm.sandbox.state import Store
from integrations.amocrm.sandbox.values import midnight

NBSP = "\u00a0"
CATALOGUES: dict[str, Any] = {
    "house": words.HOUSES, "mansion": words.MANSIONS, "small": words.SMALL, "service": words.SERVICES,
}  # fmt: skip
REASON_WEIGHTS = (34, 12, 22, 16, 16)


class Deals:
    def __init__(self, rng: Random, store: Store, book: Book, now: int) -> None:
        self.rng, self.store, self.book, self.now = rng, store, book, now
        self.fields = book.fields["leads"]
        self._leads: dict[int, list[int]] = defaultdict(list)  # of a contact or a company

    def add(self, intent: Intent, people: list[Contact]) -> Lead:
        rng = self.rng
        _, pipeline_id, status_id = intent.steps[-1]
        responsible = people[0].responsible_user_id if rng.random() < 0.8 else rng.choice(self.book.managers)
        lead = Lead(self.store.new_id("leads"), intent.created_at, responsible)
        lead.created_by = responsible if rng.random() < 0.4 else 0
        lead.pipeline_id, lead.status_id = pipeline_id, status_id
        self._describe(lead, intent)
        self._close(lead, intent)
        self._history(lead, intent)
        self._join(lead, people)
        self.store.entities["leads"][lead.id] = lead
        return lead

    def hand_out(self) -> None:
        """Once all are there, everybody gets to know their leads."""
        for kind in ("contacts", "companies"):
            for entity_id, entity in self.store.entities[kind].items():
                entity.leads = tuple(self._leads.get(entity_id, ()))

    def _describe(self, lead: Lead, intent: Intent) -> None:
        rng = self.rng
        name, house, walls, least, most, low, high = rng.choice(CATALOGUES[intent.size])
        area = rng.randint(least, most)
        lead.name = f"{name}, {area}{NBSP}м²"
        early = lead.status_id == self.book.main[0] and rng.random() < 0.6
        lead.price = 0 if early else round(area * rng.randint(low, high), -4)
        if lead.price and intent.size == "mansion":
            lead.price = max(lead.price, 10_400_000)
        lead.source_id = rng.choice(self.book.sources)
        lead.values = self._values(lead, area, house, walls)
        if rng.random() < 0.4:
            lead.tags = tuple(rng.sample(self.book.tags["leads"], 1 if rng.random() < 0.75 else 2))

    def _values(self, lead: Lead, area: int, house: str, walls: str) -> dict[int, Any]:
        rng, fields, options = self.rng, self.fields, self.book.options
        source = self.book.sources.index(lead.source_id or 0)
        values: dict[int, Any] = {
            fields["area"].id: str(area),
            fields["house"].id: options["leads", "house"][words.HOUSE_KINDS.index(house)],
            fields["walls"].id: options["leads", "walls"][words.WALLS.index(walls)],
            fields["source"].id: options["leads", "source"][source],
        }
        if rng.random() < 0.35:
            values[fields["options"].id] = tuple(rng.sample(options["leads", "options"], rng.randint(1, 3)))
        if rng.random() < 0.5:
            values[fields["mortgage"].id] = rng.random() < 0.45
        if source == 0:
            values[fields["utm_source"].id] = rng.choice(("yandex", "vk", "organic", "telegram"))
            values[fields["utm_campaign"].id] = rng.choice(words.CAMPAIGNS)
        if rng.random() < 0.3:
            values[fields["plot"].id] = rng.choice(words.PLOTS)
            values[fields["plot_address"].id] = f"{rng.choice(words.SETTLEMENTS)}, уч. {rng.randint(1, 180)}"
        if lead.price and lead.status_id not in self.book.main[:2]:
            values |= self._offer(lead)
        return values

    def _offer(self, lead: Lead) -> dict[int, Any]:
        rng, fields = self.rng, self.fields
        values: dict[int, Any] = {}
        if rng.random() < 0.7:
            values[fields["estimate"].id] = f"https://smeta.domuozera.example/{lead.id}"
        if rng.random() < 0.5:
            values[fields["cost"].id] = f"{(lead.price or 0) * rng.uniform(0.68, 0.85):.2f}"
        if rng.random() < 0.25:
            moment = lead.created_at + int(20 * DAY * rng.random())
            values[fields["meeting_at"].id] = by_day(moment) // 1800 * 1800
            values[fields["visit_on"].id] = midnight(moment)
        if lead.status_id == WON:
            values |= self._contract(lead)
        return values

    def _contract(self, lead: Lead) -> dict[int, Any]:
        rng, fields = self.rng, self.fields
        number = f"Д-{lead.id % 10_000:04}"
        values: dict[int, Any] = {fields["contract"].id: number}
        if rng.random() < 0.4:
            uuid = f"{rng.getrandbits(128):032x}"
            scan = {"file_uuid": uuid, "version_uuid": uuid, "file_name": f"{number}.pdf", "file_size": 480_112}
            values[fields["contract_file"].id] = scan
        if rng.random() < 0.3:
            values[fields["materials"].id] = ((5501, rng.randint(1, 40)),)
        return values

    def _close(self, lead: Lead, intent: Intent) -> None:
        last, rng = intent.steps[-1][0], self.rng
        lead.updated_by = lead.responsible_user_id
        lead.updated_at = last + int((self.now - last) * rng.random() ** 4 * 0.6)
        if lead.status_id in CLOSED:
            lead.closed_at = last
            lead.updated_at = min(last + int(2 * DAY * rng.random() ** 3), self.now)
        if lead.status_id == LOST and rng.random() > 0.05:
            reasons = REASONS[5:] if intent.end == "junk" else REASONS[:5]
            weights = (30, 70) if intent.end == "junk" else REASON_WEIGHTS
            lead.loss_reason_id = self.book.reasons[rng.choices(reasons, weights)[0]]

    def _history(self, lead: Lead, intent: Intent) -> None:
        record, rng = self.store.events.append, self.rng
        record(Event("lead_added", "lead", lead.id, lead.created_by, lead.created_at))
        for (_, *before), (at, *after) in zip(intent.steps, intent.steps[1:], strict=False):
            old, new = (before[1], before[0]), (after[1], after[0])
            if old != new:
                record(Event("lead_status_changed", "lead", lead.id, lead.responsible_user_id, at, old, new))
        if rng.random() < 0.1:
            former = rng.choice([user for user in self.book.managers if user != lead.responsible_user_id])
            at = rng.randint(lead.created_at, intent.steps[-1][0])
            new_owner = lead.responsible_user_id
            record(Event("entity_responsible_changed", "lead", lead.id, former, at, former, new_owner))

    def _join(self, lead: Lead, people: list[Contact]) -> None:
        """The first of `people` is the main one, whatever place it has in the list."""
        lead.main = people[0].id
        lead.contacts = tuple(sorted(contact.id for contact in people))
        for contact in people:
            self._leads[contact.id].append(lead.id)
        if people[0].company and self.rng.random() < 0.8:
            lead.company = people[0].company
            self._leads[lead.company].append(lead.id)
