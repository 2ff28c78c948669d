"""The hand-over waits for whoever holds the run or the address, and sees what he did (D9, D3)."""

import threading

import pytest
from django.db import connection, transaction

from segments.campaigns import consent, delivery
from segments.campaigns.models import Campaign, Message
from tests.factories import NOW

from .conftest import started
from .test_delivery import LETTER, claimed

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = %s"


def refuse(message):
    consent.suppress(message.address, "email", "unsubscribed", now=NOW)


def pause(message):
    Campaign.objects.get().pause(now=NOW)


@pytest.mark.parametrize(("act", "state"), [(refuse, "skipped"), (pause, "planned")])
def test_d9_refusal_that_commits_while_the_handover_waits_wins(campaign, person, act, state):
    person("a@mail.example")
    started(campaign)
    message, begun = claimed(), []

    def hand_over():
        begun.append(delivery.hand_over(message, LETTER, NOW))
        connection.close()

    thread = threading.Thread(target=hand_over)
    with transaction.atomic():
        act(message)
        thread.start()
        wait_for_somebody_to_wait()
    thread.join()
    assert begun == [False]
    assert Message.objects.get().state == state


def wait_for_somebody_to_wait():
    with connection.cursor() as cursor:
        while True:
            cursor.execute(WAITING, [connection.settings_dict["NAME"]])
            if cursor.fetchone()[0]:
                return


def test_campaigns_of_one_kind_share_the_prepared_check(campaign, person):
    """Only the values differ, so a worker that goes from run to run prepares nothing anew."""
    connection.close()
    for number in range(3):
        person(f"{number}@mail.example")
    started(campaign)
    for message in Message.objects.claim(3, worker="w1", now=NOW):
        assert delivery.hand_over(message, LETTER, NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%verdict AS%%'")
        assert cursor.fetchone()[0] == 1
