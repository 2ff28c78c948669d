"""The twin of every channel for development: writes what would be sent to standard error."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from segments.campaigns.channel import Envelope, Outcome

log = logging.getLogger(__name__)


class ConsoleChannel:
    @contextmanager
    def open(self) -> Iterator["ConsoleChannel"]:
        yield self

    def send(self, envelope: Envelope) -> Outcome:
        log.info("to %s: %s\n%s", envelope.to, envelope.subject, envelope.text)
        return Outcome("console")
