"""integrations.amocrm.pull: changes come in by the cursor, with and without filters; deletes are confirmed."""

from datetime import timedelta

import pytest

from integrations.amocrm import pull as pulling
from integrations.amocrm.models import Account
from integrations.amocrm.pull import TooManyVanished, pull, reconcile
from integrations.amocrm.sandbox import changes as box_changes
from integrations.amocrm.sandbox.faults import Fault
from pipelines.models import Change, Contact, Deal

from .conftest import NOW, edit

LATER = NOW + timedelta(minutes=30)


@pytest.fixture
def moved_on(imported, box):
    box.advanced += 1800
    return imported


def news(after: int) -> list[str]:
    return [f"{change.type} {change.origin}" for change in Change.objects.order_by("id")[after:]]


def test_pull_without_edits_writes_nothing(moved_on):
    before = Change.objects.count()
    pull(moved_on, LATER)
    assert news(before) == []


def test_renamed_contact_comes_in(moved_on, box):
    before, amo_id = Change.objects.count(), Contact.objects.first().amo_id
    edit(box, "contacts", id=amo_id, name="Ёлкина Анна")
    pull(moved_on, LATER)
    assert Contact.objects.get(amo_id=amo_id).name == "Ёлкина Анна"
    assert news(before) == ["contact.updated amocrm"]


def test_moved_deal_gets_its_visit(moved_on, box):
    deal = Deal.objects.open().filter(stage__kind="open").first()
    other = deal.pipeline.stages.filter(kind="open").exclude(pk=deal.stage_id).last()
    before = Change.objects.count()
    edit(box, "leads", id=deal.amo_id, status_id=other.amo_id)
    pull(moved_on, LATER)
    visit = deal.visits.get(left_at=None)
    assert visit.stage == other
    assert visit.previous_stage == deal.stage
    assert news(before) == ["deal.moved amocrm"]


def test_account_without_filters_is_read_backwards(moved_on, box):
    box.flags.filters_enabled = False
    amo_id = Contact.objects.first().amo_id
    edit(box, "contacts", id=amo_id, name="Без фильтров")
    pull(moved_on, LATER)
    assert Contact.objects.get(amo_id=amo_id).name == "Без фильтров"
    assert not Account.objects.get().is_filter_enabled


def test_failed_pass_leaves_the_cursor_and_says_when_to_come_again(moved_on, box):
    box.faults.waiting.append(Fault("500", path_prefix="/api/v4/companies"))
    result = pull(moved_on, LATER)
    account = Account.objects.get()
    assert result.error
    assert account.cursors == {}
    assert account.next_pull_at > LATER


def test_new_deal_brings_its_new_contact_along(moved_on, box, monkeypatch):
    contact = edit(box, "contacts", method="POST", name="Новый Человек")
    edit(box, "leads", method="POST", name="Баня", _embedded={"contacts": [{"id": contact}]})
    monkeypatch.setattr(pulling.intake, "COLLECTIONS", (pulling.intake.DEALS,))
    pull(moved_on, LATER)
    assert [person.name for person in Deal.objects.get(name="Баня").contacts.all()] == ["Новый Человек"]


def test_reconcile_confirms_a_deletion_by_id(moved_on, box):
    deal = Deal.objects.first()
    box.store.entities["leads"].pop(deal.amo_id)
    box.store.touch("leads")
    result = reconcile(moved_on, LATER)
    deal.refresh_from_db()
    assert result.vanished["deals"] == 1
    assert deal.deleted_at == LATER


def test_a_list_that_empties_stops_the_sweep(moved_on, box, monkeypatch):
    monkeypatch.setattr(pulling, "MOST_VANISHED", 10)
    for amo_id in list(box.store.entities["leads"])[:40]:
        box.store.entities["leads"].pop(amo_id)
    box.store.touch("leads")
    with pytest.raises(TooManyVanished):
        reconcile(moved_on, LATER)
    assert not Deal.objects.exclude(deleted_at=None).exists()


def test_deletion_told_by_the_feed_is_confirmed_and_taken_over(moved_on, box):
    deal, before = Deal.objects.first(), Change.objects.count()
    box_changes.deleted(box, box.store.entities["leads"][deal.amo_id], 1)
    pull(moved_on, LATER)
    deal.refresh_from_db()
    assert deal.deleted_at == LATER
    assert news(before) == ["deal.deleted amocrm"]
    pull(moved_on, LATER + timedelta(minutes=2))
    assert len(news(before)) == 1
