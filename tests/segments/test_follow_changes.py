"""segments.membership.follow_changes: from a line of the log to an interval."""

import random
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from pipelines import changes
from pipelines.models import Change, Contact, DealContact, Stage
from segments import membership, touched
from segments.membership import Refreshed, follow_changes, refresh, refresh_all, refresh_contacts
from segments.models import Membership
from tests.factories import (
    NOW,
    CompanyFactory,
    ContactFactory,
    DealFactory,
    NoteFactory,
    SegmentFactory,
    StageFactory,
    TaskFactory,
    UserFactory,
)

LATER = NOW + timedelta(hours=1)
TAGGED = {"field": "tags", "op": "any_of", "value": ["эскроу"]}


def tell(type, subject, **data):
    changes.record(type, getattr(subject, "pk", subject), origin="ui", at=NOW, data=data)


def pairs():
    return set(Membership.objects.filter(left_at__isnull=True).values_list("segment", "contact"))


@pytest.mark.django_db(transaction=True)
def test_moved_deal_takes_its_people_from_one_segment_to_another():
    new, quote = StageFactory(), StageFactory()
    rule = {"has": "deals", "where": {"field": "stage", "op": "eq"}}
    first = SegmentFactory(rules=rule | {"where": rule["where"] | {"value": new.pk}})
    second = SegmentFactory(rules=rule | {"where": rule["where"] | {"value": quote.pk}})
    contact = ContactFactory()
    deal = DealFactory(contact=contact, stage=new)
    refresh_all(lambda: NOW)
    deal.stage = quote
    deal.save(update_fields=["stage"])
    tell("deal.moved", deal)
    moved = follow_changes(lambda: LATER)
    assert (moved.entered, moved.left, pairs()) == (1, 1, {(second.pk, contact.pk)})
    first.refresh_from_db()
    assert (first.size, first.health) == (0, "empty")


@pytest.mark.django_db(transaction=True)
def test_won_deal_changes_the_lifecycle_and_what_follows_from_it():
    buyers = SegmentFactory(rules={"field": "lifecycle", "op": "eq", "value": "buyer_one_off"})
    refresh_all(lambda: NOW)
    company, contact = CompanyFactory(), ContactFactory()
    deal = DealFactory(contact=contact, company=company, stage=StageFactory(kind=Stage.Kind.WON), closed_at=NOW)
    tell("deal.won", deal)
    follow_changes(lambda: LATER)
    contact.refresh_from_db()
    company.refresh_from_db()
    assert (contact.lifecycle, company.lifecycle) == ("buyer_one_off", "buyer_one_off")
    assert pairs() == {(buyers.pk, contact.pk)}


@pytest.mark.django_db(transaction=True)
def test_undone_win_gives_back_segments_and_lifecycle():
    quote, won, user = StageFactory(), StageFactory(kind=Stage.Kind.WON), UserFactory()
    been = {"has": "deals", "where": {"has": "stage_visits", "where": {"field": "stage", "op": "eq", "value": won.pk}}}
    buyers = SegmentFactory(rules=been)
    contact = ContactFactory()
    deal = DealFactory(contact=contact, stage=quote)
    refresh_all(lambda: NOW)
    visit = deal.move_to(won, by=user, now=NOW)
    follow_changes(lambda: NOW)
    assert pairs() == {(buyers.pk, contact.pk)}
    deal.undo_move(visit.pk, by=user, now=NOW)
    follow_changes(lambda: LATER)
    contact.refresh_from_db()
    assert (pairs(), contact.lifecycle) == (set(), "in_work")


@pytest.mark.django_db(transaction=True)
def test_log_is_drained_and_read_once():
    contact = ContactFactory()
    tell("contact.created", contact)
    follow_changes(lambda: NOW)
    with changes.reading("segments") as rest:
        assert rest == []


@pytest.mark.django_db(transaction=True)
def test_failure_leaves_the_line_unread(monkeypatch):
    segment, contact = SegmentFactory(rules=TAGGED, refreshed_at=NOW), ContactFactory(tags=["эскроу"])
    tell("contact.updated", contact)
    with monkeypatch.context() as patch:
        patch.setattr(membership, "refresh_contacts", raise_runtime_error)
        with pytest.raises(RuntimeError):
            follow_changes(lambda: NOW)
    follow_changes(lambda: NOW)
    assert pairs() == {(segment.pk, contact.pk)}


def raise_runtime_error(*_args, **_kwargs):
    raise RuntimeError


@pytest.mark.django_db(transaction=True)
def test_large_share_of_the_base_is_evaluated_at_once(monkeypatch):
    by_set = []
    monkeypatch.setattr(membership, "MANY", 2)
    monkeypatch.setattr(membership, "refresh_contacts", lambda ids, now: by_set.append(ids) or Refreshed())
    segment, contacts = SegmentFactory(rules=TAGGED, refreshed_at=NOW), ContactFactory.create_batch(2, tags=["эскроу"])
    DealFactory(contact=contacts[0])
    for contact in contacts:
        tell("contact.created", contact)
    follow_changes(lambda: LATER)
    contacts[0].refresh_from_db()
    assert contacts[0].lifecycle == "in_work"
    assert pairs() == {(segment.pk, contact.pk) for contact in contacts}
    assert by_set == [[contacts[0].pk]]  # the echo of its new lifecycle


@pytest.mark.django_db(transaction=True)
def test_segment_read_by_a_rule_wakes_the_reader():
    inner = SegmentFactory(rules=TAGGED, refreshed_at=NOW)
    outer = SegmentFactory(rules={"segment": inner.pk, "op": "in"}, refreshed_at=NOW)
    contact = ContactFactory(tags=["эскроу"])
    refresh(inner, now=NOW)
    follow_changes(lambda: LATER)
    assert (outer.pk, contact.pk) in pairs()


@pytest.mark.django_db
def test_lines_name_the_contacts_and_companies_they_touch():
    company = CompanyFactory()
    contact, employee, receiver, former = ContactFactory.create_batch(4)
    Contact.objects.filter(pk=employee.pk).update(company=company)
    deal = DealFactory(contact=contact)
    lines = [
        (("deal.updated", deal.pk, {"contacts": [former.pk]}), {contact.pk, former.pk}),
        (("task.done", TaskFactory(deal=deal).pk, {}), {contact.pk}),
        (("task.created", TaskFactory(contact=employee).pk, {}), {employee.pk}),
        (("note.created", NoteFactory(deal=deal).pk, {}), {contact.pk}),
        (("company.updated", company.pk, {}), {employee.pk}),
        (("message.opened", 1, {"contact": receiver.pk}), {receiver.pk}),
        (("contact.updated", former.pk, {"fields": ["name"]}), {former.pk}),
        (("segment.entered", contact.pk, {"segment": 1}), set()),
    ]
    for (type, subject, data), expected in lines:
        found, _companies = touched.by([Change(type=type, subject_id=subject, data=data)])
        assert found == expected, type
    assert touched.by([Change(type="company.updated", subject_id=company.pk)])[1] == {company.pk}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_contacts_one_by_one_come_to_the_same_as_everything_at_once(seed):
    dice = random.Random(seed)
    stages = StageFactory.create_batch(3)
    contacts = [ContactFactory(tags=dice.sample(["эскроу", "дом"], dice.randrange(3))) for _ in range(30)]
    inner = SegmentFactory(rules=TAGGED)
    at_stage = {"has": "deals", "where": {"field": "stage", "op": "eq", "value": stages[0].pk}}
    for rules in [at_stage, {"none": [at_stage]}, {"all": [{"segment": inner.pk, "op": "not_in"}, at_stage]}]:
        SegmentFactory(rules=rules)
    refresh_all(lambda: NOW)
    deals = [DealFactory(stage=dice.choice(stages)) for _ in range(40)]
    for deal in deals:
        DealContact.objects.create(deal=deal, contact=dice.choice(contacts))
    Contact.objects.filter(pk__in=[c.pk for c in dice.sample(contacts, 5)]).update(deleted_at=NOW)
    Contact.objects.filter(pk__in=[c.pk for c in dice.sample(contacts, 9)]).update(tags=["эскроу"])
    for start in range(0, 30, 7):
        refresh_contacts([c.pk for c in contacts[start : start + 7]], now=LATER)
    by_set = pairs()
    assert refresh_all(lambda: LATER).entered == refresh_all(lambda: LATER).left == 0
    assert pairs() == by_set


@pytest.mark.django_db(transaction=True)
def test_two_refreshers_at_once_do_not_double():
    segment = SegmentFactory(rules=TAGGED)
    for _ in range(20):
        ContactFactory(tags=["эскроу"])
    start, results = Barrier(2), []

    def run():
        start.wait()
        results.append(refresh(segment, now=NOW))
        connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((r.entered, r.size) for r in results) == [(0, 20), (20, 20)]
    assert Membership.objects.count() == Change.objects.filter(type="segment.entered").count() == 20
