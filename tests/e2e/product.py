"""The demo as a newcomer starts it: no variable set, servers of its own; what it prints is all that is known of it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from tests.crmseg.conftest import OUTSIDE, ROOT, is_running, open_directory
from tests.crmseg.management.commands.test_serve import free_port
from tests.patience import PATIENCE, until

LAST_WORDS = "Остановить всё: Ctrl-C"
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_direct = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Product:
    data_dir: Path
    said: str

    @property
    def url(self) -> str:
        return self._told(r"crmseg: +(http://\S+)")

    @property
    def mail(self) -> str:
        return self._told(r"письма: +(http://\S+)")

    @property
    def stand(self) -> str:
        return self._told(r"стенд amoCRM: +(http://[^/]+)")

    @property
    def password(self) -> str:
        return self._told(r"пароль у всех (\S+)")

    def login_of(self, role: str) -> str:
        return self._told(rf"{role} +(\S+@\S+)")

    def _told(self, pattern: str) -> str:
        found = re.search(pattern, self.said)
        assert found, self.said
        return found[1]

    def letters(self) -> list[dict[str, Any]]:
        return read(f"{self.mail}/messages.json")["messages"]

    def amocrm(self, path: str) -> dict[str, Any]:
        """What the stand-in answers to an integration: its state, not ours. Its limit of requests counts us too."""
        log = (self.data_dir / "demo" / "log" / "amocrm.log").read_text()
        while True:
            try:
                return read(f"{self.stand}/api/v4/{path}", {"Authorization": f"Bearer {TOKEN.findall(log)[-1]}"})
            except HTTPError as error:
                if error.code != HTTPStatus.TOO_MANY_REQUESTS:
                    raise
                time.sleep(1.0)


def read(url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    with _direct.open(Request(url, headers=headers or {}), timeout=PATIENCE) as answer:
        return json.loads(answer.read() or "{}")


@contextmanager
def demo(contacts: int) -> Iterator[Product]:
    """Runs while the block does; then Ctrl-C, after which nothing of it may be left."""
    with open_directory() as path:
        output = path / "output.txt"
        process = _start(path, output, contacts)
        try:
            until(lambda: process.poll() is not None or LAST_WORDS in output.read_text(), 0.25, 5 * PATIENCE)
            assert process.poll() is None, output.read_text()
            yield Product(path, output.read_text())
        finally:
            family = _family(process.pid, path)
            process.send_signal(signal.SIGINT)
            code = process.wait(PATIENCE)
        assert code == 130, output.read_text()
        assert len(family) > 5
        assert not [pid for pid in family if is_running(pid)]


def _start(path: Path, output: Path, contacts: int) -> subprocess.Popen:
    environment = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    arguments = ["--port", str(free_port()), "--contacts", str(contacts), "--fresh"]
    with output.open("w") as written:
        return subprocess.Popen(
            [sys.executable, "manage.py", "demo", *arguments],
            cwd=ROOT,
            env=environment | {"DATA_DIR": str(path), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )


def _family(root: int, data_dir: Path) -> set[int]:
    """The process, all it started, and whoever was started over this directory and left it (a server that forks)."""
    parents, family = {}, {root}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if str(data_dir) in (place / "cmdline").read_text(errors="replace"):
                family.add(int(place.name))
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family
