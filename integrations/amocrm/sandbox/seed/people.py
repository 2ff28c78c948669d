"""Contacts and companies of the seed: names with the right endings, phones as people type them, shared mailboxes."""

from random import Random
from typing import Any

from integrations.amocrm.sandbox.rows import Company, Contact
from integrations.amocrm.sandbox.seed import names, words
from integrations.amocrm.sandbox.seed.dictionaries import Book
from integrations.amocrm.sandbox.state import Store
from integrations.amocrm.sandbox.values import midnight

DAY = 86400
UNCHANGED = ("ко", "юк", "ук", "ян", "ых", "их", "ман")
PHONE_SHAPES = (
    "+7{0}{1}{2}{3}", "8 ({0}) {1}-{2}-{3}", "+7 ({0}) {1}-{2}-{3}", "8{0}{1}{2}{3}", "+7 {0} {1} {2} {3}",
    "7{0}{1}{2}{3}", "8-{0}-{1}-{2}-{3}", "{0} {1} {2} {3}",
)  # fmt: skip


def feminine(surname: str) -> str:
    if surname.endswith(UNCHANGED):
        return surname
    if surname.endswith(("ий", "ой")):
        return surname[:-2] + "ая"
    return surname + "а"


def latin(text: str) -> str:
    return "".join(words.TRANSLIT.get(letter, "") for letter in text.lower())


def phone(rng: Random) -> str:
    number = 9_000_000_000 + int(999_999_999 * rng.random())
    digits = str(number)
    shape = PHONE_SHAPES[int(len(PHONE_SHAPES) * rng.random())]
    return shape.format(digits[:3], digits[3:6], digits[6:8], digits[8:])


class Mailboxes:
    """One address per person; a name met before gets a number."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def new(self, rng: Random, first: str, last: str) -> str:
        local = latin(last) if rng.random() < 0.3 else f"{latin(first)}.{latin(last)}"
        count = self._taken[local] = self._taken.get(local, 0) + 1
        domain = words.MAIL_DOMAINS[int(len(words.MAIL_DOMAINS) * rng.random())]
        return f"{local}{count if count > 1 else ''}@{domain}"


class People:
    def __init__(self, rng: Random, store: Store, book: Book, now: int) -> None:
        self.rng, self.store, self.book, self.now = rng, store, book, now
        self.fields = book.fields["contacts"]
        self.phone_enums = list(self.fields["phone"].enums)
        self.email_enums = list(self.fields["email"].enums)
        self.mailboxes = Mailboxes()
        self.spouse: tuple[str, bool, str] | None = None  # surname, is a woman, shared mailbox

    def add(self, created_at: int, responsible: int, company: Company | None) -> Contact:
        rng = self.rng
        contact = Contact(self.store.new_id("contacts"), created_at, responsible)
        contact.created_by = responsible if rng.random() < 0.6 else 0
        contact.updated_by = responsible
        is_woman, surname, shared = self._who()
        first = rng.choice(names.WOMEN if is_woman else names.MEN)
        last = feminine(surname) if is_woman else surname
        self._name(contact, first, last, is_woman)
        email = shared or (self.mailboxes.new(rng, first, surname) if rng.random() > 0.08 else "")
        self.spouse = (surname, is_woman, email) if email and not shared and rng.random() < 0.03 else None
        contact.values = self._values(email, company is not None)
        if rng.random() < 0.25:
            contact.tags = (rng.choice(self.book.tags["contacts"]),)
        self.store.entities["contacts"][contact.id] = contact
        if company:
            contact.company = company.id
            company.contacts = (*company.contacts, contact.id)
        return contact

    def _who(self) -> tuple[bool, str, str]:
        if self.spouse:
            surname, was_woman, email = self.spouse
            return not was_woman, surname, email
        return self.rng.random() < 0.48, self.rng.choice(names.SURNAMES), ""

    def _name(self, contact: Contact, first: str, last: str, is_woman: bool) -> None:
        draw = self.rng.random()
        if draw < 0.1:  # typed into one field, as managers in a hurry do
            contact.name = first if draw < 0.04 else f"{last} {first}"
            return
        if draw < 0.3:
            first = f"{first} {self.rng.choice(names.PATRONYMICS)[is_woman]}"
        contact.first_name, contact.last_name, contact.name = first, last, f"{first} {last}"

    def _values(self, email: str, in_company: bool) -> dict[int, Any]:
        rng, fields, options = self.rng, self.fields, self.book.options
        values: dict[int, Any] = {}
        if rng.random() < 0.97:
            phones = [(phone(rng), self.phone_enums[2 if rng.random() < 0.6 else 0])]
            if rng.random() < 0.12:
                phones.append((phone(rng), self.phone_enums[4]))
            values[fields["phone"].id] = tuple(phones)
        if email:
            values[fields["email"].id] = ((email, self.email_enums[1 if rng.random() < 0.5 else 0]),)
        if in_company:
            values[fields["position"].id] = rng.choice(words.POSITIONS)
        draw = rng.random()
        if draw < 0.85:
            values[fields["consent"].id] = draw < 0.7
        if rng.random() < 0.35:
            values[fields["birthday"].id] = midnight(self.now - int(DAY * 365.25 * (24 + 46 * rng.random())))
        if rng.random() < 0.6:
            values[fields["city"].id] = rng.choice(options["contacts", "city"])
        if rng.random() < 0.3:
            values[fields["interests"].id] = tuple(
                rng.sample(options["contacts", "interests"], 1 + int(3 * rng.random()))
            )
        if rng.random() < 0.12:
            values |= self._rarer()
        return values

    def _rarer(self) -> dict[int, Any]:
        rng, fields = self.rng, self.fields
        city = rng.choice(words.CITIES)
        street = f"ул. {rng.choice(words.STREETS)}, д. {rng.randint(1, 90)}"
        values: dict[int, Any] = {
            fields["address"].id: (
                (street, 1),
                (city, 3),
                (str(rng.randint(101_000, 172_999)), 5),
                ("RU", 6),
            ),
            fields["call_time"].id: rng.choice(words.CALL_TIMES),
        }
        if rng.random() < 0.5:
            values[fields["about"].id] = rng.choice(words.REMARKS)
            values[fields["met_on"].id] = midnight(self.now - int(DAY * 600 * rng.random()))
        if rng.random() < 0.4:
            values[fields["children"].id] = str(rng.randint(1, 4))
            values[fields["family"].id] = rng.choice(self.book.options["contacts", "family"])
        if rng.random() < 0.2:
            values[fields["site"].id] = f"https://{latin(rng.choice(names.SURNAMES))}.example/"
        return values


def companies(rng: Random, store: Store, book: Book, count: int, now: int) -> list[Company]:
    return [_company(rng, store, book, place, now) for place in range(count)]


def _company(rng: Random, store: Store, book: Book, place: int, now: int) -> Company:
    fields = book.fields["companies"]
    company = Company(store.new_id("companies"), now - DAY * 900 + place % 600 * 3600, rng.choice(book.managers))
    root = words.COMPANY_ROOTS[place % len(words.COMPANY_ROOTS)]
    turn = place // len(words.COMPANY_ROOTS)
    if rng.random() < 0.2:
        company.name = f"ИП {rng.choice(names.SURNAMES)} {rng.choice('АВДИКМНОПРС')}. {rng.choice('АВДИМНПС')}."
    else:
        company.name = f"ООО «{root}{f' {turn + 1}' if turn else ''}»"
    city = rng.choice(words.CITIES)
    address = f"{city}, ул. {rng.choice(words.STREETS)}, д. {rng.randint(1, 120)}"
    is_person = company.name.startswith("ИП")
    host = f"{latin(root)}{turn or ''}.example"
    company.values = {
        fields["phone"].id: ((phone(rng), next(iter(fields["phone"].enums))),),
        fields["email"].id: ((f"info@{host}", next(iter(fields["email"].enums))),),
        fields["web"].id: f"https://{host}/",
        fields["address"].id: address,
        fields["legal"].id: {
            "name": company.name,
            "entity_type": 1 if is_person else 2,
            "vat_id": str(rng.randint(10**9, 10**10 - 1)),
            "tax_registration_reason_code": None if is_person else rng.randint(10**8, 10**9 - 1),
            "address": address,
        },
    }
    if rng.random() < 0.15:
        company.values[fields["legal_name"].id] = {"name": company.name}
    if rng.random() < 0.3:
        company.tags = (rng.choice(book.tags["companies"]),)
    store.entities["companies"][company.id] = company
    return company
