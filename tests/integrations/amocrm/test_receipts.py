"""integrations.amocrm.receipts and webhooks: hints in any shape, records read again, nothing believed."""

from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from integrations.amocrm import connect
from integrations.amocrm.models import Account
from integrations.amocrm.receipts import Unreadable, parse, read_receipts
from integrations.models import Receipt
from pipelines.models import Change, Company, Contact, Deal, Note, Task

from .conftest import NOW, edit

FOREIGN = b"leads[add][0][id]=1&account[id]=999"
CAPTURES = [
    ("leads[status][0][id]=501&leads[status][0][name]=%D0%9F&leads[status][0][status_id]=142", {"deals": {501}}),
    ("leads[delete][0][id]=501&leads[delete][0][status_id]=142", {"deals": {501}}),
    ("leads[update][0][id]=1&leads[update][1][id]=2&leads[add][0][id]=3", {"deals": {1, 2, 3}}),
    ("contacts[update][0][id]=601&contacts[update][0][type]=contact", {"contacts": {601}}),
    ("contacts[add][0][id]=701&contacts[add][0][type]=company", {"companies": {701}}),
    ("companies[update][0][id]=702", {"companies": {702}}),
    ("contacts[delete][0][id]=601&contacts[delete][0][type]=contact", {"contacts": {601}}),
    ("task[add][0][id]=801&task[add][0][element_type]=2", {"tasks": {801}}),
    ("leads[note][0][note][id]=901&leads[note][0][note][element_type]=2", {"deal_notes": {901}}),
    ("contacts[note][0][note][id]=902&contacts[note][0][note][element_type]=1", {"contact_notes": {902}}),
    (
        "contacts[note][0][note][type]=3&contacts[note][0][note][type][message_uuid]=x&contacts[note][0][note][id]=9"
        "&contacts[note][0][note][element_type]=3",
        {"company_notes": {9}},
    ),
    ("contacts[update][0][linked_leads_id][153][ID]=153&contacts[update][0][id]=5", {"contacts": {5}}),
    ("leads[update][0][custom_fields][0][values][0]=1471813200&leads[update][0][id]=7", {"deals": {7}}),
    ("unsorted[add][0][uid]=abc&message[add][0][id]=x", {}),
    ("leads[update][0][id]=DROP&leads[update][1][id]=&leads[__proto__][x]=1&[[[=&=&%00=1", {}),
    ("", {}),
]


@pytest.mark.parametrize(("body", "expected"), CAPTURES)
def test_hook_bodies_become_hints(body, expected):
    account = Account(amo_id=31_234_567)
    hints = parse(f"{body}&account[id]=31234567".encode(), account)
    assert {name: ids for name, ids in hints.ids.items() if ids} == expected


def test_hook_of_another_account_is_refused():
    with pytest.raises(Unreadable):
        parse(FOREIGN, Account(amo_id=31_234_567))


@pytest.fixture
def hooked(imported, box, client_of_browser):
    """amoCRM calls our door on every change."""

    def deliver(destination: str, body: bytes) -> int:
        path = urlsplit(destination).path
        answer = client_of_browser.post(path, body, content_type="application/x-www-form-urlencoded")
        return answer.status_code

    box.hooks.send = lambda code, body: [
        deliver(hook.destination, body) for hook in box.store.webhooks.values() if code in hook.settings
    ]
    connect.subscribe(imported, "http://127.0.0.1:8000")
    return imported


@pytest.fixture
def client_of_browser():
    from django.test import Client

    return Client(enforce_csrf_checks=True)


def test_door_keeps_the_body_and_answers_at_once(account, client_of_browser):
    url = reverse("amocrm:hook", args=[account.hook_secret])
    answer = client_of_browser.post(url, b"junk\xff", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert bytes(Receipt.objects.get().body) == b"junk\xff"


def test_door_is_not_found_by_guessing(account, client_of_browser):
    assert (
        client_of_browser.post(reverse("amocrm:hook", args=["guess"]), b"x", content_type="text/plain").status_code
        == 404
    )
    assert not Receipt.objects.exists()


def test_change_there_is_here_after_the_hook(hooked, box):
    deal = Deal.objects.first()
    edit(box, "leads", id=deal.amo_id, name="Дом у озера", price=7_100_000)
    assert read_receipts(hooked, NOW) >= 1
    deal.refresh_from_db()
    assert (deal.name, deal.price) == ("Дом у озера", 7_100_000)
    assert read_receipts(hooked, NOW) == 0


def test_new_records_of_every_kind_come_by_hooks(hooked, box):
    contact = edit(box, "contacts", method="POST", name="Ольга Новая")
    company = edit(box, "companies", method="POST", name="ООО «Новое»")
    edit(
        box,
        "leads",
        method="POST",
        name="Гараж",
        _embedded={"contacts": [{"id": contact}], "companies": [{"id": company}]},
    )
    edit(
        box,
        "tasks",
        method="POST",
        text="Позвонить",
        complete_till=1_800_000_000,
        entity_id=contact,
        entity_type="contacts",
    )
    edit(box, "contacts/notes", method="POST", entity_id=contact, note_type="common", params={"text": "Ждёт смету"})
    read_receipts(hooked, NOW)
    deal = Deal.objects.get(name="Гараж")
    assert deal.contacts.get() == Contact.objects.get(name="Ольга Новая")
    assert deal.company == Company.objects.get(name="ООО «Новое»")
    assert Task.objects.get(text="Позвонить").contact.name == "Ольга Новая"
    assert Note.objects.get(text="Ждёт смету").contact.name == "Ольга Новая"


def test_deleted_deal_is_marked_after_asking_for_it(hooked, box):
    deal = Deal.objects.first()
    lead = box.store.entities["leads"].pop(deal.amo_id)
    box.store.touch("leads")
    Receipt.objects.create(source="amocrm", body=f"leads[delete][0][id]={lead.id}".encode())
    read_receipts(hooked, NOW)
    deal.refresh_from_db()
    assert deal.deleted_at == NOW


def test_forged_delete_deletes_nothing(hooked):
    deal = Deal.objects.first()
    before = Change.objects.count()
    Receipt.objects.create(source="amocrm", body=f"leads[delete][0][id]={deal.amo_id}".encode())
    read_receipts(hooked, NOW)
    deal.refresh_from_db()
    assert deal.deleted_at is None
    assert Change.objects.count() == before


def test_foreign_receipt_is_put_aside_with_a_reason(hooked):
    Receipt.objects.create(source="amocrm", body=FOREIGN)
    read_receipts(hooked, NOW)
    assert "999" in str(Receipt.objects.get().error)
