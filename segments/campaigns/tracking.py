"""The link in every letter: unsubscribe by a random token, without login or cookie, as often as one likes."""

from datetime import datetime

from django.db import transaction

from . import consent
from .delivery import tell
from .models import Consent, Message, MessageEvent, Suppression


def message_of(token: str) -> Message | None:
    if "\0" in token:
        return None  # PostgreSQL has no such text
    return Message.objects.select_related("run__campaign").filter(token=token).first()


@transaction.atomic
def unsubscribe(token: str, *, now: datetime, how: str) -> Message | None:
    """Stop advertising to this address at once; None when nobody knows the token."""
    message = message_of(token)
    if message is None or not message.address:
        return None
    stop(message, Suppression.Reason.UNSUBSCRIBED, now=now, how=how)
    return message


def stop(message: Message, reason: str, *, now: datetime, how: str) -> None:
    """The address goes on the list and its consent ends; told once."""
    is_new = consent.suppress(message.address, message.channel, reason, now=now)
    first = Message.objects.filter(pk=message.pk, unsubscribed_at__isnull=True).update(unsubscribed_at=now)
    if not first and not is_new:
        return
    consent.withdraw(
        message.address,
        message.channel,
        Consent.Purpose.ADVERTISING,
        source=how,
        at=now,
        contact=message.contact,
        proof={"message": message.pk},
    )
    MessageEvent.objects.create(message=message, kind="unsubscribed", at=now, data={"how": how})
    tell(message, "message.unsubscribed", now)
