from .campaign import Campaign, Run, Step
from .consent import Consent, Suppression
from .message import Message, MessageEvent

__all__ = ["Campaign", "Consent", "Message", "MessageEvent", "Run", "Step", "Suppression"]
