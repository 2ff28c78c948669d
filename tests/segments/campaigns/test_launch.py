import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import translation

from segments.campaigns import launch
from segments.campaigns.models import Campaign, Message, Run
from segments.campaigns.reports import report
from tests.factories import NOW, CampaignFactory

from .conftest import started

pytestmark = pytest.mark.django_db


def scheduled(campaign, at=NOW + timedelta(hours=1)):
    campaign.schedule = {"at": at.isoformat()}
    campaign.save()
    return launch.launch(campaign, by=None, now=NOW)


def test_launch_fills_the_ledger_with_the_audience(campaign, person):
    person("a@mail.example")
    person()
    run = started(campaign)
    assert (campaign.state, run.state, run.audience) == ("running", "running", 2)
    assert set(run.messages.values_list("state", "reason", "address")) == {
        ("planned", "", "a@mail.example"),
        ("skipped", "no_address", ""),
    }


def test_every_message_has_a_token_of_its_own(campaign, person):
    for number in range(3):
        person(f"{number}@mail.example")
    tokens = set(started(campaign).messages.values_list("token", flat=True))
    assert len(tokens) == 3
    assert all(len(token) == 32 for token in tokens)


def test_templates_are_frozen_at_the_start(campaign, person):
    person("a@mail.example")
    run, step = started(campaign), campaign.steps.get()
    step.subject = "Другая тема"
    step.save()
    assert run.templates[str(step.pk)]["subject"] == "{{ contact.first_name }}, разберём вашу смету"


def test_campaign_that_reaches_nobody_is_done_at_once(campaign, person):
    person()
    run = started(campaign)
    assert run.state == "done"
    assert Campaign.objects.get().state == "done"


def test_schedule_waits_for_its_time(campaign, person):
    person("a@mail.example")
    scheduled(campaign)
    assert (campaign.state, campaign.next_due_at) == ("scheduled", NOW + timedelta(hours=1))
    assert launch.start_due(NOW) == 0
    assert launch.start_due(NOW + timedelta(hours=1)) == 1
    assert launch.start_due(NOW + timedelta(hours=1)) == 0
    assert Run.objects.get().due_at == NOW + timedelta(hours=1)


def test_d8_start_more_than_two_hours_late_asks_first(campaign, person):
    person("a@mail.example")
    scheduled(campaign)
    late = NOW + timedelta(hours=3, seconds=1)
    assert launch.start_due(late) == 0
    campaign.refresh_from_db()
    assert campaign.state == "scheduled"
    assert "21 ноября 2026" in str(campaign.state_reason)
    assert "пропущено" in str(campaign.state_reason)
    launch.launch(campaign, by=None, now=late)
    assert (campaign.state, campaign.state_reason) == ("running", "")


def test_regular_campaign_is_scheduled_again_when_its_run_ends(campaign, person):
    person()
    campaign.schedule = {"rrule": "FREQ=DAILY", "start": (NOW + timedelta(hours=1)).isoformat()}
    campaign.save()
    launch.launch(campaign, by=None, now=NOW)
    launch.start_due(NOW + timedelta(hours=1))
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_due_at) == ("scheduled", NOW + timedelta(days=1, hours=1))


def test_launch_is_refused_when_it_already_runs(campaign, person):
    started(campaign)
    with pytest.raises(launch.AlreadyLaunched):
        launch.launch(Campaign.objects.get(), by=None, now=NOW)


def no_step(campaign):
    campaign.steps.all().delete()


def faulty_template(campaign):
    campaign.steps.update(html="{% if %}")


def past(campaign):
    campaign.schedule = {"at": (NOW - timedelta(days=1)).isoformat()}


def broken_segment(campaign):
    campaign.segment.health = "broken"


def paused_segment(campaign):
    campaign.segment.is_paused = True


def no_channel(campaign):
    campaign.channel = "telegram"


@pytest.mark.parametrize("fault", [no_step, faulty_template, past, broken_segment, paused_segment, no_channel])
def test_launch_names_what_stands_in_the_way(campaign, fault):
    fault(campaign)
    with pytest.raises(launch.LaunchRefused, match=r"\w+"):
        launch.launch(campaign, by=None, now=NOW)
    assert Campaign.objects.get().state == "draft"


def test_draft_without_a_segment_cannot_start():
    with pytest.raises(launch.LaunchRefused, match="сегмент"):
        launch.launch(CampaignFactory(segment=None), by=None, now=NOW)


def test_due_campaign_that_cannot_start_says_why_and_stays(campaign):
    scheduled(campaign)
    campaign.segment.is_paused = True
    campaign.segment.save()
    assert launch.start_due(NOW + timedelta(hours=1)) == 0
    campaign.refresh_from_db()
    assert campaign.state == "scheduled"
    assert "на паузе" in str(campaign.state_reason)


def test_schedule_that_cannot_be_is_explained_in_the_language_of_the_reader(campaign):
    scheduled(campaign)
    Campaign.objects.update(schedule={"rrule": "FREQ=DAILY;INTERVAL=0", "start": "2026-11-21T10:00:00Z"})
    launch.start_due(NOW + timedelta(hours=1))
    campaign.refresh_from_db()
    assert str(campaign.state_reason) == "Шаг повторения — целое число от 1."
    with translation.override("en"):
        assert str(campaign.state_reason).startswith("The interval")


def test_pause_and_resume_of_a_scheduled_campaign(campaign):
    scheduled(campaign)
    assert campaign.pause(now=NOW)
    assert launch.start_due(NOW + timedelta(hours=1)) == 0
    assert campaign.resume(now=NOW)
    assert campaign.state == "scheduled"


def test_cancel_ends_everything_that_has_not_left(campaign, person):
    person("a@mail.example")
    run = started(campaign)
    assert campaign.cancel(now=NOW)
    run.refresh_from_db()
    assert (run.state, campaign.state) == ("cancelled", "cancelled")
    assert run.messages.get().reason == "cancelled"
    assert not campaign.cancel(now=NOW)


def test_report_sums_to_the_audience(campaign, person):
    person("a@mail.example")
    person("a@mail.example")
    person()
    run = started(campaign)
    found = report(campaign)
    assert found.audience == run.audience == 3
    assert (found.states["planned"], found.reasons) == (1, {"duplicate_address": 1, "no_address": 1})


@pytest.mark.django_db(transaction=True)
def test_many_starts_at_once_make_one_run(campaign, person):
    person("a@mail.example")
    scheduled(campaign)
    barrier, started_count = threading.Barrier(4), []

    def start():
        barrier.wait()
        started_count.append(launch.start_due(NOW + timedelta(hours=1)))
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(started_count) == 1
    assert (Run.objects.count(), Message.objects.count()) == (1, 1)
