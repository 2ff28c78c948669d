"""What providers tell us later, in our words: stamp the message, put the address on the list, write a Change."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db import transaction

from . import consent
from .delivery import tell
from .models import Message, MessageEvent, Suppression
from .tracking import stop

State = Message.State
Kind = Literal["delivered", "bounced", "complained", "unsubscribed"]


@dataclass(frozen=True)
class ProviderEvent:
    """One piece of news, normalised by the channel's webhook; ``is_hard``: the address does not exist."""

    kind: Kind
    message_id: str
    at: datetime
    is_hard: bool = True
    data: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def take(event: ProviderEvent, *, now: datetime) -> bool:
    """Apply the news once; false when it is about no message of ours or says nothing new."""
    message = Message.objects.select_related("run", "contact").filter(provider_id=event.message_id).first()
    if not event.message_id or message is None:
        return False
    if event.kind == "unsubscribed":
        stop(message, Suppression.Reason.UNSUBSCRIBED, now=now, how="provider")
        return True
    if not _stamp(message, event, now):
        return False
    MessageEvent.objects.create(message=message, kind=event.kind, at=event.at, data=event.data)
    tell(message, f"message.{event.kind}", event.at)
    if message.state in Message.REFUSED:
        message.run.stop_if_refused(now=now)
    return True


def _stamp(message: Message, event: ProviderEvent, now: datetime) -> bool:
    if message.state == State.UNKNOWN:
        message.move(State.ACCEPTED, when=[State.UNKNOWN], now=now, sent_at=message.sent_at or event.at)
    match event.kind:
        case "delivered":
            return message.move(State.DELIVERED, when=[State.ACCEPTED], now=now, delivered_at=event.at)
        case "bounced":
            if event.is_hard:
                consent.suppress(message.address, message.channel, Suppression.Reason.BOUNCED, now=now)
            return message.move(State.BOUNCED, when=[State.ACCEPTED, State.DELIVERED], now=now, bounced_at=event.at)
        case "complained":
            stop(message, Suppression.Reason.COMPLAINED, now=now, how="complaint")
            return message.move(State.COMPLAINED, when=[State.ACCEPTED, State.DELIVERED], now=now)
    return False
