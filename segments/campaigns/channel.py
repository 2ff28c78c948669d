"""The port to the outside: a channel hands one message at a time to a provider.

What flows in: an ``Envelope`` that is complete. What flows out: an ``Outcome`` (the provider took responsibility), or
one of three failures. Adapters live in ``integrations/channels``, named by dotted path in ``settings.CHANNELS``.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from crmseg.web.reasons import Reason

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Envelope:
    message_id: str  # fixed per attempt, so that a provider's later word can be matched
    to: str
    subject: str
    html: str
    text: str
    unsubscribe_url: str
    list_id: str  # stable per campaign
    list_name: str = ""


@dataclass(frozen=True)
class Outcome:
    """The provider accepted the message; ``detail`` holds its words."""

    detail: str = ""


class Failure(Exception):
    """``detail`` holds the provider's own words, ``why`` ours."""

    def __init__(self, detail: str, *, why: Reason | None = None) -> None:
        super().__init__(": ".join(str(part) for part in (why, detail) if part))
        self.detail, self.why = detail[:1000], why


class TemporaryFailure(Failure):
    """Refused for now: nothing was sent, try again later."""

    def __init__(self, detail: str, retry_at: datetime | None = None, *, why: Reason | None = None) -> None:
        super().__init__(detail, why=why)
        self.retry_at = retry_at


class PermanentFailure(Failure):
    """Refused for good; ``is_bad_address`` when the address itself does not exist."""

    def __init__(self, detail: str, *, is_bad_address: bool = False, why: Reason | None = None) -> None:
        super().__init__(detail, why=why)
        self.is_bad_address = is_bad_address


class Unknown(Failure):
    """The connection was lost after the last byte: perhaps sent, perhaps not. Never repeated by itself."""


@contextmanager
def before_handover() -> Iterator[None]:
    """Around what a channel does before its first byte: when that breaks on our side, the letter did not leave."""
    try:
        yield
    except Failure:
        raise
    except Exception as error:
        log.exception("a letter could not be built")
        raise PermanentFailure("", why=Reason("not_built", error=fault(error))) from error


def fault(error: Exception) -> str:
    """A mistake of the program in a line, for whoever mends it."""
    return f"{type(error).__name__}: {error}"[:300]


class ChannelMissing(LookupError):
    """No adapter is configured for this kind."""


class Connection(Protocol):
    def send(self, envelope: Envelope) -> Outcome:
        """Raises a Failure. Any other error counts as raised after the first byte: see ``before_handover``."""


class Channel(Protocol):
    def open(self) -> AbstractContextManager[Connection]:
        """One connection, one message in flight; raises TemporaryFailure where the provider cannot be reached."""


def channel_for(kind: str) -> Channel:
    path = settings.CHANNELS.get(kind)
    if not path:
        raise ChannelMissing(kind)
    channel: Channel = import_string(path)()
    return channel
