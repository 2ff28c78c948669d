"""segments.membership: who is in, since when, and why."""

from datetime import timedelta
from itertools import count

import pytest

from pipelines.models import Change, Contact, Stage
from segments import membership
from segments.membership import Refreshed, refresh
from segments.models import Membership, Segment
from tests.factories import NOW, ContactFactory, DealFactory, SegmentFactory, StageFactory

pytestmark = pytest.mark.django_db

TAGGED = {"field": "tags", "op": "any_of", "value": ["эскроу"]}
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def segment():
    return SegmentFactory(rules=TAGGED)


def tagged(**fields):
    return ContactFactory(tags=["эскроу"], **fields)


def members(segment):
    return {m.contact for m in segment.memberships.filter(left_at__isnull=True).select_related("contact")}


def log():
    rows = Change.objects.filter(type__startswith="segment.").order_by("id")
    return [(c.type, c.subject_id, c.data["segment"], c.origin) for c in rows]


def test_first_fill_takes_in_who_matches(segment):
    contact, _other = tagged(), ContactFactory()
    assert refresh(segment, now=NOW) == Refreshed(entered=1, left=0, size=1)
    stay = Membership.objects.get()
    assert (stay.contact, stay.entered_at, stay.cause, stay.left_at) == (contact, NOW, "first", None)
    assert log() == [("segment.entered", contact.pk, segment.pk, "automation")]


def test_refresh_keeps_the_counters_of_the_segment(segment):
    tagged()
    refresh(segment, now=NOW)
    segment.refresh_from_db()
    assert (segment.size, segment.refreshed_at, segment.changed_at, segment.health) == (1, NOW, NOW, "ok")


def test_second_refresh_changes_nothing(segment):
    tagged()
    refresh(segment, now=NOW)
    assert refresh(segment, now=LATER) == Refreshed(size=1)
    segment.refresh_from_db()
    assert (len(log()), segment.refreshed_at, segment.changed_at) == (1, LATER, NOW)


def test_who_no_longer_matches_leaves(segment):
    contact = tagged()
    refresh(segment, now=NOW)
    Contact.objects.update(tags=[])
    assert refresh(segment, now=LATER) == Refreshed(left=1, size=0)
    stay = Membership.objects.get()
    assert (stay.left_at, stay.left_cause) == (LATER, "rule")
    assert log()[-1] == ("segment.left", contact.pk, segment.pk, "automation")
    segment.refresh_from_db()
    assert segment.health == "empty"


def test_return_makes_a_second_interval(segment):
    tagged()
    refresh(segment, now=NOW)
    Contact.objects.update(tags=[])
    refresh(segment, now=LATER)
    Contact.objects.update(tags=["эскроу"])
    refresh(segment, now=LATER + timedelta(hours=1))
    assert [(m.entered_at, m.left_at) for m in Membership.objects.order_by("entered_at")] == [
        (NOW, LATER),
        (LATER + timedelta(hours=1), None),
    ]


def test_changed_rules_move_people_with_the_cause_edit(segment):
    old, new = tagged(), ContactFactory(name="Ольга")
    refresh(segment, now=NOW)
    segment.change_rules({"field": "name", "op": "contains", "value": "Ольга"}, now=LATER)
    refresh(segment, now=LATER)
    assert set(Membership.objects.values_list("contact", "cause", "left_cause")) == {
        (old.pk, "first", "edit"),
        (new.pk, "edit", ""),
    }


def test_deleted_contact_leaves_with_that_cause(segment):
    tagged()
    refresh(segment, now=NOW)
    Contact.objects.update(deleted_at=NOW)
    refresh(segment, now=LATER)
    assert Membership.objects.get().left_cause == "deleted"


def test_paused_segment_stands_still_until_its_date(segment):
    contact = tagged()
    segment.pause(now=NOW, until=LATER)
    assert refresh(segment, now=NOW) == Refreshed()
    assert membership.refresh_contacts([contact.pk], now=NOW) == Refreshed()
    assert refresh(segment, now=LATER) == Refreshed(entered=1, size=1)
    segment.refresh_from_db()
    assert (segment.is_paused, segment.paused_until) == (False, None)


def test_who_came_during_a_pause_enters_by_the_rule(segment):
    tagged()
    refresh(segment, now=NOW)
    segment.pause(now=NOW, until=LATER)
    missed = tagged()
    membership.refresh_stale(lambda: LATER)
    assert Membership.objects.get(contact=missed).cause == "rule"


OLGA = {"field": "name", "op": "contains", "value": "Ольга"}


def edited_in_a_pause(segment):
    """Filled at NOW, then paused and given other rules."""
    refresh(segment, now=NOW)
    segment.refresh_from_db()
    segment.pause(now=NOW, until=LATER)
    segment.change_rules(OLGA, now=NOW)
    return segment


def test_rules_changed_in_a_pause_leave_the_people_as_they_are(segment):
    old, _new = tagged(), ContactFactory(name="Ольга")
    edited_in_a_pause(segment)
    membership.refresh_all(lambda: NOW)
    segment.refresh_from_db()
    assert (segment.is_of_former_rules, segment.size, segment.refreshed_at) == (True, 1, NOW)
    assert list(Membership.objects.values_list("contact", "cause", "left_at")) == [(old.pk, "first", None)]


def test_end_of_a_pause_moves_people_by_the_rules_changed_in_it(segment):
    old, new = tagged(), ContactFactory(name="Ольга")
    edited_in_a_pause(segment)
    membership.refresh_stale(lambda: LATER)
    moved = set(Membership.objects.values_list("contact", "cause", "left_cause"))
    assert moved == {(old.pk, "first", "edit"), (new.pk, "edit", "")}
    segment.refresh_from_db()
    later = tagged(name="Ольга")
    refresh(segment, now=LATER + timedelta(hours=1))
    assert (segment.is_of_former_rules, Membership.objects.get(contact=later).cause) == (False, "rule")


def test_end_of_a_pause_that_a_worker_makes_moves_people_by_the_rule(segment):
    refresh(segment, now=NOW)
    segment.refresh_from_db()
    segment.pause(now=NOW)
    segment.resume(now=LATER)
    missed = tagged()
    membership.refresh_stale(lambda: LATER)
    assert Membership.objects.get(contact=missed).cause == "rule"


def test_rules_changed_before_the_first_fill_are_the_first(segment):
    ContactFactory(name="Ольга")
    segment.change_rules(OLGA, now=NOW)
    refresh(segment, now=NOW)
    assert Membership.objects.get().cause == "first"


def test_pause_without_a_date_lasts(segment):
    tagged()
    segment.pause(now=NOW)
    membership.refresh_stale(lambda: NOW + timedelta(days=400))
    assert members(segment) == set()


def test_broken_rule_freezes_the_members_and_says_why():
    stage = StageFactory()
    segment = SegmentFactory(rules={"has": "deals", "where": {"field": "stage", "op": "eq", "value": stage.pk}})
    contact = ContactFactory()
    deal = DealFactory(stage=stage, contact=contact)
    refresh(segment, now=NOW)
    Stage.objects.update(deleted_at=NOW)
    deal.delete()
    refresh(segment, now=LATER)
    membership.refresh_contacts([contact.pk], now=LATER)
    segment.refresh_from_db()
    assert (segment.health, members(segment)) == ("broken", {contact})
    assert segment.health_reason


def test_broken_segment_is_found_by_the_first_contact_that_changes():
    stage = StageFactory()
    segment = SegmentFactory(rules={"has": "deals", "where": {"field": "stage", "op": "eq", "value": stage.pk}})
    refresh(segment, now=NOW)
    Stage.objects.update(deleted_at=NOW)
    membership.refresh_contacts([ContactFactory().pk], now=LATER)
    segment.refresh_from_db()
    assert segment.health == "broken"


def test_segment_whose_rule_is_whole_again_lives_on():
    stage = StageFactory(deleted_at=NOW)
    segment = SegmentFactory(rules={"has": "deals", "where": {"field": "stage", "op": "eq", "value": stage.pk}})
    refresh(segment, now=NOW)
    Stage.objects.update(deleted_at=None)
    refresh(segment, now=LATER)
    segment.refresh_from_db()
    assert (segment.health, segment.health_reason) == ("empty", "")


def test_snapshot_is_never_computed_anew(segment):
    contact = tagged()
    refresh(segment, now=NOW)
    Segment.objects.update(kind=Segment.Kind.SNAPSHOT)
    Contact.objects.update(tags=[])
    assert refresh(segment, now=LATER) == Refreshed(size=1)
    assert membership.refresh_contacts([contact.pk], now=LATER) == Refreshed()


def test_segment_in_segment_follows_in_the_same_pass(segment):
    outer = SegmentFactory(rules={"segment": segment.pk, "op": "in"}, name="А по алфавиту раньше")
    contact = tagged()
    membership.refresh_all(lambda: NOW)
    assert members(outer) == {contact}
    Contact.objects.update(tags=[])
    assert membership.refresh_contacts([contact.pk], now=LATER) == Refreshed(left=2)


def test_long_refresh_dates_each_segment_by_its_own_moment(segment):
    inner = SegmentFactory(rules={"segment": segment.pk, "op": "in"})
    contact, hours = tagged(), count()
    membership.refresh_all(lambda: NOW + timedelta(hours=next(hours)))
    first, second = (Membership.objects.get(segment=each, contact=contact).entered_at for each in (segment, inner))
    assert first < second


def test_few_contacts_are_compared_over_all_segments(segment):
    contact, bystander = tagged(), tagged()
    segment.refreshed_at = NOW
    segment.save(update_fields=["refreshed_at"])
    assert membership.refresh_contacts([contact.pk], now=LATER) == Refreshed(entered=1)
    segment.refresh_from_db()
    assert (members(segment), segment.size, bystander in members(segment)) == ({contact}, 1, False)
    assert Membership.objects.get().cause == "rule"


def test_few_contacts_do_not_fill_a_segment_that_waits_for_its_first_fill(segment):
    assert membership.refresh_contacts([tagged().pk], now=NOW) == Refreshed()


def test_few_contacts_cost_few_queries_whatever_the_number_of_segments(segment, django_assert_max_num_queries):
    for _ in range(20):
        SegmentFactory(rules=TAGGED, refreshed_at=NOW)
    contact = ContactFactory()
    with django_assert_max_num_queries(8):
        membership.refresh_contacts([contact.pk], now=NOW)


def test_stale_are_those_the_clock_moves_and_those_never_filled(segment):
    recent = SegmentFactory(rules={"field": "created_at", "op": "within_last", "value": "30d"})
    contact = tagged()
    assert membership.refresh_stale(lambda: NOW) == 2
    assert membership.refresh_stale(lambda: NOW + timedelta(minutes=14)) == 0
    assert (members(segment), members(recent)) == ({contact}, {contact})
    assert membership.refresh_stale(lambda: NOW + timedelta(days=30, minutes=1)) == 1
    assert (members(segment), members(recent)) == ({contact}, set())


def test_first_fill_sees_what_people_are_by_now():
    buyer = ContactFactory()
    DealFactory(stage=StageFactory(kind="won"), price=1000, closed_at=NOW, contact=buyer)
    rules = [{"field": "lifecycle", "op": "eq", "value": value} for value in (buyer.lifecycle, "buyer_one_off")]
    _before, now = (SegmentFactory(rules=rule) for rule in rules)
    membership.refresh_stale(lambda: NOW)
    assert list(Membership.objects.values_list("segment", "contact")) == [(now.pk, buyer.pk)]


def test_fill_is_done_at_once_when_it_is_quick(segment):
    tagged()
    assert membership.fill(segment, now=NOW)
    assert segment.size == 1


def test_fill_that_takes_too_long_is_left_to_a_worker(segment, monkeypatch):
    monkeypatch.setattr(membership, "FILL_WITHIN_MS", 50)
    monkeypatch.setattr(membership, "refresh", lambda *_args, **_kwargs: sleep_in_database())
    assert not membership.fill(segment, now=NOW)


def sleep_in_database():
    Segment.objects.extra(select={"nap": "pg_sleep(600)"}).first()


def test_rule_that_nobody_can_satisfy_empties_the_segment(segment, monkeypatch):
    tagged()
    refresh(segment, now=NOW)
    monkeypatch.setattr(membership, "population", lambda _segment, now: Contact.objects.none())
    assert refresh(segment, now=LATER) == Refreshed(left=1)


def test_value_with_signs_of_sql_is_only_a_value(segment):
    odd = "50% {скидка} '"
    Segment.objects.update(rules={"field": "tags", "op": "any_of", "value": [odd]})
    contact = ContactFactory(tags=[odd])
    assert refresh(segment, now=NOW) == Refreshed(entered=1, size=1)
    assert membership.refresh_contacts([contact.pk], now=NOW) == Refreshed()


def test_sudden_growth_is_marked():
    segment = SegmentFactory(rules=TAGGED, created_at=NOW - timedelta(days=9), refreshed_at=NOW - timedelta(days=8))
    Membership.objects.create(segment=segment, contact=tagged(), entered_at=NOW - timedelta(days=8))
    for _ in range(20):
        tagged()
    refresh(segment, now=NOW)
    segment.refresh_from_db()
    assert segment.health == "jumped"
