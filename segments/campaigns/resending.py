"""A person decides on a letter of unknown fate: it is sent once more, or they are told why not.

What flows in: the letter, and the attempt the person has seen. What flows out: the letter planned again, or
``NotResent``; a letter that would be left out at its handover is refused here, where somebody still reads why.
"""

from datetime import datetime

from django.db import transaction

from crmseg.web.reasons import Explained, Reason

from .audience import recheck
from .models import Message, Run

State = Message.State


class NotResent(Explained):
    """The letter stays as it is."""


@transaction.atomic
def resend(message: Message, *, now: datetime, seen: int | None = None) -> None:
    if seen not in (None, message.attempt) or not message.resend(now=now):
        raise NotResent(why_not(message, seen=seen))
    if reason := _reason_to_skip(message, now):
        raise NotResent(Reason("resend_left_out", why=str(Message.Reason(reason).label)))


def why_not(message: Message, *, seen: int | None = None) -> Reason:
    """What is by now with a letter that was unknown when the person looked at it."""
    message.refresh_from_db()
    state = str(message.get_state_display()).lower()
    if message.state in Message.PENDING or seen not in (None, message.attempt):
        return Reason("resent_already", state=state)
    if message.state != State.UNKNOWN:
        closed = isinstance(message.why, Reason) and message.why.code == "closed_by"
        return Reason("fate_known", state=str(message.why) if closed else state)
    return Reason("run_cancelled" if message.run.state == Run.State.CANCELLED else "resend_early")


def _reason_to_skip(message: Message, now: datetime) -> str:
    """Asked once the letter is planned, as one of unknown fate counts as sent."""
    verdicts = recheck(message, message.run.campaign, now=now).people()
    return verdicts[0].reason if verdicts else str(Message.Reason.LEFT_SEGMENT)
