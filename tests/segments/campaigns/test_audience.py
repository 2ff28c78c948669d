from datetime import timedelta

import pytest

from segments.campaigns import consent
from segments.campaigns.audience import audience, recheck
from tests.factories import NOW, ContactFactory, MembershipFactory, MessageFactory, SegmentFactory

pytestmark = pytest.mark.django_db


def verdicts(campaign, now=NOW):
    return {person.contact_id: person.reason for person in audience(campaign, now=now).people()}


def verdict(campaign, contact):
    return verdicts(campaign)[contact.pk]


def test_person_with_address_and_consent_may_be_written_to(campaign, person):
    contact = person("a@mail.example")
    found = audience(campaign, now=NOW).people()
    assert [(one.contact_id, one.address, one.reason) for one in found] == [(contact.pk, "a@mail.example", "")]
    assert found[0].address_hash == consent.address_hash("email", "a@mail.example")


def no_address(campaign, person):
    return person()


def invalid_address(campaign, person):
    contact = person("a@mail.example")
    contact.points.update(is_valid=False)
    return contact


def no_consent(campaign, person):
    return person("a@mail.example", allowed=False)


def suppressed(campaign, person):
    consent.suppress("a@mail.example", "email", "unsubscribed", now=NOW)
    return person("a@mail.example")


def refused_at_another_address(campaign, person):
    consent.suppress("b@mail.example", "email", "complained", now=NOW)
    return person("a@mail.example", "b@mail.example")


def dead_first_address(campaign, person):
    consent.suppress("a@mail.example", "email", "bounced", now=NOW)
    return person("a@mail.example", "b@mail.example")


def sent(contact, times, purpose="advertising", days=1, state="accepted", **more):
    at = NOW - timedelta(days=days)
    for _ in range(times):
        MessageFactory(contact=contact, run__campaign__purpose=purpose, state=state, sent_at=at, **more)
    return contact


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        (no_address, "no_address"),
        (invalid_address, "no_address"),
        (no_consent, "no_consent"),
        (suppressed, "suppressed"),
        (refused_at_another_address, "suppressed"),
        (dead_first_address, ""),
        (lambda _, person: sent(person("a@mail.example"), 3), "frequency_cap"),
        (lambda _, person: sent(person("a@mail.example"), 3, state="unknown"), "frequency_cap"),
        (lambda _, person: sent(person("a@mail.example"), 2), ""),
        (lambda _, person: sent(person("a@mail.example"), 3, days=8), ""),
        (lambda _, person: sent(person("a@mail.example"), 3, purpose="service"), ""),
        (lambda _, person: sent(person("a@mail.example"), 3, state="rejected"), ""),
    ],
)
def test_reason(campaign, person, story, reason):
    assert verdict(campaign, story(campaign, person)) == reason


def test_service_letters_know_no_cap_and_need_processing(campaign, person):
    campaign.purpose = "service"
    contact = sent(person("a@mail.example"), 5)
    assert verdict(campaign, contact) == "no_consent"
    consent.give("a@mail.example", "email", "processing", source="Договор", at=NOW)
    assert verdict(campaign, contact) == ""


def test_one_of_two_people_with_one_address_gets_it(campaign, person):
    first, second = person("a@mail.example"), person("a@mail.example")
    assert verdicts(campaign) == {first.pk: "", second.pk: "duplicate_address"}


def test_duplicate_counts_only_among_those_who_may_get_it(campaign, person):
    capped, free = sent(person("a@mail.example"), 3), person("a@mail.example")
    assert verdicts(campaign) == {capped.pk: "frequency_cap", free.pk: ""}


@pytest.mark.parametrize(
    ("mine", "twins", "more", "reason"),
    [
        (0, 3, {}, "frequency_cap"),
        (1, 2, {}, "frequency_cap"),
        (1, 1, {}, ""),
        (2, 2, {"address": "b@mail.example"}, ""),  # elsewhere
        (0, 3, {"purpose": "service"}, ""),
        (0, 3, {"days": 8}, ""),
        (0, 3, {"state": "rejected"}, ""),
    ],
)
def test_cap_counts_what_a_shared_mailbox_got(campaign, person, mine, twins, more, reason):
    first, second = person("a@mail.example"), person("a@mail.example")
    about = {"address": "a@mail.example", **more}
    sent(first, mine, **about)
    sent(second, twins, **about)
    assert verdict(campaign, first) == reason
    assert last_word(planned(campaign, first)) == reason


def test_people_who_left_who_are_excluded_or_deleted_are_not_in_it(campaign, person, segment):
    left, excluded, deleted = (person(f"{n}@mail.example") for n in range(3))
    left.memberships.update(left_at=NOW)
    shut = SegmentFactory()
    MembershipFactory(segment=shut, contact=excluded)
    campaign.exclude_segments.add(shut)
    deleted.deleted_at = NOW
    deleted.save(update_fields=["deleted_at"])
    assert verdicts(campaign) == {}


def test_counts_are_those_of_the_people(campaign, person):
    person("a@mail.example")
    person("a@mail.example")
    person()
    assert audience(campaign, now=NOW).counts() == {"": 1, "duplicate_address": 1, "no_address": 1}


def planned(campaign, contact, address="a@mail.example"):
    return MessageFactory(run__campaign=campaign, step=campaign.steps.get(), contact=contact, address=address)


def last_word(message):
    found = recheck(message, message.run.campaign, now=NOW).people()
    return found[0].reason if found else "left_segment"


@pytest.mark.parametrize("purpose", ["advertising", "service"])
def test_recheck_agrees_while_nothing_changed(campaign, person, purpose):
    campaign.purpose = purpose
    consent.give("a@mail.example", "email", "processing", source="Договор", at=NOW)
    message = planned(campaign, person("a@mail.example"))
    assert (verdict(campaign, message.contact), last_word(message)) == ("", "")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda contact: contact.memberships.update(left_at=NOW), "left_segment"),
        (lambda contact: contact.points.update(value="new@mail.example"), "no_address"),
        (lambda contact: consent.withdraw("a@mail.example", "email", "advertising", source="t", at=NOW), "no_consent"),
        (lambda contact: consent.suppress("a@mail.example", "email", "manual", now=NOW), "suppressed"),
        (lambda contact: type(contact).objects.update(deleted_at=NOW), "left_segment"),
        (lambda contact: sent(contact, 3), "frequency_cap"),
        (lambda contact: sent(ContactFactory(), 3, address="a@mail.example"), "frequency_cap"),
    ],
)
def test_recheck_sees_what_changed_since(campaign, person, change, reason):
    contact = person("a@mail.example")
    message = planned(campaign, contact)
    change(contact)
    assert last_word(message) == reason
