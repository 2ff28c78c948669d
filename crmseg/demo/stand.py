"""The processes of the demo: the amoCRM stand-in, a mailbox that catches every letter, and crmseg itself.

Flows in: the port wished for, the size of the stand-in. Flows out: a tree that runs, and where each door is.
"""

import json
import os
import re
import shutil
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from crmseg.processes.supervisor import Supervisor, answers

CONTACTS = 2000
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


@dataclass(frozen=True)
class Plan:
    """What the stand-in holds. Planted as of the same second it has the same rows again, so the first run's plan stays;
    what it was told since is kept beside it."""

    contacts: int
    deals: int
    planted_at: int

    @classmethod
    def kept(cls) -> "Plan | None":
        try:
            return cls(**json.loads(_plan_file().read_text()))
        except (OSError, ValueError, TypeError):
            return None

    @classmethod
    def of(cls, contacts: int | None, deals: int | None) -> "Plan":
        """The one kept, else as asked, which is kept from now on."""
        if kept := cls.kept():
            return kept
        plan = cls(*size(contacts, deals), int(time.time()))
        _plan_file().write_text(json.dumps(asdict(plan)))
        return plan

    def differs(self, contacts: int | None, deals: int | None) -> bool:
        return contacts not in {None, self.contacts} or deals not in {None, self.deals}


def size(contacts: int | None, deals: int | None) -> tuple[int, int]:
    """As asked, with the usual number where nobody asked for one."""
    contacts = CONTACTS if contacts is None else contacts
    return contacts, contacts * 3 // 2 if deals is None else deals


def _plan_file() -> Path:
    return Path(settings.DATA_DIR) / "stand.json"


def journal_file() -> Path:
    return Path(settings.DATA_DIR) / "stand.jsonl"


def mailbox_dir() -> Path:
    return Path(settings.DATA_DIR) / "mail"


def forget_everything() -> None:
    """Before anything starts: an empty mailbox, and a company to be planted anew."""
    shutil.rmtree(mailbox_dir(), ignore_errors=True)
    _plan_file().unlink(missing_ok=True)
    journal_file().unlink(missing_ok=True)


def empty_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    connection.close()


class Outside:
    """amoCRM and the mail server, played on this machine. They begin to start at once; `wait` gives the token."""

    def __init__(self, supervisor: Supervisor, doors: Doors, plan: Plan) -> None:
        self.supervisor, self.doors = supervisor, doors
        size = ["--contacts", str(plan.contacts), "--deals", str(plan.deals), "--now", str(plan.planted_at)]
        size += ["--journal", str(journal_file())]
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py"), "amocrm_sandbox"]
        self.sandbox = supervisor.start("amocrm", [*manage, "--port", str(doors.sandbox), *size])
        ports = ["--dir", str(mailbox_dir()), "--smtp-port", str(doors.smtp), "--http-port", str(doors.mail)]
        catcher = [sys.executable, "-m", "integrations.channels.catcher"]
        self.mailbox = supervisor.start("mailbox", [*catcher, *ports])

    def wait(self) -> str:
        self.supervisor.wait_ready(self.sandbox, lambda: answers(f"{self.doors.sandbox_url}/__sandbox__/state"))
        self.supervisor.wait_ready(self.mailbox, lambda: answers(f"{self.doors.mail_url}/livez"))
        found = TOKEN.search(self.sandbox.said())
        if found is None:
            raise RuntimeError("the stand-in printed no token")
        return found.group()
