"""What was written to the account, kept in a file: planted again and told it all again, it is the same account.

One line of JSON per write, under the second it was made. The first line says onto which account they go: another
version, another size or another seed begins a new file. Subscriptions are not kept: who listens subscribes on starting.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from crmseg.words import gettext as _
from integrations.amocrm.sandbox import control
from integrations.amocrm.sandbox.core import API, CONTROL, Sandbox

VERSION = 1
Line = dict[str, Any]


def keep(box: Sandbox, path: Path) -> str:
    """Tell the account what the file holds, and write to it from now on; → what was left out, in one sentence."""
    head: Line = {"version": VERSION, **box.size, "founded_at": box.founded_at, "ids": dict(box.store.next_ids)}
    raw = path.read_bytes() if path.exists() else b""
    lines, whole = _read(raw)
    is_ours = bool(lines) and lines[0] == head
    if is_ours:
        _tell(box, lines[1:])
    journal = path.open("r+b" if is_ours else "wb", buffering=0)
    if is_ours:
        journal.seek(whole)
        journal.truncate()
    else:
        journal.write(_line(head))

    def write(at: int, method: str, target: str, body: bytes, user_id: int) -> None:
        if not target.startswith(f"{API}/webhooks"):
            told = {"at": at, "method": method, "target": target, "body": body.decode(errors="replace")}
            journal.write(_line(told | {"user": user_id}))

    box.wrote = write
    if raw and not is_ours:
        return _("Записанное на стенд раньше не подходит к нему, начинаю заново: %(path)s") % {"path": path}
    return "" if whole == len(raw) else _("Запись на стенд оборвана и пропущена: %(path)s") % {"path": path}


def _read(raw: bytes) -> tuple[list[Line], int]:
    """The lines up to the first that is torn, and where it begins."""
    lines: list[Line] = []
    whole = 0
    for line in raw.splitlines(keepends=True):
        try:
            lines.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            break
        if not line.endswith(b"\n"):
            lines.pop()
            break
        whole += len(line)
    return lines, whole


def _line(told: Line) -> bytes:
    return orjson.dumps(told) + b"\n"


def _tell(box: Sandbox, lines: Iterable[Line]) -> None:
    for line in lines:
        box.clock = lambda at=line["at"]: at  # type: ignore[misc]
        method, target, body = line["method"], line["target"], line["body"].encode()
        if target.startswith(CONTROL):
            control.handle(box, method, target, body)
        else:
            box.call(method, target, body, line["user"])
    box.clock = time.time
