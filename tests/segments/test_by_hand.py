"""segments.by_hand: people put into static segments, and taken out."""

from datetime import timedelta

import pytest

from pipelines.models import Change, Contact
from segments.by_hand import NotStatic, add_by_hand, remove_by_hand
from segments.membership import Refreshed, refresh_contacts
from segments.models import Membership, Segment
from tests.factories import NOW, ContactFactory, SegmentFactory, UserFactory

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def last_line():
    change = Change.objects.order_by("id").last()
    return change.type, change.subject_id, change.data["segment"], change.origin


def test_by_hand_into_a_static_segment_keeps_who_and_when():
    segment, user = SegmentFactory(kind="static", rules=None), UserFactory()
    contact, gone = ContactFactory(), ContactFactory(deleted_at=NOW)
    assert add_by_hand(segment, [contact.pk, gone.pk], by=user, now=NOW) == 1
    assert add_by_hand(segment, [contact.pk], by=user, now=LATER) == 0
    stay = Membership.objects.get()
    assert (stay.contact, stay.cause, stay.by, stay.entered_at) == (contact, "manual", user, NOW)
    change = Change.objects.get()
    assert (change.type, change.origin, change.actor) == ("segment.entered", "ui", user)
    assert segment.memberships.count() == Segment.objects.get().size == 1


def test_by_hand_out_of_a_static_segment():
    segment, contact = SegmentFactory(kind="static", rules=None), ContactFactory()
    add_by_hand(segment, [contact.pk], by=None, now=NOW)
    assert remove_by_hand(segment, [contact.pk], by=None, now=LATER, origin="api") == 1
    stay = Membership.objects.get()
    assert (stay.left_at, stay.left_cause, Segment.objects.get().size) == (LATER, "manual", 0)
    assert last_line() == ("segment.left", contact.pk, segment.pk, "api")


def test_deleted_contact_leaves_a_static_segment_too():
    segment, contact = SegmentFactory(kind="static", rules=None), ContactFactory()
    add_by_hand(segment, [contact.pk], by=None, now=NOW)
    Contact.objects.update(deleted_at=NOW)
    assert refresh_contacts([contact.pk], now=LATER) == Refreshed(left=1)
    assert Membership.objects.get().left_cause == "deleted"


def test_by_hand_is_refused_where_rules_decide():
    with pytest.raises(NotStatic):
        add_by_hand(SegmentFactory(), [ContactFactory().pk], by=None, now=NOW)
