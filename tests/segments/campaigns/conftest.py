"""A small cast: a segment, a campaign for it, people with an address and a consent, a channel that only remembers."""

from collections import deque
from contextlib import contextmanager

import pytest

from segments.campaigns import consent, launch
from segments.campaigns.channel import Outcome
from tests.factories import (
    NOW,
    CampaignFactory,
    ContactFactory,
    ContactPointFactory,
    MembershipFactory,
    SegmentFactory,
    StepFactory,
)


class MemoryChannel:
    """Takes everything, unless a failure stands in line; counts what each address got."""

    letters = []
    failures = deque()

    @contextmanager
    def open(self):
        yield self

    def send(self, envelope):
        failure = self.failures.popleft() if self.failures else None
        if failure:
            raise failure
        self.letters.append(envelope)
        return Outcome("250 OK")


@pytest.fixture
def memory(settings):
    settings.CHANNELS = {"email": f"{__name__}.MemoryChannel"}
    MemoryChannel.letters, MemoryChannel.failures = [], deque()
    return MemoryChannel


@pytest.fixture
def segment(db):
    return SegmentFactory()


@pytest.fixture
def campaign(segment):
    campaign = CampaignFactory(segment=segment)
    StepFactory(campaign=campaign)
    return campaign


@pytest.fixture
def person(segment):
    """Add a member of the segment: ``person("a@mail.example", consent=False)``."""
    return lambda *addresses, **more: add_person(segment, *addresses, **more)


def add_person(segment, *addresses, allowed=True, **fields):
    contact = ContactFactory(**fields)
    MembershipFactory(segment=segment, contact=contact)
    for position, address in enumerate(addresses):
        ContactPointFactory(contact=contact, value=address, position=position)
        if allowed:
            consent.give(address, "email", "advertising", source="Форма на сайте", at=NOW)
    return contact


def started(campaign, now=NOW):
    """The campaign launched at once; gives its run."""
    launch.launch(campaign, by=None, now=now)
    return campaign.runs.get()
