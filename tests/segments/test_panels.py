"""segments.panels: where a person is, on the pages of others."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string

from crmseg.accounts.models import Role
from crmseg.web.panels import panels_for
from pipelines.timeline import timeline
from tests.factories import NOW, ContactFactory, DealFactory, MembershipFactory, SegmentFactory, UserFactory

pytestmark = pytest.mark.django_db


def shown(rf, place, subject, role=Role.MANAGER):
    request = rf.get("/")
    request.user = UserFactory(role=role)
    return "".join(render_to_string(p.template, p.context, request) for p in panels_for(place, request, subject))


def test_contact_shows_its_segments_of_now(rf):
    contact = ContactFactory()
    MembershipFactory(contact=contact, segment=SegmentFactory(name="Молчат"))
    MembershipFactory(contact=contact, segment=SegmentFactory(name="Ушёл отсюда"), left_at=NOW)
    MembershipFactory(contact=contact, segment=SegmentFactory(name="Удалённый", deleted_at=NOW))
    found = shown(rf, "contact", contact)
    assert ("Молчат" in found, "Ушёл отсюда" in found, "Удалённый" in found) == (True, False, False)


def test_deal_shows_those_of_its_main_contact(rf):
    contact = ContactFactory()
    MembershipFactory(contact=contact, segment=SegmentFactory(name="Молчат"))
    assert "Молчат" in shown(rf, "deal", DealFactory(contact=contact))
    assert shown(rf, "deal", DealFactory()) == ""


def test_nothing_for_those_who_may_not_see_segments(rf):
    assert shown(rf, "contact", ContactFactory(), role=Role.PARTNER) == ""


def test_timeline_of_a_contact_tells_of_its_segments():
    contact, later = ContactFactory(), NOW + timedelta(hours=1)
    segment = SegmentFactory(name="Молчат")
    MembershipFactory(contact=contact, segment=segment, left_at=later, left_cause="rule")
    told = [
        (entry.title, entry.at, entry.body) for entry in timeline(contact, UserFactory()) if entry.kind == "segment"
    ]
    assert told == [
        ("Выход из сегмента «Молчат»", later, "по условиям"),
        ("Вход в сегмент «Молчат»", NOW, "по условиям"),
    ]
    assert [entry.at for entry in timeline(contact, UserFactory(), before=later)] == [NOW]


def test_quotes_within_the_name_of_a_segment_are_the_inner_ones():
    contact = ContactFactory()
    MembershipFactory(contact=contact, segment=SegmentFactory(name="Отказ «Нецелевое обращение»"))
    (told,) = [entry.title for entry in timeline(contact, UserFactory()) if entry.kind == "segment"]
    assert told == "Вход в сегмент «Отказ „Нецелевое обращение“»"
