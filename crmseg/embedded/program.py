"""Starting one server program and knowing whether a process is still it."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from crmseg.embedded.errors import EmbeddedError
from crmseg.embedded.places import Account, Places
from crmseg.words import gettext as _

START_DEADLINE = 60.0
LOG_LIMIT = 10 * 1024 * 1024


def as_account(account: Account | None) -> dict[str, object]:
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def launch(place: Places, name: str, argv: Sequence[str | Path]) -> tuple["subprocess.Popen[bytes]", Path]:
    """Detached from our terminal and our life: a second command may be using it when we are gone."""
    log = place.logs / f"{name}.log"
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        output.write(f"--- {name} starts\n".encode())
        output.flush()
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=place.home,
            env=clean_environment(),
            start_new_session=True,
            umask=0o077,
            **as_account(place.account),  # type: ignore[call-overload]
        ), log


def clean_environment() -> dict[str, str]:
    """PostgreSQL takes language and zone from the caller; PG* of the caller would name another server."""
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)}


def last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    told = [line for line in lines if line.strip() and not line.startswith("---")]
    fatal = [line for line in told[-20:] if "FATAL" in line or "PANIC" in line]
    return (fatal or told or [""])[-1].strip()


def failed(name: str, log: Path) -> EmbeddedError:
    """At the start its own words are needed: what is wrong in a file that a person wrote, only they tell."""
    told = _("%(name)s не запустился: %(reason)s. %(cause)sЖурнал: %(log)s")
    reason = last_line(log) or _("журнал пуст")
    return EmbeddedError(told % {"name": name, "reason": reason, "cause": known_cause(log), "log": log})


def stopped(name: str, log: Path) -> str:
    """What the server said itself is in its own language and for its log; here stands what to do."""
    told = _("%(name)s остановился. %(cause)sЗапустите команду ещё раз; если повторится, причина в журнале: %(log)s")
    return told % {"name": name, "cause": known_cause(log), "log": log}


def known_cause(log: Path) -> str:
    """A sentence about what a person can mend, or nothing."""
    try:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    except OSError:
        return ""
    if "No space left" in last:
        return _("На диске нет места.") + " "
    if "Cannot allocate memory" in last or "out of memory" in last.lower():
        return _("Не хватает памяти.") + " "
    return ""


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_running(pid: int, trace: str) -> bool:
    """Alive, not a zombie, and its command line names our directory: pids are reused."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return trace in command_line(pid)


def command_line(pid: int) -> str:
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.parent.exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return shown.stdout
