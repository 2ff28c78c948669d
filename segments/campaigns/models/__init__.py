from .campaign import Campaign, Channel, Purpose, Run, Step
from .consent import Consent, Suppression
from .message import Message, MessageEvent

__all__ = [
    "Campaign",
    "Channel",
    "Consent",
    "Message",
    "MessageEvent",
    "Purpose",
    "Run",
    "Step",
    "Suppression",
]
