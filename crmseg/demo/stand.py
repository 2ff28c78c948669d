"""The processes of the demo: the amoCRM stand-in, a mailbox that catches every letter, and crmseg itself.

Flows in: the port wished for, the size of the stand-in. Flows out: a tree that runs, and where each door is.
"""

import os
import re
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from crmseg.processes import tree
from crmseg.processes.supervisor import Supervisor, answers

TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True)
class Doors:
    web: int
    sandbox: int
    mail: int
    smtp: int

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.web}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox}"

    @property
    def mail_url(self) -> str:
        return f"http://127.0.0.1:{self.mail}"


def choose(port: int | None) -> Doors:
    """The web port as asked (0 or None: any free one); the other doors beside it where they are free."""
    taken: set[int] = set()
    return Doors(*(_free(port + place if port else 0, taken) for place in range(4)))


def _free(wished: int, taken: set[int]) -> int:
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last minute's connections do not matter
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            found = int(probe.getsockname()[1])
            if found not in taken:
                taken.add(found)
                return found
    return _free(0, taken)


def tell_children(doors: Doors) -> None:
    """What the environment of a real installation would say."""
    os.environ["PUBLIC_URL"] = doors.public_url
    os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{doors.smtp}"
    os.environ["DEFAULT_FROM_EMAIL"] = "Дом у озера <hello@domuozera.example>"


def forget_everything() -> None:
    """An empty database and an empty mailbox."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    connection.close()
    shutil.rmtree(mailbox_dir(), ignore_errors=True)
    _planted_file().unlink(missing_ok=True)


def mailbox_dir() -> Path:
    return Path(settings.DATA_DIR) / "mail"


def _planted_file() -> Path:
    return Path(settings.DATA_DIR) / "stand-planted-at"


def _planted_at() -> str:
    """The stand-in forgets what it was told when it ends; planted as of the same second it has the same rows again."""
    file = _planted_file()
    if not file.exists():
        file.write_text(str(int(time.time())))
    return file.read_text().strip()


def start_outside(supervisor: Supervisor, doors: Doors, contacts: int, deals: int) -> str:
    """amoCRM and the mail server, played on this machine; → the long-lived token."""
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    size = ["--contacts", str(contacts), "--deals", str(deals), "--now", _planted_at()]
    ports = ["--dir", str(mailbox_dir()), "--smtp-port", str(doors.smtp), "--http-port", str(doors.mail)]
    sandbox = supervisor.start("amocrm", [*manage, "amocrm_sandbox", "--port", str(doors.sandbox), *size], support=True)
    mailbox = supervisor.start(
        "mailbox",
        [sys.executable, "-m", "integrations.channels.catcher", *ports],
        support=True,
    )
    supervisor.wait_ready(sandbox, lambda: answers(f"{doors.sandbox_url}/__sandbox__/state"))
    supervisor.wait_ready(mailbox, lambda: answers(f"{doors.mail_url}/livez"))
    found = TOKEN.search(sandbox.said())
    if found is None:
        raise RuntimeError("the stand-in printed no token")
    return found.group()


def start_crmseg(supervisor: Supervisor, doors: Doors) -> None:
    tree.start_web(supervisor, "127.0.0.1", doors.web)
    tree.start_workers(supervisor)
