"""A few child processes that live and die together.

Flows in: names, argument lists, how to tell that each is ready. Flows out: their output in `DATA_DIR/log/<name>.log`,
and one line naming the child that failed. A child never outlives us: Linux ends it when we are killed.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from crmseg import embedded
from crmseg.interrupts import ended_by_signals, undisturbed
from crmseg.patience import wait_until
from crmseg.words import gettext as _

STOP_WITHIN = 60.0  # a letter on its way to a slow mail server takes half of it
LOG_LIMIT = 10 * 1024 * 1024
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_direct = build_opener(ProxyHandler({}))


class ProcessError(Exception):
    """One line that names the process, and where it said why."""


class Child:
    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        env: Mapping[str, str] | None = None,
        pass_fds: Collection[int] = (),
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.log = log
        self.stop_signal = stop_signal
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            self.started_at = output.tell()
            self.process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
                pass_fds=tuple(pass_fds),
                start_new_session=True,  # a Ctrl-C in the terminal is ours to pass on, in order
                preexec_fn=_die_with(os.getpid(), stop_signal),  # noqa: PLW1509 — two system calls, nothing that could lock
            )

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        """All it has printed since it started."""
        with self.log.open("rb") as log:
            log.seek(self.started_at)
            return log.read().decode(errors="replace")

    def terminate(self) -> None:
        if self.is_alive:
            self.process.send_signal(self.stop_signal)

    def kill(self) -> None:
        """With everything it started: it leads a session of its own."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Starts children, stops them all, tells which one failed.

    `others` looks after what is not our child: it returns the failure as a line, or "". What the children lean on
    (a mail catcher, the stand-in) has a supervisor of its own around this one: so it starts first and ends last.
    """

    def __init__(self, log_dir: Path, others: Callable[[], str] = embedded.failure) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self.log_dir = log_dir
        self.others = others
        self.children: list[Child] = []

    def __enter__(self) -> Self:
        self.signals = ended_by_signals()
        self.signals.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.signals.__exit__(None, None, None)

    def start(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        pass_fds: Collection[int] = (),
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> Child:
        child = Child(name, argv, self.log_dir / f"{name}.log", env, pass_fds, stop_signal)
        self.children.append(child)
        return child

    def wait_ready(self, child: Child, ready: Callable[[], bool]) -> None:
        """As long as it takes: a child that cannot get ready ends."""
        told = _("%(name)s ещё не отвечает, жду. Прервать: Ctrl-C. Журнал: %(log)s")

        def is_ready() -> bool:
            if not (answers := ready()):
                self.check()
            return answers

        wait_until(is_ready, told=told % {"name": child.name, "log": child.log}, pause=0.03)

    def failure(self) -> str:
        """What the children lean on comes first: they die of it."""
        if failure := self.others():
            return failure
        child = next((child for child in self.children if not child.is_alive), None)
        if child is None:
            return ""
        told = _(
            "%(name)s остановился, код %(code)s. Запустите команду ещё раз; если повторится, причина в журнале: %(log)s"
        )
        return told % {"name": child.name, "code": child.process.returncode, "log": child.log}

    def check(self) -> None:
        if failure := self.failure():
            raise ProcessError(failure)

    def watch(self, every: float = 1.0) -> None:
        """Until something dies (ProcessError) or somebody stops us (KeyboardInterrupt, SystemExit)."""
        while True:
            self.check()
            time.sleep(every)

    def stop(self) -> None:
        """Whoever does not end in time is killed."""
        with undisturbed():
            end(self.children)
            self.children.clear()


def end(children: list[Child]) -> None:
    for child in children:
        child.terminate()
    told = _("Жду, пока закончат: %(names)s.") % {"names": ", ".join(child.name for child in children)}
    wait_until(lambda: not any(child.is_alive for child in children), seconds=STOP_WITHIN, told=told)
    for child in children:
        child.kill()


def answers(url: str, timeout: float = 10.0) -> bool:
    """Any HTTP answer of a server that is up counts, also a redirect to the login page."""
    try:
        with _direct.open(url, timeout=timeout) as response:
            return bool(response.status < 500)
    except HTTPError as error:
        return error.code < 500
    except (URLError, OSError):
        return False


def _die_with(parent: int, stop_signal: signal.Signals) -> Callable[[], None]:
    def arrange() -> None:
        signal.signal(stop_signal, signal.SIG_DFL)  # a shell that starts us in the background has some ignored
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return arrange
