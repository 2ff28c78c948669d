"""What was written to the account, kept in a file: planted again and told it all again, it is the same account.

One line of JSON per write, under the second it was made. The first line says onto which account they go: another
version, another size or another seed puts the file aside and begins a new one. A file that is none of ours is never
touched. Only a last line cut short is cut off; a line in the middle that cannot be read is passed over and stays.
How far the clock was put forward is kept too; subscriptions, flags and faults are not: who wants them says so again.
"""

import fcntl
import stat
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import count
from os import fstat
from pathlib import Path
from typing import Any

import orjson

from crmseg import causes
from crmseg.words import gettext as _
from integrations.amocrm.sandbox import control
from integrations.amocrm.sandbox.core import AGE, API, CONTROL, Sandbox
from integrations.amocrm.sandbox.seed.sizes import LAST_SECOND

VERSION = 1
BEGINNING = f'{{"version":{VERSION},"contacts":'.encode()
HEAD = {"version", "contacts", "deals", "seed", "founded_at", "ids"}
WRITE: dict[str, type] = {"at": int, "method": str, "target": str, "body": str, "user": int}
Line = dict[str, Any]


class Unusable(Exception):
    """Why this file cannot keep the account, in one line for a person."""


class Journal:
    """Open from the start, so that a file that will not do is known before anything is planted; one stand-in at a time
    has it. The lock goes with the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with ExitStack() as stack:
            try:
                self.file = stack.enter_context(path.open("a+b", buffering=0))
                self._take()
                self._read()
            except OSError as error:
                raise self._unusable(error) from None
            stack.pop_all()

    def close(self) -> None:
        self.file.close()

    def planted_at(self, now: int | None, **size: int) -> int | None:
        """When to plant an account of this size: as asked, else when the one in the file was."""
        if now is None and self.head is not None and self.head.items() >= size.items():
            return int(self.head["founded_at"]) + AGE
        return now

    def keep(self, box: Sandbox) -> str:
        """Tell the account what the file holds, and write to it from now on; → what was left out, a sentence a line."""
        head: Line = {"version": VERSION, **box.size, "founded_at": box.founded_at, "ids": dict(box.store.next_ids)}
        try:
            said = self._begin(head) if self.head != head else self._go_on(box)
        except OSError as error:
            raise self._unusable(error) from None
        box.wrote = self._write
        return said

    def _unusable(self, error: OSError) -> Unusable:
        told = _("Файл стенда %(path)s открыть не удалось: %(error)s. Укажите другой: --journal")
        is_nowhere = isinstance(error, FileNotFoundError) and not self.path.parent.is_dir()
        return Unusable(
            told % {"path": self.path, "error": _("такого каталога нет") if is_nowhere else causes.of(error)}
        )

    def _take(self) -> None:
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            told = _("В файл %(path)s уже пишет другой стенд. Остановите его или укажите другой: --journal")
            raise Unusable(told % {"path": self.path}) from None

    def _read(self) -> None:
        self.raw = b""
        if stat.S_ISREG(fstat(self.file.fileno()).st_mode):
            self.file.seek(0)
            self.raw = self.file.read()
            self.head = _head(self.raw)
            if self.head is not None or _is_torn(self.raw):
                return
        told = _("Файл %(path)s — не запись стенда, он остаётся как есть. Укажите другой: --journal")
        raise Unusable(told % {"path": self.path})

    def _begin(self, head: Line) -> str:
        said = ""
        if self.raw:
            told = _("Записанное на стенд раньше к нему не подходит: отложено в %(path)s, начинаю заново")
            said = told % {"path": self._put_aside()}
        self.file.truncate(0)
        self.file.write(_line(head))
        return said

    def _put_aside(self) -> Path:
        for number in count(1):
            aside = self.path.with_name(f"{self.path.name}.{number}")
            try:
                with aside.open("xb") as copy:
                    copy.write(self.raw)
            except FileExistsError:
                continue
            break
        return aside

    def _go_on(self, box: Sandbox) -> str:
        raw, said = self.raw, []
        whole, _newline, last = raw.rpartition(b"\n")
        if last and whole and _write_in(last) is None:
            raw = whole + b"\n"
            self.file.truncate(len(raw))
            said.append(_("Запись на стенд оборвана и пропущена: %(path)s") % {"path": self.path})
        elif last:
            self.file.write(b"\n")
        lines = [_write_in(line) for line in raw.split(b"\n")[1:] if line]
        _tell(box, filter(None, lines))
        if skipped := lines.count(None):
            told = _("Неразборчивые строки (%(count)s) пропущены и остались в файле: %(path)s")
            said.append(told % {"count": skipped, "path": self.path})
        return "\n".join(said)

    def _write(self, at: int, method: str, target: str, body: bytes, user_id: int) -> None:
        if not target.startswith(f"{API}/webhooks"):
            told = {"at": at, "method": method, "target": target, "body": body.decode(errors="replace")}
            self.file.write(_line(told | {"user": user_id}))


def _head(raw: bytes) -> Line | None:
    try:
        head = orjson.loads(raw.partition(b"\n")[0])
    except orjson.JSONDecodeError:
        return None
    is_ours = isinstance(head, dict) and head.keys() == HEAD and isinstance(head["founded_at"], int)
    return head if is_ours and 0 <= head["founded_at"] + AGE <= LAST_SECOND else None


def _is_torn(raw: bytes) -> bool:
    """Nothing but the beginning of a head, or not even that."""
    return b"\n" not in raw and (BEGINNING.startswith(raw) or raw.startswith(BEGINNING))


def _write_in(line: bytes) -> Line | None:
    """What was written; None when the line is torn or none of ours."""
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict) or any(not isinstance(told.get(name), kind) for name, kind in WRITE.items()):
        return None
    is_ours = told["target"].startswith((API, CONTROL)) and 0 <= told["at"] <= LAST_SECOND
    return told if is_ours else None


def _line(told: Line) -> bytes:
    return orjson.dumps(told) + b"\n"


def _tell(box: Sandbox, lines: Iterable[Line]) -> None:
    clock = box.clock
    for line in lines:
        box.clock = lambda at=line["at"]: at - box.advanced  # type: ignore[misc]
        method, target, body = line["method"], line["target"], line["body"].encode()
        if target.startswith(CONTROL):
            control.handle(box, method, target, body)
        else:
            box.call(method, target, body, line["user"])
    box.clock = clock
