"""integrations.amocrm.plan and push: what happened here is written there once, folded, and its echo dies.

Longer than other modules: folding, order and echoes are one promise, and share what a sandbox was sent.
"""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from integrations.amocrm import connect, intake
from integrations.amocrm import push as pushing
from integrations.amocrm.models import Link, Push, SegmentTag
from integrations.amocrm.plan import hide_tag, plan_pushes, show_as_tag
from integrations.amocrm.pull import pull
from integrations.amocrm.push import push
from integrations.amocrm.receipts import read_receipts
from integrations.amocrm.sandbox.faults import Fault
from integrations.models import Receipt
from pipelines import arming, changes
from pipelines.models import Change, Contact, Deal, Home, LossReason, Note, Origin, Stage
from segments.campaigns.models import Message
from tests.factories import MembershipFactory, RunFactory, SegmentFactory, StepFactory, UserFactory

from .conftest import NOW, edit


@pytest.fixture(autouse=True)
def _uncommitted_is_read_too(monkeypatch):
    """A test is one open transaction: the log's horizon lies beyond it (tests/pipelines/test_changes.py tests it)."""
    monkeypatch.setattr(changes, "safe_horizon", lambda: 2**62)


@pytest.fixture
def hooked(imported, box):
    """The whole circle: amoCRM's hooks become receipts here."""

    def send(code: str, body: bytes) -> None:
        if box.hooks.wanted(code):
            Receipt.objects.create(source="amocrm", body=body)

    box.hooks.send = send
    connect.subscribe(imported, "http://127.0.0.1:8000")
    return imported


@pytest.fixture
def person(db):
    return UserFactory()


def writes(box) -> list[tuple[str, str]]:
    return [(r["method"], urlsplit(r["path"]).path[8:]) for r in box.requests if r["method"] in ("POST", "PATCH")]


def open_deal() -> Deal:
    return Deal.objects.open().filter(stage__kind="open").select_related("stage__pipeline").order_by("pk").first()


def other_stage(deal: Deal, kind: str = "open") -> Stage:
    return deal.pipeline.stages.filter(kind=kind).exclude(pk=deal.stage_id).order_by("position").last()


def write(client, now=None) -> dict[str, int]:
    plan_pushes(now or timezone.now())
    return dict(push(client, now or timezone.now()))


def accepted(contact: Contact, subject: str = "Разберём смету") -> None:
    step = StepFactory()
    run = RunFactory(campaign=step.campaign)
    message = Message.objects.create(
        run=run,
        step=step,
        contact=contact,
        channel="email",
        address="a@b.example",
        address_hash=subject,
        subject=subject,
        token=subject[:40],
        state="accepted",
    )
    changes.record("message.accepted", message.pk, origin=Origin.CAMPAIGN, at=NOW, data={"contact": contact.pk})


def test_move_is_written_once_and_its_echo_changes_nothing(hooked, box):
    deal = open_deal()
    stage = other_stage(deal)
    deal.move_to(stage, now=timezone.now())
    assert plan_pushes(timezone.now()) == 1
    deal.refresh_from_db()
    assert deal.sync_state == "waiting"
    assert dict(push(hooked, timezone.now())) == {"done": 1}
    assert box.store.entities["leads"][deal.amo_id].status_id == stage.amo_id
    deal.refresh_from_db()
    assert deal.sync_state == "synced"

    before = Change.objects.count()
    assert read_receipts(hooked, timezone.now()) > 0
    pull(hooked, timezone.now())
    assert Change.objects.count() == before
    assert write(hooked) == {}
    assert Push.objects.count() == 1


def test_several_moves_of_a_deal_are_one_patch(hooked, box):
    deal = open_deal()
    start = deal.stage
    for stage in deal.pipeline.stages.filter(kind="open").exclude(pk=start.pk)[:3]:
        deal.move_to(stage, now=timezone.now())
    assert write(hooked) == {"done": 3}
    assert writes(box).count(("PATCH", "leads")) == 1
    deal.move_to(start, now=timezone.now())
    deal.move_to(stage, now=timezone.now())
    assert write(hooked) == {"idle": 2}


def status_there(box, deal: Deal) -> int:
    return box.store.entities["leads"][deal.amo_id].status_id


@pytest.mark.parametrize("is_known", [True, False])
def test_move_undone_before_it_went_out_is_not_written(hooked, box, person, is_known):
    deal = open_deal()
    visit = deal.move_to(other_stage(deal), by=person, now=timezone.now())
    if is_known:
        plan_pushes(timezone.now())
    deal.undo_move(visit.pk, by=person, now=timezone.now())
    assert write(hooked) == {"idle": 2}
    assert ("PATCH", "leads") not in writes(box)
    deal.refresh_from_db()
    assert deal.sync_state == "synced"


def test_undone_move_that_went_out_is_followed_by_the_way_back_and_echoes_make_no_visits(hooked, box, person):
    deal = open_deal()
    start, since, visits = deal.stage, deal.stage_entered_at, list(deal.visits.values())
    visit = deal.lose(LossReason.objects.first(), by=person, now=timezone.now())
    assert write(hooked) == {"done": 1}
    deal.undo_move(visit.pk, by=person, now=timezone.now())
    assert read_receipts(hooked, timezone.now()) > 0  # tells of the move, which is taken back by now
    assert write(hooked) == {"done": 1}
    assert status_there(box, deal) == start.amo_id
    before = Change.objects.count()
    read_receipts(hooked, timezone.now())
    pull(hooked, timezone.now())
    assert Change.objects.count() == before
    deal.refresh_from_db()
    assert (deal.stage, deal.stage_entered_at, deal.sync_state) == (start, since, "synced")
    assert list(deal.visits.values()) == visits


def test_page_read_before_the_way_back_was_written_brings_nothing_back(hooked, box, person):
    deal = open_deal()
    start = deal.stage
    visit = deal.move_to(other_stage(deal), by=person, now=timezone.now())
    write(hooked)
    rows = intake.DEALS.read(hooked.account, intake.read_by_id(hooked, intake.DEALS, [deal.amo_id]))
    deal.undo_move(visit.pk, by=person, now=timezone.now())
    box.advanced += 5
    write(hooked)
    intake.take(hooked.account, intake.DEALS, rows, Origin.AMOCRM, timezone.now())
    deal.refresh_from_db()
    assert deal.stage == start


@pytest.mark.parametrize("was_written", [True, False])
def test_move_undone_while_its_answer_is_lost_ends_at_the_former_stage(hooked, box, person, was_written):
    deal = open_deal()
    start, now = deal.stage, timezone.now()
    visit = deal.move_to(other_stage(deal), by=person, now=now)
    box.faults.waiting.append(Fault("close", path_prefix="/api/v4/leads", method="PATCH", after=was_written))
    assert write(hooked, now) == {"unknown": 1}
    deal.undo_move(visit.pk, by=person, now=now)
    read_receipts(hooked, now)
    assert Deal.objects.get(pk=deal.pk).stage == start
    assert write(hooked, now) == {}  # what was sent is read back first
    for minutes in range(1, 4):
        write(hooked, now + timedelta(minutes=minutes))
    assert status_there(box, deal) == start.amo_id
    assert not Push.objects.open().exists()
    assert Deal.objects.get(pk=deal.pk).stage == start


def test_refused_move_that_is_undone_waits_for_nobody(hooked, box, person):
    deal = open_deal()
    bad = deal.pipeline.stages.create(name="Нет такого", amo_id=777, position=1)
    visit = deal.move_to(bad, by=person, now=timezone.now())
    assert write(hooked) == {"parked": 1}
    deal.undo_move(visit.pk, by=person, now=timezone.now())
    write(hooked)
    assert not Push.objects.parked().exists()
    deal.refresh_from_db()
    assert (deal.sync_state, deal.sync_reason) == ("synced", "")


def test_lost_deal_takes_its_reason_along(hooked, box):
    deal, reason = open_deal(), LossReason.objects.first()
    deal.lose(reason, now=timezone.now())
    write(hooked)
    lead = box.store.entities["leads"][deal.amo_id]
    assert (lead.status_id, lead.loss_reason_id) == (143, reason.amo_id)


def test_move_of_an_import_is_not_sent_back(hooked):
    deal = open_deal()
    deal.move_to(other_stage(deal), now=timezone.now(), origin=Origin.AMOCRM)
    assert plan_pushes(timezone.now()) == 0


def test_reading_the_log_again_makes_no_second_push(hooked):
    deal = open_deal()
    deal.move_to(other_stage(deal), now=timezone.now())
    plan_pushes(timezone.now())
    changes.ChangeReader.objects.update(xid=0, change_id=0)
    plan_pushes(timezone.now())
    assert Push.objects.count() == 1


def test_pull_leaves_a_move_alone_that_waits_to_be_written(hooked, box):
    deal = open_deal()
    stage = other_stage(deal)
    deal.move_to(stage, now=timezone.now())
    edit(box, "leads", id=deal.amo_id, name="Переименована там")
    read_receipts(hooked, timezone.now())
    deal.refresh_from_db()
    assert (deal.name, deal.stage) == ("Переименована там", stage)
    write(hooked)
    assert box.store.entities["leads"][deal.amo_id].status_id == stage.amo_id


def test_both_moved_and_ours_waits_so_ours_is_written(hooked, box):
    deal = open_deal()
    ours, theirs = deal.pipeline.stages.filter(kind="open").exclude(pk=deal.stage_id)[:2]
    deal.move_to(ours, now=timezone.now())
    edit(box, "leads", id=deal.amo_id, status_id=theirs.amo_id)
    read_receipts(hooked, timezone.now())
    write(hooked)
    read_receipts(hooked, timezone.now())
    deal.refresh_from_db()
    assert deal.stage == ours
    assert box.store.entities["leads"][deal.amo_id].status_id == ours.amo_id


def test_refused_move_is_parked_shown_and_overruled_by_a_move_there(hooked, box):
    deal = open_deal()
    bad = deal.pipeline.stages.create(name="Нет такого", amo_id=777, position=1)
    deal.move_to(bad, now=timezone.now())
    assert write(hooked) == {"parked": 1}
    deal.refresh_from_db()
    assert deal.sync_state == "refused"
    assert "status_id" in str(deal.sync_reason)
    theirs = deal.pipeline.stages.filter(kind="open").exclude(amo_id=777).last()
    edit(box, "leads", id=deal.amo_id, status_id=theirs.amo_id, name="Спасена")
    read_receipts(hooked, timezone.now())
    deal.refresh_from_db()
    assert (deal.stage, deal.sync_state) == (theirs, "synced")


def test_one_bad_item_does_not_stop_the_others(hooked, box):
    deals = list(Deal.objects.open().filter(stage__kind="open").order_by("pk")[:4])
    bad = deals[0].pipeline.stages.create(name="Нет такого", amo_id=777, position=1)
    for deal in deals:
        deal.move_to(bad if deal == deals[1] else other_stage(deal), now=timezone.now())
    assert write(hooked) == {"done": 3, "parked": 1}
    Push.objects.parked().get().retry()
    assert write(hooked) == {"parked": 1}


def test_letter_becomes_a_service_note_and_its_echo_no_row(hooked, box):
    contacts = list(Contact.objects.order_by("pk")[:3])
    for number, contact in enumerate(contacts):
        accepted(contact, f"Смета {number}")
    before = Note.objects.count()
    assert write(hooked) == {"done": 3}
    assert writes(box).count(("POST", "contacts/notes")) == 1
    sent = [note for note in box.store.notes["contacts"].values() if "Письмо «Смета 0»" in note.params.get("text", "")]
    assert [note.entity_id for note in sent] == [contacts[0].amo_id]
    read_receipts(hooked, timezone.now())
    pull(hooked, timezone.now())
    assert Note.objects.count() == before


def test_note_written_here_is_the_same_note_there(hooked, box):
    deal = open_deal()
    note = deal.add_note("Клиент просит террасу", by=None, now=timezone.now())
    write(hooked)
    note.refresh_from_db()
    assert box.store.notes["leads"][note.amo_id].params["text"] == "Клиент просит террасу"
    before = Change.objects.count()
    read_receipts(hooked, timezone.now())
    pull(hooked, timezone.now())
    assert Note.objects.filter(text="Клиент просит террасу").count() == 1
    assert Change.objects.count() == before


LOST_ANSWERS = ["close", "504_html", "truncated", "empty"]


@pytest.mark.parametrize("kind", LOST_ANSWERS)
@pytest.mark.parametrize("was_written", [True, False])
def test_lost_answer_is_read_back_and_never_doubles(hooked, box, kind, was_written):
    deal, contact = open_deal(), Contact.objects.first()
    stage = other_stage(deal)
    deal.move_to(stage, now=timezone.now())
    accepted(contact, "Однажды")
    for method, path in (("PATCH", "leads"), ("POST", "contacts/notes")):
        box.faults.waiting.append(Fault(kind, path_prefix=f"/api/v4/{path}", method=method, after=was_written))
    first = write(hooked)
    assert first == {"unknown": 2}
    later = timezone.now() + timedelta(minutes=5)
    assert push(hooked, later)["done"] == 2
    sent = [note for note in box.store.notes["contacts"].values() if "Однажды" in note.params.get("text", "")]
    assert len(sent) == 1
    assert box.store.entities["leads"][deal.amo_id].status_id == stage.amo_id


def test_worker_killed_between_intent_and_answer_leaves_nothing_doubled(hooked, box, monkeypatch):
    accepted(Contact.objects.first(), "Убит")

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(pushing, "_finish", die)
    with pytest.raises(KeyboardInterrupt):
        write(hooked)
    monkeypatch.undo()
    assert push(hooked, timezone.now())["done"] == 1
    assert len([note for note in box.store.notes["contacts"].values() if "Убит" in note.params.get("text", "")]) == 1


def test_trouble_of_the_account_parks_nobody(hooked, box):
    deal = open_deal()
    deal.move_to(other_stage(deal), now=timezone.now())
    box.faults.waiting.append(Fault("429", count=7, path_prefix="/api/v4/leads", method="PATCH"))
    now = timezone.now()
    for hour in range(7):
        write(hooked, now + timedelta(hours=hour))
    assert Push.objects.get().state == "planned"
    assert write(hooked, now + timedelta(hours=8)) == {"done": 1}


def test_five_failures_of_its_own_park_a_record(hooked, box):
    accepted(Contact.objects.first())
    box.faults.waiting.append(Fault("500", count=50, path_prefix="/api/v4/contacts/notes", method="POST"))
    now = timezone.now()
    for hour in range(12):
        write(hooked, now + timedelta(hours=hour))
    parked = Push.objects.get()
    assert (parked.state, parked.attempts) == ("parked", 5)
    assert parked.reason


@pytest.fixture
def segment(hooked):
    segment = SegmentFactory(name="Молчат")
    for contact in Contact.objects.order_by("pk")[:3]:
        MembershipFactory(segment=segment, contact=contact)
    return segment


def tagged(box, name: str) -> set[int]:
    ids = {tag.id for tag in box.store.tags["contacts"].values() if tag.name == name}
    return {contact.id for contact in box.store.entities["contacts"].values() if ids & set(contact.tags)}


def test_segment_shown_as_a_tag_tags_its_members_and_nobody_twice(hooked, box, segment):
    members = list(Contact.objects.order_by("pk")[:3])
    edit(box, "contacts", id=members[0].amo_id, tags_to_add=[{"name": "Молчат"}])
    read_receipts(hooked, timezone.now())
    show_as_tag(segment, "Молчат", timezone.now())
    assert write(hooked) == {"done": 2}
    assert tagged(box, "Молчат") == {contact.amo_id for contact in members}
    before = Change.objects.count()
    read_receipts(hooked, timezone.now())
    assert Change.objects.count() == before
    assert "Молчат" in Contact.objects.get(pk=members[1].pk).tags


def test_tag_is_planned_once_whoever_asks_for_it(hooked, segment):
    members = list(Contact.objects.order_by("pk")[:3])
    for contact in members:
        changes.record("segment.entered", contact.pk, origin=Origin.AUTOMATION, at=NOW, data={"segment": segment.pk})
    show_as_tag(segment, "Молчат", timezone.now())
    show_as_tag(segment, "Молчат", timezone.now() + timedelta(seconds=5))
    plan_pushes(timezone.now())
    assert Push.objects.filter(kind="tag").count() == 3
    write(hooked)
    changes.record("segment.entered", members[0].pk, origin=Origin.AUTOMATION, at=NOW, data={"segment": segment.pk})
    assert plan_pushes(timezone.now()) == 0


def test_hidden_tag_is_taken_off_only_where_we_put_it(hooked, box, segment):
    members = list(Contact.objects.order_by("pk")[:3])
    edit(box, "contacts", id=members[0].amo_id, tags_to_add=[{"name": "Молчат"}])
    read_receipts(hooked, timezone.now())
    show_as_tag(segment, "Молчат", timezone.now())
    write(hooked)
    assert hide_tag(segment, timezone.now()) == 2
    write(hooked)
    assert tagged(box, "Молчат") == {members[0].amo_id}
    assert not SegmentTag.objects.exists()


def test_entering_and_leaving_fold_into_what_is_last(hooked, box, segment):
    show_as_tag(segment, "Молчат", timezone.now())
    write(hooked)
    contact = Contact.objects.order_by("pk")[5]
    for type_ in ("segment.entered", "segment.left", "segment.entered"):
        changes.record(type_, contact.pk, origin=Origin.AUTOMATION, at=NOW, data={"segment": segment.pk})
    assert write(hooked) == {"done": 1}
    assert contact.amo_id in tagged(box, "Молчат")
    changes.record("segment.left", contact.pk, origin=Origin.AUTOMATION, at=NOW, data={"segment": segment.pk})
    write(hooked)
    assert contact.amo_id not in tagged(box, "Молчат")
    assert Link.objects.get(entity="contact", local_id=contact.pk).given_tags == []


def test_restored_database_writes_nothing_until_it_is_armed(hooked):
    accepted(Contact.objects.first())
    arming.is_armed(NOW)
    Home.objects.update(server="7311/00000001/5/16400")
    assert write(hooked) == {}
    assert Push.objects.get().state == "planned"
    Home.objects.get().arm(None, NOW)
    assert write(hooked) == {"done": 1}
