"""Starting one server program, knowing whether a process is still it, stopping it."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from crmseg.embedded.errors import EmbeddedError
from crmseg.embedded.lastwords import cause as cause_of
from crmseg.embedded.lastwords import mendable
from crmseg.embedded.places import Account, Places
from crmseg.patience import wait_until
from crmseg.words import gettext as _

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


def failed(name: str, log: Path, process: "subprocess.Popen[bytes] | None" = None) -> EmbeddedError:
    """At the start also its own words are told: what is wrong in a file that a person wrote, only they tell."""
    told = _("%(name)s не запустился%(cause)s. Журнал: %(log)s")
    mend = mendable(log).rstrip(". ")
    cause = f". {mend}" if mend else cause_of(log, process.poll() if process else None)
    return EmbeddedError(told % {"name": name, "cause": cause, "log": log})


def stopped(name: str, log: Path) -> str:
    """What the server said itself is in its own language and for its log; here stands what to do."""
    told = _("%(name)s остановился. %(cause)sЗапустите команду ещё раз; если повторится, причина в журнале: %(log)s")
    return told % {"name": name, "cause": mendable(log), "log": log}


def silent(name: str, log: Path) -> str:
    told = _("%(name)s ещё не отвечает, жду. Прервать: Ctrl-C. Журнал: %(log)s")
    return told % {"name": name, "log": log}


def stop(name: str, find: Callable[[], int | None], *ways: tuple[signal.Signals, float]) -> None:
    """Returns when the process is gone. A way that does not end it in its seconds is followed by the next one."""
    told = _("%(name)s ещё останавливается, жду.") % {"name": name}
    for way, seconds in ways:
        if (pid := find()) is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, way)
        wait_until(partial(has_ended, pid), seconds=seconds, told=told)


def is_running(pid: int, trace: str) -> bool:
    """Alive, and its command line names our directory: pids are reused."""
    return not has_ended(pid) and trace in command_line(pid)


def has_ended(pid: int) -> bool:
    """Also one that is not buried yet (a zombie)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return state(pid).startswith("Z")


def state(pid: int) -> str:
    if Path("/proc/self/stat").exists():
        try:
            return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].strip()
        except OSError:
            return "Z"
    return subprocess.run(["ps", "-p", str(pid), "-o", "state="], capture_output=True, text=True, check=False).stdout


def command_line(pid: int) -> str:
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.parent.exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return shown.stdout
