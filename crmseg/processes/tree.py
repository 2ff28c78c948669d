"""The process tree of one machine: web, one worker for input and output, one for heavy work, the clock (beat)."""

import errno
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from django.conf import settings

from crmseg import causes
from crmseg.processes.supervisor import Child, ProcessError, Supervisor, answers
from crmseg.words import gettext as _

WEB = "web"
LAST_PORT = 65535
WORKER_IO = "worker-io"
WORKER_HEAVY = "worker-heavy"
BEAT = "beat"
IO_THREADS = 8
WEB_THREADS = 8
HEAVY_PROCESSES = 2  # an import does not keep segments waiting


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """One tree per data directory: a second one would send its beat and its workers to the same work."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "tree.lock").open("a")
    except OSError as error:
        told = _("В каталог %(path)s нельзя писать: %(error)s. Задайте другой: DATA_DIR")
        if isinstance(error, PermissionError) and os.access(data_dir, os.W_OK):
            told = _(
                "Файлы каталога %(path)s принадлежат другому пользователю. Верните их: sudo chown -R %(user)s %(path)s"
            )
        names = {"path": data_dir, "error": causes.of(error), "user": os.geteuid()}
        raise ProcessError(told % names) from None
    with lock, handed_back(data_dir):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = _("На этих данных crmseg уже запущен: %(path)s. Остановите его или задайте другой DATA_DIR")
            raise ProcessError(hint % {"path": data_dir}) from None
        yield


@contextmanager
def handed_back(data_dir: Path) -> Iterator[None]:
    """What root writes into somebody's directory is theirs in the end; the servers there know their account."""
    try:
        yield
    finally:
        owner = data_dir.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            tops = (top for top in data_dir.iterdir() if top.name != "servers")
            for path in chain.from_iterable((top, *top.rglob("*")) for top in tops):
                if path.lstat().st_uid == 0:
                    os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def port(text: str) -> int:
    """What an option `--port` takes. argparse would add its usage: here one line is enough."""
    if not (text.isdecimal() and 0 < int(text) <= LAST_PORT):
        told = _("Порт «%(port)s» не подходит: нужно число от 1 до %(last)s. Укажите другой: --port 8000")
        raise ProcessError(told % {"port": text, "last": LAST_PORT})
    return int(text)


def host(text: str) -> str:
    """What an option `--host` takes: an address of this machine that can be listened on, and called."""
    address = text.strip()
    try:
        _call(address)
    except (OSError, UnicodeError) as error:
        told = _("Адрес «%(host)s» не подходит: %(error)s. Укажите другой: --host 127.0.0.1")
        why = causes.of(error if isinstance(error, OSError) else OSError(errno.EADDRNOTAVAIL, str(error)))
        raise ProcessError(told % {"host": address, "error": why}) from None
    return address


def _call(address: str) -> None:
    if not address:
        raise OSError(errno.EADDRNOTAVAIL, "to listen on nothing means everywhere")
    with _listening(address, 0) as server:
        server.listen(1)
        try:
            socket.create_connection((reach(address).strip("[]"), server.getsockname()[1]), timeout=5.0).close()
        except OSError as error:  # one address for many machines
            raise OSError(errno.EADDRNOTAVAIL, str(error)) from error


def refuse_busy(host: str, port: int, way: str = "--port ") -> None:
    """`way` is how the command takes another port."""
    try:
        _bind(host, port)
    except PermissionError:
        told = _("Порт %(port)s занять нельзя без прав root. Укажите другой: %(way)s8000")
        raise ProcessError(told % {"port": port, "way": way}) from None
    except (OSError, OverflowError) as error:
        if isinstance(error, OverflowError) or error.errno not in {48, 98}:
            told = _("Адрес %(host)s:%(port)s не подходит: %(error)s. Укажите другой.")
            why = causes.of(error) if isinstance(error, OSError) else error
            raise ProcessError(told % {"host": host, "port": port, "error": why}) from None
        told = _("Порт %(port)s занят. Укажите другой: %(way)s%(next)s")
        raise ProcessError(told % {"port": port, "way": way, "next": _free_after(host, port)}) from None


def _free_after(host: str, port: int) -> int:
    """The next port that is free, with the two behind it: the demo takes three."""
    some = range(port + 1, min(port + 1000, LAST_PORT - 1))
    return next((each for each in some if all(_is_free(host, each + more) for more in range(3))), port + 1)


def _is_free(host: str, port: int) -> bool:
    try:
        _bind(host, port)
    except OSError:
        return False
    return True


def _bind(host: str, port: int) -> None:
    _listening(host, port).close()


def _listening(host: str, port: int) -> socket.socket:
    server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
    except BaseException:
        server.close()
        raise
    return server


class Web:
    """gunicorn that has begun to load and answers once `open` was called."""

    def __init__(self, supervisor: Supervisor, host: str, port: int) -> None:
        self.supervisor = supervisor
        self.page = f"http://{reach(host)}:{port}/livez"
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        memory = Path("/dev/shm")  # noqa: S108 — for gunicorn's heartbeat: on a slow disk a worker looks hung
        behind, self.gate = os.pipe()
        self.child = supervisor.start(
            WEB,
            [sys.executable, "-m", "gunicorn", "crmseg.processes.gate", "--bind", address, "--no-control-socket"]
            + ["--worker-class", "gthread", "--workers", "1", "--threads", str(WEB_THREADS)]
            + ["--timeout", "600", "--graceful-timeout", "15"]  # also the time to load and to wait for the schema
            + (["--worker-tmp-dir", str(memory)] if os.access(memory, os.W_OK) else []),
            env={"CRMSEG_GATE": str(behind)},
            pass_fds=[behind],
            stop_signal=signal.SIGQUIT,  # nobody is served yet, and who stands at the gate hears no other
        )
        os.close(behind)

    def open(self) -> None:
        """Returns when the first page answers."""
        self.child.stop_signal = signal.SIGTERM
        os.close(self.gate)
        self.supervisor.wait_ready(self.child, lambda: answers(self.page))

    def grow(self) -> None:
        """One process gets to the first page sooner; the second one follows."""
        if (os.cpu_count() or 1) > 1:
            self.child.process.send_signal(signal.SIGTTIN)


def reach(host: str) -> str:
    """An address to call a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104


def start_workers(supervisor: Supervisor) -> list[Child]:
    """With the clock that wakes them; more machines run `celery -A crmseg worker` without one."""
    schedule = Path(f"{settings.CELERY_BEAT_SCHEDULE_FILENAME}-{os.getpid()}")
    schedule.parent.mkdir(exist_ok=True)  # nobody else makes it beside servers of one's own
    for leftover in schedule.parent.glob("beat-*"):
        leftover.unlink(missing_ok=True)
    celery = [sys.executable, "-m", "celery", "-A", "crmseg"]
    worker = [*celery, "worker", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    io = ["-Q", "io", "-P", "threads", "-c", str(IO_THREADS), "-n", f"io-{os.getpid()}@%h"]
    heavy = ["-Q", "heavy", "-P", "prefork", "-c", str(HEAVY_PROCESSES), "-n", f"heavy-{os.getpid()}@%h"]
    return [
        supervisor.start(WORKER_IO, [*worker, *io]),  # finishes the letter in flight
        # All it does is one transaction after another: what is broken off is done again, nobody waits for it.
        supervisor.start(WORKER_HEAVY, [*worker, *heavy], stop_signal=signal.SIGQUIT),
        supervisor.start(BEAT, [*celery, "beat", "--schedule", str(schedule), "--loglevel", "INFO"]),
    ]
