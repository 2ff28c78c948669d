"""The letter of a campaign as one person got it, or will get it.

What flows in: a campaign, and which row of the ledger is meant. What flows out: the letter written anew from the
sources the run froze and what is known of the person now; the subject is the one that left. Before the ledger is
filled it is written for somebody of the segment. Its links lead nowhere: the one to unsubscribe is the person's own.
"""

from dataclasses import dataclass

from django.db.models import Case, IntegerField, QuerySet, When
from django.utils.safestring import SafeString, mark_safe

from crmseg.accounts.policy import Viewer, visible
from pipelines.models import Contact

from . import personal, trial
from .models import Campaign, Message
from .preview import sample, sender
from .rendering import TemplateFailed, render

CHOICES = 12
Template = dict[str, str]


@dataclass(frozen=True)
class Shown:
    people: list[Message]  # of whom one may be chosen
    message: Message | None  # the chosen one
    person: Contact | None
    subject: str
    body: SafeString
    text: str  # of a letter without HTML
    fault: str  # why there is nothing to show
    source: Template

    @property
    def sender(self) -> str:
        return sender()


def show(campaign: Campaign, viewer: Viewer, *, chosen: int | None = None) -> Shown | None:
    """None: nothing has been written yet."""
    people, message = _people(campaign, viewer, chosen)
    source = _source(campaign, message)
    if source is None:
        return None
    person = message.contact if message else next(iter(sample(campaign)), None)
    values = personal.people([person.pk])[person.pk] if person else {"contact": {}, "deal": {}}
    try:
        letter = render(source, values, trial.link())
    except TemplateFailed as error:
        return Shown(people, message, person, "", SafeString(""), "", str(error), source)
    subject = message.subject if message and message.subject else letter.subject
    text = "" if letter.body else letter.text
    return Shown(people, message, person, subject, mark_safe(letter.body), text, "", source)  # noqa: S308  cleaned


def _people(campaign: Campaign, viewer: Viewer, chosen: int | None) -> tuple[list[Message], Message | None]:
    """Some of those it went to or will go to, and the one that is meant."""
    rows = visible(viewer, Message).filter(run__campaign=campaign).select_related("contact")
    people = list(_the_telling_first(rows)[:CHOICES])
    message = next((one for one in people if one.pk == chosen), None)
    other = rows.filter(pk=chosen).first() if chosen and message is None else None
    if other:
        people.insert(0, other)
    return people, message or next(iter(people), None)


def _the_telling_first(rows: QuerySet[Message]) -> QuerySet[Message]:
    rank = Case(When(state__in=Message.GONE, then=0), default=1, output_field=IntegerField())
    return rows.exclude(state=Message.State.SKIPPED).order_by(rank, "-run_id", "id")


def _source(campaign: Campaign, message: Message | None) -> Template | None:
    if message:
        frozen: Template | None = message.run.templates.get(str(message.step_id))
        if frozen:
            return frozen
    step = campaign.steps.first()
    return step.as_template() if step else None
