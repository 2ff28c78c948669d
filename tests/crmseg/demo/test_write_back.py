"""The demo waits for what its own circle writes to amoCRM, whatever people have sent and tagged beside it."""

import pytest

from crmseg.demo import circle
from crmseg.demo.steps import Circle, CircleError
from integrations.amocrm.models import Push
from tests.factories import NOW, MembershipFactory, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_works(monkeypatch):
    monkeypatch.setattr(circle.tasks.push_changes, "delay", lambda: None)


@pytest.fixture
def impatient():
    return Circle(lambda *shown: None, patience=0.0)


def pushed(kind: str, contact: int, state: str = "done") -> None:
    finished = None if state in Push.OPEN else NOW
    about = {"entity": "contact", "local_id": contact, "cause": f"{kind} {contact} {state}"}
    Push.objects.create(kind=kind, state=state, finished_at=finished, **about)


def test_letters_of_other_campaigns_are_not_waited_for(impatient):
    stay = MembershipFactory()
    ours = MessageFactory(state="accepted", contact=stay.contact)
    MessageFactory(state="accepted", contact=stay.contact)  # another campaign's, told by the note already there
    MessageFactory(state="accepted")
    pushed("tag", stay.contact_id)
    pushed("note", stay.contact_id)
    circle.write_back(impatient, stay.segment, ours.run.campaign)


@pytest.mark.parametrize("missing", ["tag", "note"])
def test_what_the_circle_writes_itself_is(impatient, missing):
    stay = MembershipFactory()
    ours = MessageFactory(state="accepted", contact=stay.contact)
    pushed("note" if missing == "tag" else "tag", stay.contact_id)
    pushed(missing, MembershipFactory().contact_id)  # of somebody else
    with pytest.raises(CircleError, match="1 из 2"):
        circle.write_back(impatient, stay.segment, ours.run.campaign)
    pushed(missing, stay.contact_id, "planned")
    with pytest.raises(CircleError, match="1 из 2"):
        circle.write_back(impatient, stay.segment, ours.run.campaign)
