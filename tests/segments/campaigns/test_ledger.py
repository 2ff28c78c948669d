"""Any history of workers, sweeps, people and late words keeps the ledger's promises."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from segments.campaigns import delivery, events, tracking
from segments.campaigns.models import Campaign, Message
from segments.campaigns.rendering import Letter
from tests.factories import NOW, CampaignFactory, SegmentFactory, StepFactory

from .conftest import add_person, started

pytestmark = pytest.mark.django_db

LETTER = Letter("Тема", "", "Текст")
WORKERS = st.sampled_from(["w1", "w2"])
WHICH = st.integers(0, 4)


class Ledger(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        segment = SegmentFactory()
        self.campaign = CampaignFactory(segment=segment)
        StepFactory(campaign=self.campaign)
        for number in range(4):
            add_person(segment, f"{number}@mail.example")
        add_person(segment)
        self.run_row, self.now = started(self.campaign), NOW
        self.held: list[Message] = []
        self.provider: Counter[str] = Counter()  # what the provider took, by attempt
        self.states = self.ledger()

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    def ledger(self):
        return dict(self.run_row.messages.values_list("pk", "state"))

    def row(self, which):
        return self.run_row.messages.select_related("run__campaign").order_by("pk")[which]

    @rule(worker=WORKERS, limit=st.integers(1, 3))
    def claim(self, worker, limit):
        self.held += Message.objects.claim(limit, worker=worker, now=self.now)

    @rule(which=WHICH, outcome=st.sampled_from(["accept", "lost", "defer", "reject", "doubt", "dead"]))
    def hand_over(self, which, outcome):
        """A worker goes on with a claim it holds, however old, and meets its fate."""
        if not self.held:
            return
        message = self.held[which % len(self.held)]
        if not delivery.hand_over(message, LETTER, self.now):
            return
        if outcome in ("accept", "lost"):  # "lost": the provider has it, the worker dies before it can say so
            self.provider[message.contact_id] += 1
        match outcome:
            case "accept":
                delivery.accept(message, "250", self.now)
            case "defer":
                message.defer("451", due_at=self.now, now=self.now)
            case "reject":
                message.reject("554", now=self.now)
            case "doubt":
                message.doubt("lost", now=self.now)

    @rule(which=WHICH)
    def hand_over_again(self, which):
        """The same worker comes back to what it has begun already, as a task does that is delivered twice."""
        begun = [message for message in self.held if self.provider[message.contact_id]]
        if begun and delivery.hand_over(begun[which % len(begun)], LETTER, self.now):
            self.provider[begun[which % len(begun)].contact_id] += 1

    @rule(which=WHICH)
    def late_word(self, which):
        if self.held:
            delivery.accept(self.held[which % len(self.held)], "250", self.now)

    @rule(minutes=st.integers(0, 6))
    def sweep(self, minutes):
        self.now += timedelta(minutes=minutes)
        delivery.sweep(self.now)

    @rule(which=WHICH)
    def resend(self, which):
        message = self.row(which)
        if message.resend(now=self.now):
            self.provider[message.contact_id] = 0  # a person took the decision

    @rule(which=WHICH)
    def close(self, which):
        self.row(which).close(by="Юлия", now=self.now)

    @rule(verb=st.sampled_from(["pause", "resume"]))
    def steer(self, verb):
        getattr(Campaign.objects.get(pk=self.campaign.pk), verb)(now=self.now)

    @rule(which=WHICH)
    def unsubscribe(self, which):
        tracking.unsubscribe(self.row(which).token, now=self.now, how="page")

    @rule(which=WHICH, kind=st.sampled_from(["delivered", "bounced", "complained"]))
    def provider_says(self, which, kind):
        message = self.row(which)
        if message.provider_id and message.state != "handing_over":
            events.take(events.ProviderEvent(kind, message.provider_id, self.now), now=self.now)

    @invariant()
    def sum_of_states_is_the_audience(self):
        assert len(self.ledger()) == self.run_row.audience == 5

    @invariant()
    def states_move_along_the_arrows(self):
        before, self.states = self.states, self.ledger()
        for pk, state in self.states.items():
            assert state == before[pk] or state in reachable(before[pk]), (before[pk], state)

    @invariant()
    def what_the_provider_has_waits_for_nobody(self):
        for contact, state in self.run_row.messages.values_list("contact", "state"):
            assert not self.provider[contact] or state not in ("planned", "claimed", "skipped")

    @invariant()
    def nobody_gets_two_letters(self):
        assert all(count <= 1 for count in self.provider.values())


def reachable(state):
    """One step of the machine may take several arrows."""
    seen, todo = set(), [state]
    while todo:
        for other in Message.ARROWS.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def test_ledger_keeps_its_promises(memory):
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
