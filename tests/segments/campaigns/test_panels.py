import pytest
from django.test import RequestFactory

from pipelines.timeline import timeline
from segments.campaigns import panels
from tests.factories import NOW, CampaignFactory, MessageFactory, SegmentFactory, UserFactory

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


def test_opt_out_on_the_timeline_fits_men_and_women():
    message = MessageFactory(state="accepted", sent_at=NOW, unsubscribed_at=NOW)
    (entry,) = [entry for entry in timeline(message.contact, UserFactory()) if entry.kind == "message"]
    assert entry.body.endswith(": отписка")
