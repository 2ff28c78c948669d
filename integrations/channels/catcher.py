"""A mailbox for the demo and the tests: takes every letter over SMTP, keeps it as .eml, shows it on a small page.

``python -m integrations.channels.catcher --smtp-port 1025 --http-port 8025 --dir DIR``. Only on 127.0.0.1. For
tests it can misbehave: ``catcher.faults`` holds what happens to the next letters, one by one (see ``Fault``).
"""

import argparse
import asyncio
import logging
import signal
import socket
import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .mailbox import Mailbox

log = logging.getLogger(__name__)
HOST = "127.0.0.1"


class Fault(StrEnum):
    NONE = "take it"  # so that a fault may stand behind letters that arrive
    TEMPORARY = "451 4.3.0 try again later"
    PERMANENT = "554 5.7.1 refused"
    NO_SUCH_USER = "550 5.1.1 no such user"
    CLOSING = "421 4.3.2 closing"
    DROP_BEFORE = "drop before the end of DATA"
    DROP_AFTER = "accept, then drop without a reply"
    SLOW = "accept, but wait for release()"


@dataclass
class Ports:
    smtp: int
    http: int


class Catcher:
    """``with Catcher(directory) as catcher: catcher.ports.smtp``; port 0 takes a free one."""

    def __init__(self, directory: Path, *, smtp_port: int = 0, http_port: int = 0) -> None:
        self.mailbox = Mailbox(directory)
        self.faults: deque[Fault] = deque()
        self.held = threading.Event()  # set while a slow letter waits
        self._release = threading.Event()
        self._controller = Controller(_Handler(self), hostname=HOST, port=smtp_port or free_port(), ready_timeout=300)
        self._http_port = http_port
        self.connections = 0
        self.is_pipelining = True

    def __enter__(self) -> "Catcher":
        self._controller.start()
        self.ports = Ports(self._controller.port, self.mailbox.serve(HOST, self._http_port))
        return self

    def __exit__(self, *error: object) -> None:
        self.release()
        self.mailbox.close()
        self._controller.stop()

    def release(self) -> None:
        self._release.set()

    def letters(self) -> list[dict[str, Any]]:
        return self.mailbox.letters()

    def next_fault(self, *kinds: Fault) -> Fault | None:
        """Take the fault in front if it is one of these."""
        return self.faults.popleft() if self.faults and self.faults[0] in kinds else None


class _Handler:
    def __init__(self, catcher: Catcher) -> None:
        self.catcher = catcher

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.catcher.connections += 1
        session.host_name = hostname
        if self.catcher.is_pipelining:
            responses.insert(1, "250-PIPELINING")
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.catcher.next_fault(Fault.DROP_BEFORE):
            _hang_up(server)
        refusal = self.catcher.next_fault(Fault.NO_SUCH_USER, Fault.CLOSING)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self.catcher.next_fault(*Fault)
        if fault in (Fault.TEMPORARY, Fault.PERMANENT):
            return str(fault)
        content = envelope.content
        assert isinstance(content, bytes)
        name = self.catcher.mailbox.keep(content, envelope.mail_from or "", envelope.rcpt_tos)
        if fault == Fault.DROP_AFTER:
            _hang_up(server)
        if fault == Fault.SLOW:
            self.catcher.held.set()
            await asyncio.to_thread(self.catcher._release.wait)
        return f"250 OK {name}"


def _hang_up(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--http-port", type=int, default=8025)
    parser.add_argument("--dir", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with Catcher(options.dir, smtp_port=options.smtp_port, http_port=options.http_port) as catcher:
        log.info("smtp on %s, letters on http://%s:%s/", catcher.ports.smtp, HOST, catcher.ports.http)
        over.wait()


if __name__ == "__main__":
    main()
