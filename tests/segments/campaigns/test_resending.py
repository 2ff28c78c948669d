"""A person sends an unknown letter once more, or is told what is."""

from datetime import timedelta

import pytest

from segments.campaigns import consent, delivery
from segments.campaigns.channel import Unknown
from segments.campaigns.models import Campaign, Message
from segments.campaigns.resending import NotResent, resend, why_not
from tests.factories import NOW

from .conftest import started

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=10)
EARLY = "Ещё рано: с попытки должно пройти 10 минут, а обработчик — остановиться"


@pytest.fixture
def letter(campaign, person, memory):
    """Of unknown fate since NOW."""
    person("a@mail.example", first_name="Елена")
    started(campaign)
    memory.failures.append(Unknown("lost"))
    send(NOW)
    return one


def one():
    return Message.objects.select_related("run__campaign").get()


def send(now):
    return delivery.send_planned(200, worker="w1", now_fn=lambda: now)


def refused(letter, now=LATER, **seen):
    with pytest.raises(NotResent) as caught:
        resend(letter, now=now, **seen)
    return str(caught.value)


def test_unknown_letter_is_planned_again_and_leaves(letter, memory):
    resend(letter(), now=LATER)
    assert send(LATER).accepted == 1
    assert len(memory.letters) == 1


def test_letter_does_not_count_itself_as_advertising_of_late(letter, settings):
    settings.FREQUENCY_CAP = (1, 7)
    resend(letter(), now=LATER)
    assert send(LATER).accepted == 1


def test_too_early_says_so(letter):
    assert refused(letter(), NOW + timedelta(minutes=9)) == EARLY


@pytest.mark.parametrize(("leaves", "state"), [(False, "в очереди"), (True, "принято")])
def test_second_window_is_told_that_it_is_sent_again_already(letter, leaves, state):
    shown = letter()
    resend(letter(), now=LATER)
    if leaves:
        send(LATER)
    told = f"Это письмо уже отправлено ещё раз. Его состояние: {state}"
    assert refused(letter(), seen=shown.attempt) == refused(shown, seen=shown.attempt) == told
    assert Message.objects.get().attempt == 1 + leaves


def test_window_of_an_older_attempt_does_not_send_the_newer_one(letter, memory):
    shown = letter()
    resend(letter(), now=LATER)
    memory.failures.append(Unknown("lost"))
    send(LATER)
    told = "Это письмо уже отправлено ещё раз. Его состояние: неизвестно"
    assert refused(letter(), LATER + timedelta(hours=1), seen=shown.attempt) == told
    resend(letter(), now=LATER + timedelta(hours=1), seen=letter().attempt)


def test_letter_whose_fate_came_to_light_is_told_so(letter):
    shown = letter()
    assert delivery.accept(letter(), "250", LATER)
    assert refused(letter(), seen=shown.attempt) == "Судьба письма уже известна: принято"


def test_letter_that_was_closed_is_told_so(letter):
    letter().close(by="Юлия", now=NOW)
    assert refused(letter()) == "Судьба письма уже известна: Закрыто вручную: Юлия"


def test_letter_of_a_cancelled_campaign_is_told_so(letter):
    resend(letter(), now=LATER)  # the run is open again
    assert Campaign.objects.get().cancel(now=LATER)
    Message.objects.update(state="unknown", reason="", changed_at=NOW)
    assert refused(letter(), LATER) == "Кампания отменена, её письма больше не уходят"


def test_who_may_not_be_written_to_by_now_is_told_at_once(letter):
    consent.suppress("a@mail.example", "email", "unsubscribed", now=NOW)
    assert refused(letter()) == "Не отправлено: отписка или стоп-лист. Письмо осталось в неизвестных"
    assert (one().state, one().run.state, Campaign.objects.get().state) == ("unknown", "done", "done")


def test_who_has_left_the_segment_is_told_at_once(letter):
    one().contact.memberships.update(left_at=LATER, left_cause="rule")
    assert refused(letter()) == "Не отправлено: уже не в сегменте. Письмо осталось в неизвестных"


def test_why_a_letter_cannot_be_closed_is_told_alike(letter):
    resend(letter(), now=LATER)
    assert str(why_not(letter(), seen=1)) == "Это письмо уже отправлено ещё раз. Его состояние: в очереди"
