from datetime import UTC, datetime, timedelta

import pytest
from django.test import RequestFactory
from django.urls import reverse

from pipelines.timeline import timeline
from segments.campaigns import consent, panels
from tests.factories import NOW, CampaignFactory, ContactPointFactory, MessageFactory, SegmentFactory, UserFactory

pytestmark = pytest.mark.django_db


def request(role):
    found = RequestFactory().get("/")
    found.user = UserFactory(role=role)
    return found


def test_segment_names_the_campaigns_that_use_it():
    segment = SegmentFactory()
    writes, excludes = CampaignFactory(segment=segment), CampaignFactory()
    excludes.exclude_segments.add(segment)
    CampaignFactory()
    content = panels.of_segment(request("marketer"), segment)
    assert set(content.context["campaigns"]) == {writes, excludes}
    assert panels.of_segment(request("manager"), segment) is None


def test_letter_stands_on_the_timeline_of_its_person():
    message = MessageFactory(state="accepted", sent_at=NOW, subject="Смета")
    MessageFactory(contact=message.contact, state="skipped", reason="no_consent")
    entries = [entry for entry in timeline(message.contact, UserFactory()) if entry.kind == "message"]
    assert [entry.title for entry in entries] == ["Письмо «Смета»"]
    assert "принято" in entries[0].body


def test_opt_out_stands_on_the_timeline_beside_its_letter_each_at_its_time():
    later = NOW + timedelta(hours=3)
    message = MessageFactory(state="accepted", sent_at=NOW, unsubscribed_at=later, subject="Смета")
    letter, opt_out = sorted(timeline(message.contact, UserFactory()), key=lambda entry: entry.at)
    assert (letter.at, "принято" in letter.body) == (NOW, True)
    assert (opt_out.at, opt_out.title) == (later, "Отписка от рассылки")
    assert opt_out.body.endswith("письмо «Смета»")
    assert [entry.at for entry in timeline(message.contact, UserFactory(), before=later)] == [NOW]


def test_card_says_that_a_person_opted_out_and_when(client):
    point = ContactPointFactory()
    client.force_login(UserFactory(role="head"))
    card = reverse("contacts:detail", args=[point.contact_id])
    assert "отказ от рассылки" not in client.get(card).content.decode()
    consent.suppress(point.value, "email", "unsubscribed", now=datetime(2020, 11, 21, 9, tzinfo=UTC))
    page = client.get(card).content.decode()
    assert "отказ от рассылки" in page
    assert "21\xa0ноя 2020, 12:00" in page
