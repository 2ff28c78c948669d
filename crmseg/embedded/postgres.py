"""One PostgreSQL cluster with the database `crmseg`, reached through a socket in a directory closed to others."""

import os
import shutil
import signal
import subprocess
from functools import cached_property
from pathlib import Path

from crmseg.embedded.binaries import POSTGRES_MAJOR, postgres_bin
from crmseg.embedded.errors import EmbeddedError, belongs_to_another, damaged
from crmseg.embedded.lastwords import is_down_for_good, is_held_by_orphans
from crmseg.embedded.places import SOCKET_NAME, Places
from crmseg.embedded.program import as_account, clean_environment, failed, is_running, launch, silent, stop
from crmseg.patience import wait_until
from crmseg.words import gettext as _

NAME = "PostgreSQL"
CONTROL, VERSION = "global/pg_control", "PG_VERSION"
INITDB = [
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--encoding=UTF8",
    "--auth=trust",
    "--username=crmseg",
    "--no-instructions",
    "--no-sync",
]
TUNING = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
QUICK = {"synchronous_commit": "off"}  # a machine that loses power loses the last half second; a killed program nothing
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
CREATE_DATABASE = """
SELECT 'CREATE DATABASE crmseg' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'crmseg') \\gexec
\\connect crmseg
"""
TRY_EVERY = 0.5  # seconds


class Postgres:
    name = NAME
    ASK_WITHIN = 10  # seconds
    END_WITHIN = 1.0  # seconds

    def __init__(self, place: Places, durable: bool = True, quick_commits: bool = False) -> None:
        self.place = place
        self.durable = durable
        self.quick_commits = quick_commits
        self.writing_out: subprocess.Popen[bytes] | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.log = place.logs / "postgres.log"

    @cached_property
    def bin(self) -> Path:
        return postgres_bin(self.place.account)

    def launch(self) -> None:
        """Returns before the server answers; `wait` is the other half, so that two servers start at once."""
        if self.pid() is not None:
            return
        self.check_cluster()
        if not self.place.cluster.exists():
            self.create_cluster()
        self.forget_reused_pid()
        settings = TUNING | (QUICK if self.quick_commits else {}) | ({} if self.durable else FORGETFUL)
        settings["unix_socket_directories"] = f'"{self.place.sockets}"'
        settings["crmseg.files"] = self.files()
        argv: list[str | Path] = [self.bin / "postgres", "-D", self.place.cluster]
        for key, value in settings.items():
            argv += ["-c", f"{key}={value}"]
        self.process, self.log = launch(self.place, "postgres", argv)

    def wait(self) -> None:
        """A running server answers at once; one in recovery, on its way out or on a slow machine is waited for."""
        try:
            if not wait_until(
                self.comes_up, unless=lambda: not self.begin_again(), told=self.waited_for, pause=TRY_EVERY
            ):
                raise failed(NAME, self.log, self.process)
            self.ensure_database()
        except EmbeddedError:
            self.give_up()
            raise

    def give_up(self) -> None:
        """What we have just started has nobody else yet; one that falls again and again never ends a fast shutdown."""
        if self.process is not None:
            stop(NAME, self.pid, (signal.SIGINT, self.END_WITHIN), (signal.SIGQUIT, 30.0))

    def begin_again(self) -> bool:
        """After one that was on its way out, or while the orphans of a killed one still hold its memory."""
        if is_down_for_good(self.log) or (self.process is not None and not is_held_by_orphans(self.log)):
            return False
        self.launch()
        return True

    def waited_for(self) -> str:
        told = _("Жду, пока закончатся последние процессы прежнего PostgreSQL. Прервать: Ctrl-C. Журнал: %(log)s")
        return told % {"log": self.log} if is_held_by_orphans(self.log) else silent(NAME, self.log)

    def comes_up(self) -> bool:
        return wait_until(self.answers, unless=self.is_down, told=silent(NAME, self.log))

    def is_down(self) -> bool:
        return not self.is_alive() or is_down_for_good(self.log)

    def answers(self) -> bool:
        asked = self.run("pg_isready", "-q", "-h", self.place.sockets, "-t", str(self.ASK_WITHIN))
        return asked.returncode == 0

    def is_alive(self) -> bool:
        if self.process is not None:
            return self.process.poll() is None
        return self.pid() is not None

    def stop(self) -> None:
        """Fast shutdown; a server too slow for it is told to drop everything and recovers at the next start."""
        stop(NAME, self.pid, (signal.SIGINT, 60.0), (signal.SIGQUIT, 30.0))

    def pid(self) -> int | None:
        """The postmaster of this cluster, if it lives."""
        pid = self.written_pid()
        return pid if pid and is_running(pid, str(self.place.cluster)) else None

    def written_pid(self) -> int | None:
        try:
            return int((self.place.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def forget_reused_pid(self) -> None:
        """PostgreSQL itself sees through a dead pid, but not through one that now belongs to a stranger."""
        if self.written_pid() is None or self.pid() is not None:
            return
        (self.place.cluster / "postmaster.pid").unlink(missing_ok=True)
        (self.place.sockets / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)

    # The cluster

    def check_cluster(self) -> None:
        cluster = self.place.cluster
        if not cluster.exists():
            return
        self.refuse_strange(cluster)
        version = self.version()
        if version != POSTGRES_MAJOR:
            told = _("База %(path)s создана PostgreSQL %(found)s, а нужен %(needed)s: перенесите её через pg_dump.")
            raise EmbeddedError(told % {"path": cluster, "found": version, "needed": POSTGRES_MAJOR})
        if not (cluster / CONTROL).exists():
            raise damaged(cluster, CONTROL)
        self.refuse_strange(cluster / CONTROL)

    def refuse_strange(self, path: Path) -> None:
        owner = self.place.account.uid if self.place.account else os.geteuid()
        if path.stat().st_uid != owner:
            raise belongs_to_another(self.place.cluster, owner, path)

    def version(self) -> str:
        """A directory with anything of a database in it is one, and nobody is told to throw it away."""
        cluster = self.place.cluster
        try:
            found = (cluster / VERSION).read_text(errors="replace").strip()
        except FileNotFoundError:
            found = ""
        except PermissionError:
            self.refuse_strange(cluster / VERSION)
            raise
        if found.replace(".", "").isdecimal():
            return found
        if (cluster / CONTROL).exists() or (cluster / "base").exists():
            raise damaged(cluster, VERSION)
        told = _("В %(path)s лежит не база PostgreSQL. Уберите этот каталог.")
        raise EmbeddedError(told % {"path": cluster})

    def files(self) -> str:
        """Which files these are: the same as long as nobody copies them, wherever they are moved on their disk.

        PostgreSQL writes its control file in place. It tells this to whoever asks: a copy of the directory is known by
        it (`pipelines.arming`), and nothing else in a copy of a stopped cluster differs.
        """
        cluster = self.place.cluster
        return f"{cluster.stat().st_ino}-{(cluster / CONTROL).stat().st_ino}"

    def create_cluster(self) -> None:
        """Made beside and renamed, so that a killed initdb leaves nothing that looks like a database.

        A thousand new files take seconds to reach a disk: that goes on while the server is in use already.
        """
        for leftover in self.place.home.glob("postgres.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        draft = self.place.home / f"postgres.new-{os.getpid()}"
        made = self.run("initdb", *INITDB, "-D", draft)
        with self.log.open("ab") as log:
            log.write(made.stdout + made.stderr)
        if made.returncode:
            raise failed(NAME, self.log)
        draft.rename(self.place.cluster)
        if self.durable:
            argv: list[str | Path] = [self.bin / "initdb", "--sync-only", "-D", self.place.cluster]
            self.writing_out, _ = launch(self.place, "postgres", argv)

    def ensure_database(self) -> None:
        made = self.run(
            "psql", "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-h", self.place.sockets, "-U", "crmseg", "postgres",
            stdin=CREATE_DATABASE,
        )  # fmt: skip
        if made.returncode:
            with self.log.open("ab") as log:
                log.write(made.stderr)
            raise failed(NAME, self.log)

    def run(self, program: str, *arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self.bin / program, *arguments],
            input=stdin.encode(),
            capture_output=True,
            cwd=self.place.home,
            env=clean_environment(),
            check=False,
            **as_account(self.place.account),  # type: ignore[call-overload]
        )
