"""The minute after the click: nothing leaves, and «Отменить» brings the draft back."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from segments.campaigns import delivery, launch, tasks
from segments.campaigns.models import Campaign, Message
from tests.factories import NOW, UserFactory

pytestmark = pytest.mark.django_db

GRACE = timedelta(seconds=60)
OVER = NOW + GRACE


@pytest.fixture
def sent(campaign, person):
    """A campaign that somebody has just sent by a click."""
    person("a@mail.example")
    return launch.launch(campaign, by=None, now=NOW, grace=GRACE)


def at_work(now):
    """All that workers do of themselves."""
    launch.start_due(now)
    return delivery.send_planned(10, worker="w", now_fn=lambda: now)


def test_what_is_sent_waits_in_the_database(sent):
    sent.refresh_from_db()
    assert (sent.state, sent.next_due_at, sent.schedule, sent.is_leaving) == ("scheduled", OVER, None, True)


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=30), GRACE - timedelta(milliseconds=1)])
def test_nothing_is_handed_over_before_the_grace_is_over(sent, memory, after):
    assert at_work(NOW + after).claimed == 0
    assert (Message.objects.count(), memory.letters) == (0, [])


def test_letters_leave_when_the_grace_is_over(sent, memory):
    assert at_work(OVER).accepted == 1
    assert len(memory.letters) == 1


def test_take_back_makes_the_same_draft_of_it(sent, memory):
    text = sent.steps.get().as_template()
    assert sent.take_back(now=OVER - timedelta(milliseconds=1))
    draft = Campaign.objects.get()
    assert (draft.state, draft.next_due_at, draft.steps.get().as_template()) == ("draft", None, text)
    assert at_work(OVER + timedelta(hours=1)).claimed == 0
    assert not memory.letters


def test_take_back_comes_too_late_for_what_has_started(sent, memory):
    page = Campaign.objects.get()
    at_work(OVER)
    assert not page.take_back(now=OVER)
    assert Campaign.objects.get().state == "done"


def test_worker_that_was_about_to_start_it_finds_it_taken_back(sent):
    seen = Campaign.objects.get()
    sent.take_back(now=OVER)
    assert launch.start(seen, due_at=OVER, now=OVER) is None
    launch.launch(Campaign.objects.get(), by=None, now=OVER, grace=GRACE)
    assert launch.start(seen, due_at=OVER, now=OVER) is None  # sent again: another minute


def test_who_launched_it_is_known_until_it_is_taken_back(campaign, person):
    person("a@mail.example")
    author, other = UserFactory(), UserFactory()
    launch.launch(campaign, by=author, now=NOW, grace=GRACE)
    assert Campaign.objects.get().launched_by == author
    campaign.take_back(now=NOW)
    assert Campaign.objects.get().launched_by is None
    launch.launch(campaign, by=author, now=NOW, grace=GRACE)
    launch.launch(campaign, by=other, now=NOW)
    assert Campaign.objects.get().launched_by == other


def test_start_by_the_clock_keeps_who_put_it_there(campaign, person):
    person("a@mail.example")
    author = UserFactory()
    launch.launch(campaign, by=author, now=NOW, grace=GRACE)
    launch.start_due(OVER)
    assert Campaign.objects.values_list("launched_by", "launched_at").get() == (author.pk, OVER)


def test_sent_at_once_does_not_wait(sent):
    launch.launch(sent, by=None, now=NOW + timedelta(seconds=5), grace=GRACE)
    assert sent.state == "running"


def test_pause_does_not_shorten_the_grace(sent, memory):
    sent.pause(now=NOW)
    sent.resume(now=NOW)
    assert at_work(OVER - timedelta(seconds=1)).claimed == 0
    assert at_work(OVER).accepted == 1


def scheduled(campaign, at):
    campaign.schedule = {"at": at.isoformat()}
    campaign.save()
    return launch.launch(campaign, by=None, now=NOW, grace=GRACE)


def test_date_ahead_stays_as_it_is(campaign):
    tomorrow = NOW + timedelta(days=1)
    assert scheduled(campaign, tomorrow).next_due_at == tomorrow
    assert not campaign.is_leaving
    assert not campaign.take_back(now=NOW)


@pytest.mark.parametrize("at", [NOW - timedelta(minutes=30), NOW, NOW + timedelta(seconds=20)])
def test_date_that_is_here_already_gets_its_grace(campaign, at):
    assert scheduled(campaign, at).next_due_at == OVER
    assert campaign.is_leaving


def test_launch_without_a_click_does_not_wait(campaign, person):
    person("a@mail.example")
    assert launch.launch(campaign, by=None, now=NOW).state == "running"


def test_worker_is_woken_when_the_grace_is_over(sent, monkeypatch, django_capture_on_commit_callbacks):
    calls = []
    monkeypatch.setattr(tasks.timezone, "now", lambda: NOW)
    monkeypatch.setattr(tasks.start_due, "apply_async", lambda **how: calls.append(how["countdown"]))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.start_soon(sent)
    assert calls == [60.5]


@pytest.mark.django_db(transaction=True)
def test_take_back_and_start_at_the_same_moment_have_one_winner(campaign, person):
    person("a@mail.example")
    launch.launch(campaign, by=None, now=NOW, grace=GRACE)
    barrier, won = threading.Barrier(2), {}

    def run(name, act):
        barrier.wait()
        won[name] = bool(act())
        connection.close()

    one = Campaign.objects.get()
    acts = {"start": lambda: launch.start_due(OVER), "take back": lambda: one.take_back(now=OVER)}
    threads = [threading.Thread(target=run, args=each) for each in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won.values()) == [False, True]
    assert Message.objects.count() == won["start"]
