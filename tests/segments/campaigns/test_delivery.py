"""The ledger's rules D1–D9 and D12, each by name, with a channel that only remembers.

Longer than other modules: the rules are read side by side, and break each other when one is changed.
"""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import translation

from crmseg.web.reasons import Reason
from pipelines import arming
from pipelines.models import Change, Home
from segments.campaigns import consent, delivery, events, launch, tracking
from segments.campaigns.channel import Outcome, PermanentFailure, TemporaryFailure, Unknown, before_handover
from segments.campaigns.models import Campaign, Message, Run, Suppression
from segments.campaigns.models.message import LEASE
from segments.campaigns.rendering import Letter
from tests.factories import NOW, MessageFactory, RunFactory, StepFactory
from tests.patience import PATIENCE

from .conftest import started

pytestmark = pytest.mark.django_db


class Builder:
    """A channel that breaks while it makes bytes of the letter."""

    @contextmanager
    def open(self):
        yield self

    def build(self, envelope):
        return b""

    def send(self, envelope):
        with before_handover():
            self.build(envelope)
        return Outcome("250 OK")


LETTER = Letter("Тема", "<p>Текст</p>", "Текст")
MINUTE = timedelta(minutes=1)


def send(now=NOW, limit=200, worker="w1", **more):
    return delivery.send_planned(limit, worker=worker, now_fn=lambda: now, **more)


def one(**fields):
    return Message.objects.select_related("run__campaign").get(**fields)


@pytest.fixture
def run(campaign, person):
    person("a@mail.example", first_name="Елена")
    return started(campaign)


def claimed(worker="w1", now=NOW):
    return Message.objects.claim(1, worker=worker, now=now)[0]


def handing_over(worker="w1", now=NOW):
    message = claimed(worker, now)
    assert delivery.hand_over(message, LETTER, now)
    return message


def test_letter_is_accepted_and_told(run, memory):
    sent = send()
    message = one()
    assert (sent.accepted, message.state, message.sent_at, message.subject) == (
        1,
        "accepted",
        NOW,
        "Елена, разберём вашу смету",
    )
    change = Change.objects.get(type="message.accepted")
    assert (change.subject_id, change.origin) == (message.pk, "campaign")
    assert change.data == {"contact": message.contact_id, "campaign": run.campaign_id, "run": run.pk}
    assert memory.letters[0].to == "a@mail.example"


def test_run_and_campaign_end_with_the_last_letter(run, memory):
    send()
    assert Run.objects.get().state == "done"
    assert Campaign.objects.get().state == "done"


def test_d1_every_arrow_is_taken_once(run):
    message, twin = handing_over(), one()
    assert delivery.accept(message, "250", NOW)
    assert not twin.reject("554", now=NOW)
    assert not delivery.accept(message, "250", NOW)


@pytest.mark.parametrize(
    ("to", "when"),
    [("accepted", "planned"), ("planned", "accepted"), ("handing_over", "unknown"), ("claimed", "skipped")],
)
def test_d1_an_arrow_that_is_not_allowed_is_a_fault(run, to, when):
    with pytest.raises(ValueError, match=to):
        one().move(to, when=[when], now=NOW)


def test_d2_handing_over_is_committed_before_the_first_byte(run, memory, monkeypatch):
    seen = []

    def look(channel, envelope):
        seen.append((one().state, connection.in_atomic_block and len(connection.savepoint_ids) > 0))
        raise TemporaryFailure("421")

    monkeypatch.setattr(memory, "send", look)
    send()
    assert seen == [("handing_over", False)]


def test_d3_address_that_changed_is_not_written_to(run, memory):
    one().contact.points.update(value="new@mail.example")
    assert send().skipped == 1
    assert (one().state, one().reason, memory.letters) == ("skipped", "no_address", [])


def test_d3_person_who_left_the_segment_is_not_written_to(run, memory):
    one().contact.memberships.update(left_at=NOW)
    send()
    assert (one().reason, memory.letters) == ("left_segment", [])


def test_d4_lease_over_while_claimed_is_planned_again(run):
    claimed()
    assert delivery.sweep(NOW + LEASE).freed == 0
    assert delivery.sweep(NOW + LEASE + MINUTE).freed == 1
    assert (one().state, one().worker) == ("planned", "")


def test_d4_lease_over_while_handing_over_becomes_unknown(run):
    handing_over()
    assert delivery.sweep(NOW + LEASE + MINUTE).lost == 1
    assert one().state == "unknown"
    assert send(NOW + timedelta(days=1)).claimed == 0


def test_d4_slow_worker_turns_its_own_unknown_into_accepted(run):
    message = handing_over()
    delivery.sweep(NOW + LEASE + MINUTE)
    assert delivery.accept(message, "250", NOW + 2 * LEASE)
    assert one().state == "accepted"
    assert Change.objects.filter(type="message.accepted").count() == 1


def test_d4_slow_worker_says_nothing_of_a_later_attempt(run):
    message = handing_over()
    delivery.sweep(NOW + LEASE + MINUTE)
    later = NOW + timedelta(hours=1)
    assert one().resend(now=later)
    handing_over("w2", later)
    assert not delivery.accept(message, "250", later)
    assert (one().state, one().attempt) == ("handing_over", 2)


def test_d4_worker_whose_lease_is_over_begins_nothing(run):
    message = claimed()
    assert not delivery.hand_over(message, LETTER, NOW + LEASE + MINUTE)
    assert one().state == "claimed"


def test_d5_resend_only_after_ten_minutes(run):
    handing_over().doubt("lost", now=NOW)
    assert not one().resend(now=NOW + 9 * MINUTE)
    assert one().resend(now=NOW + 10 * MINUTE)
    assert one().state == "planned"


def test_d5_resend_only_when_the_worker_is_dead(run):
    handing_over().doubt("lost", now=NOW)
    MessageFactory(state="claimed", worker="w1", leased_until=NOW + timedelta(hours=1))
    assert not one(run=run).resend(now=NOW + 10 * MINUTE)


def test_d5_resend_reopens_a_run_that_was_over(run, memory):
    memory.failures.append(Unknown("lost"))
    send()
    assert (one().state, Run.objects.get().state) == ("unknown", "done")
    later = NOW + 10 * MINUTE
    assert one().resend(now=later)
    assert send(later).accepted == 1
    assert Campaign.objects.get().state == "done"


def test_d5_resend_of_a_cancelled_run_is_refused(run):
    handing_over().doubt("lost", now=NOW)
    Campaign.objects.get().cancel(now=NOW)
    assert not one().resend(now=NOW + 10 * MINUTE)
    assert one().state == "unknown"


def test_unknown_can_be_closed_by_a_person(run):
    handing_over().doubt("lost", now=NOW)
    assert one().close(by="Юлия", now=NOW)
    assert (one().state, one().words) == ("rejected", "Закрыто вручную: Юлия")


def test_d7_nothing_but_the_state_is_needed_to_go_on(run, memory):
    claimed("dead")
    later = NOW + LEASE + MINUTE
    delivery.sweep(later)
    assert send(later).accepted == 1


def test_d9_no_handover_after_an_unsubscribe(run, memory):
    message = claimed()
    tracking.unsubscribe(message.token, now=NOW, how="page")
    assert not delivery.hand_over(message, LETTER, NOW)
    assert one().reason == "suppressed"


def test_d9_no_handover_after_consent_was_withdrawn(run):
    message = claimed()
    consent.withdraw(message.address, "email", "advertising", source="Звонок", at=NOW)
    assert not delivery.hand_over(message, LETTER, NOW)
    assert one().reason == "no_consent"


def test_d9_no_handover_after_a_pause(run, memory):
    message = claimed()
    Campaign.objects.get().pause(now=NOW)
    assert not delivery.hand_over(message, LETTER, NOW)
    assert one().state == "planned"
    assert send().claimed == 0
    Campaign.objects.get().resume(now=NOW)
    assert send().accepted == 1


def test_d9_no_handover_after_a_cancel(run):
    message = claimed()
    Campaign.objects.get().cancel(now=NOW)
    assert not delivery.hand_over(message, LETTER, NOW)
    assert (one().state, one().reason) == ("skipped", "cancelled")


def test_d10_cap_counts_what_other_campaigns_handed_over_meanwhile(run):
    message = claimed()
    for state in ("accepted", "unknown", "handing_over"):
        MessageFactory(contact=message.contact, state=state, sent_at=NOW)
    assert not delivery.hand_over(message, LETTER, NOW)
    assert one(pk=message.pk).reason == "frequency_cap"


def test_d11_quiet_hours_hold_and_lose_nothing(run, memory, settings):
    settings.QUIET_HOURS = {"email": (21, 9)}
    night = NOW.replace(hour=20)  # 23:00 in Moscow
    assert send(night).released == 1
    assert (one().state, one().due_at.hour) == ("planned", 6)
    assert send(one().due_at).accepted == 1


def test_d11_run_past_its_expiry_sends_nothing_more(run, memory):
    late = run.expires_at + MINUTE
    assert delivery.sweep(late).expired == 1
    assert one().reason == "expired"
    assert Run.objects.get().state == "done"


def test_d12_message_id_is_fixed_per_attempt(run, memory):
    memory.failures.append(TemporaryFailure("451"))
    send()
    first = one().provider_id
    send(one().due_at)
    assert memory.letters[0].message_id == one().provider_id != first


def test_temporary_refusal_waits_longer_each_time(run, memory):
    memory.failures.extend(TemporaryFailure("451 later") for _ in range(2))
    assert send().deferred == 1
    assert (one().state, one().due_at, one().detail) == ("planned", NOW + MINUTE, "451 later")
    send(NOW + MINUTE)
    assert one().due_at == NOW + 6 * MINUTE
    assert one().sent_at is None


def test_refusal_for_good_is_final(run, memory):
    memory.failures.append(PermanentFailure("554 spam"))
    assert send().rejected == 1
    assert (one().state, one().detail) == ("rejected", "554 spam")
    assert not Suppression.objects.exists()


def test_address_that_does_not_exist_is_never_written_to_again(run, memory):
    memory.failures.append(PermanentFailure("550 5.1.1", is_bad_address=True))
    send()
    assert Suppression.objects.get().reason == "bounced"


def test_person_whose_letter_cannot_be_written_is_skipped(run, memory):
    Run.objects.update(templates={key: {"subject": "", "html": "x", "text": ""} for key in run.templates})
    assert send().skipped == 1
    assert one().reason == "template_error"


BROKEN = "Письмо не собралось и не ушло: сбой программы (ValueError: ascii codec)"


def broken(*_args, **_more):
    raise ValueError("ascii codec")


def test_letter_that_could_not_be_built_did_not_leave(campaign, person, settings, monkeypatch):
    settings.CHANNELS = {"email": f"{__name__}.Builder"}
    monkeypatch.setattr(Builder, "build", broken)
    for address in ("a@mail.example", "b@mail.example"):
        person(address)
    started(campaign)
    sent = send()
    assert (sent.rejected, sent.unknown, sent.claimed) == (2, 0, 2)
    message = Message.objects.first()
    assert (message.state, message.words) == ("rejected", BROKEN)
    assert not Suppression.objects.exists()


def test_letter_that_breaks_while_it_is_written_is_skipped_and_the_next_one_goes(run, memory, person, monkeypatch):
    monkeypatch.setattr(delivery, "render", broken)
    assert send().skipped == 1
    assert (one().state, one().reason) == ("skipped", "template_error")
    assert one().words == f"ошибка в шаблоне: {BROKEN}"


def test_channel_that_breaks_while_it_sends_leaves_one_unknown_and_stops_the_campaign(campaign, person, memory):
    for address in ("a@mail.example", "b@mail.example"):
        person(address)
    started(campaign)
    memory.failures.append(ValueError("odd"))
    sent = send()
    assert (sent.unknown, sent.released) == (1, 1)
    assert sorted(Message.objects.values_list("state", flat=True)) == ["planned", "unknown"]
    campaign.refresh_from_db()
    assert (campaign.state, campaign.runs.get().state) == ("paused", "paused")
    told = "Кампания остановилась сама: сбой программы при передаче письма. Дошло ли оно, неизвестно"
    assert str(campaign.state_reason) == told


def test_channel_that_cannot_be_reached_gives_everything_back(run, memory, monkeypatch):
    def shut(channel):
        raise TemporaryFailure("почтовый сервер недоступен")

    monkeypatch.setattr(memory, "open", shut)
    assert send().released == 1
    assert (one().state, one().due_at) == ("planned", NOW + MINUTE)
    assert str(Campaign.objects.get().state_reason) == "почтовый сервер недоступен"


@pytest.fixture
def crowd(campaign, person, settings):
    settings.REFUSAL_LIMIT = (3, 0.2)
    for number in range(10):
        person(f"{number}@mail.example")
    return started(campaign)


def test_d14_run_pauses_when_too_many_are_refused(crowd, memory):
    memory.failures.extend([None, None, *(PermanentFailure("554 spam") for _ in range(3))])
    sent = send()
    campaign = Campaign.objects.get()
    assert (sent.accepted, sent.rejected, sent.released) == (2, 3, 5)
    assert (campaign.state, Run.objects.get().state) == ("paused", "paused")
    assert str(campaign.state_reason).startswith("Кампания остановилась сама: не дошло 3 из 5 писем.")


def test_d14_few_refusals_among_many_stop_nothing(crowd, memory, settings):
    settings.REFUSAL_LIMIT = (2, 0.3)
    memory.failures.extend([None] * 7 + [PermanentFailure("554 spam") for _ in range(3)])
    assert send().rejected == 3
    assert Campaign.objects.get().state == "done"


def test_d14_what_was_refused_before_a_person_went_on_is_not_counted_again(crowd, memory):
    memory.failures.extend(PermanentFailure("554 spam") for _ in range(3))
    send()
    Campaign.objects.get().resume(now=NOW + MINUTE)
    memory.failures.append(PermanentFailure("554 spam"))
    assert send(NOW + MINUTE).accepted == 6
    assert Campaign.objects.get().state == "done"


def test_d9_paused_while_the_last_letter_leaves_it_is_over_when_that_has_left(run):
    handing_over()
    campaign = Campaign.objects.get()
    campaign.pause(now=NOW)
    delivery.sweep(NOW)
    assert Run.objects.get().state == "paused"
    delivery.accept(one(), "250 OK", NOW)
    delivery.sweep(NOW)
    campaign.refresh_from_db()
    assert (campaign.state, Run.objects.get().state) == ("done", "done")


def test_d9_whoever_pauses_means_the_next_time_as_well(run):
    Campaign.objects.update(next_due_at=NOW + 60 * MINUTE)
    handing_over()
    Campaign.objects.get().pause(now=NOW)
    delivery.accept(one(), "250 OK", NOW)
    delivery.sweep(NOW)
    assert (Campaign.objects.get().state, Run.objects.get().state) == ("paused", "done")
    assert Campaign.objects.get().resume(now=NOW)
    assert Campaign.objects.get().state == "scheduled"


def test_d14_letters_that_come_back_count_as_well(crowd, memory):
    send(limit=5)
    for message in Message.objects.filter(state="accepted")[:3]:
        events.take(events.ProviderEvent("bounced", message.provider_id, NOW), now=NOW)
    assert Campaign.objects.get().state == "paused"


@pytest.mark.parametrize(("language", "words"), [("ru", "Обработчик не ответил"), ("en", "The worker did not answer")])
def test_reason_is_told_in_the_language_of_the_reader(run, language, words):
    handing_over()
    delivery.sweep(NOW + LEASE + MINUTE)
    with translation.override(language):
        assert one().words == words


@pytest.mark.parametrize(
    ("language", "words"),
    [("ru", "Почтовый сервер недоступен: 111 refused"), ("en", "The mail server is not available: 111 refused")],
)
def test_channel_that_is_away_is_explained_in_the_language_of_the_reader(run, memory, monkeypatch, language, words):
    def shut(channel):
        raise TemporaryFailure("111 refused", why=Reason("server_away"))

    monkeypatch.setattr(memory, "open", shut)
    send()
    with translation.override(language):
        assert str(Campaign.objects.get().state_reason) == words


def test_channel_that_said_nothing_is_explained_by_us_alone(run, memory, monkeypatch):
    def shut(channel):
        raise TemporaryFailure("", why=Reason("server_away"))

    monkeypatch.setattr(memory, "open", shut)
    send()
    assert str(Campaign.objects.get().state_reason) == "Почтовый сервер недоступен"


def test_worker_told_to_stop_gives_back_what_it_claimed(campaign, person, memory):
    for number in range(3):
        person(f"{number}@mail.example")
    started(campaign)
    sent = send(is_stopping=lambda: len(memory.letters) >= 1)
    assert (sent.accepted, sent.released) == (1, 2)
    assert Message.objects.filter(state="planned").count() == 2


def test_lanes_are_one_per_two_hundred_letters():
    run = RunFactory(state="running")
    step = StepFactory(campaign=run.campaign)
    assert delivery.lanes(NOW) == 0
    MessageFactory.create_batch(3, run=run, step=step)
    assert delivery.lanes(NOW) == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_senders_never_write_twice(campaign, person, memory):
    for number in range(60):
        person(f"{number}@mail.example")
    started(campaign)

    def work(name):
        while send(limit=7, worker=name).claimed:
            pass
        connection.close()

    threads = [threading.Thread(target=work, args=[f"w{number}"]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    addresses = [letter.to for letter in memory.letters]
    assert len(addresses) == len(set(addresses)) == 60
    assert Message.objects.filter(state="accepted").count() == 60


@pytest.mark.django_db(transaction=True)
def test_d9_pause_waits_for_the_handover_that_has_begun_and_stops_the_next(campaign, person):
    """Once ``pause`` has returned, the ledger shows no younger handover, however the threads fall."""
    for number in range(20):
        person(f"{number}@mail.example")
    run, begun = started(campaign), threading.Event()

    def work():
        for message in Message.objects.claim(20, worker="w1", now=NOW):
            delivery.hand_over(message, LETTER, NOW)
            begun.set()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(PATIENCE)
    Campaign.objects.get().pause(now=NOW)
    at_pause = run.messages.filter(state="handing_over").count()
    thread.join()
    assert run.messages.filter(state="handing_over").count() == at_pause
    assert run.messages.exclude(state__in=["handing_over", "planned"]).count() == 0


def test_d13_restored_database_sends_and_starts_nothing(run, memory, campaign):
    arming.is_armed(NOW)
    Home.objects.update(server="7311/00000001/5/16400")
    assert send().claimed == 0
    assert memory.letters == []
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.SCHEDULED, next_due_at=NOW)
    assert launch.start_due(NOW) == 0
    Home.objects.get().arm(None, NOW)
    assert send().accepted == len(memory.letters) > 0
