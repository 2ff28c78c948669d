import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from crmseg import embedded
from crmseg.embedded.places import places
from crmseg.embedded.postgres import Postgres
from crmseg.embedded.redis import Redis
from tests.conftest import SHARED, scratch
from tests.crmseg.commands import ROOT
from tests.crmseg.commands import run as command

__all__ = ["ROOT", "command"]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
OUTSIDE = ("DATABASE_URL", "REDIS_URL", "CRMSEG_EMBEDDED", "SECRET_KEY", "FIELD_KEYS", "DEBUG", "PUBLIC_URL")


@contextmanager
def without_servers() -> Iterator[pytest.MonkeyPatch]:
    """As long as the block lasts, nothing around tells of servers or settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in OUTSIDE:
            patch.delenv(name, raising=False)
        yield patch


@contextmanager
def open_directory() -> Iterator[Path]:
    """Every account can reach it (pytest's own are closed); whatever runs there is stopped at the end."""
    path = scratch()
    try:
        yield path
    finally:
        Redis(places(path)).stop()
        Postgres(places(path)).stop()
        shutil.rmtree(path)


@pytest.fixture(scope="session")
def template() -> Path:
    """A cluster; copying it is four times as fast as making another."""

    def make(path: Path) -> None:
        with without_servers(), embedded.servers(path, durable=False):
            pass

    return made_once("template", make)


@pytest.fixture(scope="session")
def migrated(template) -> Path:
    """The same with the schema in it."""

    def make(path: Path) -> None:
        subprocess.run(["cp", "-a", template / "servers", path], check=True)
        with without_servers() as patch:
            patch.setenv("DATA_DIR", str(path))
            assert command("migrate", "-v0").returncode == 0

    return made_once("migrated", make)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """By the first worker that needs it, for all of them."""
    path = Path(os.environ[SHARED]) / name
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            draft = path.with_suffix(".new")
            draft.mkdir()
            make(draft)
            draft.rename(path)
    return path


@pytest.fixture
def redis_url() -> str:
    """Of the Redis the tests use."""
    return str(settings.REDIS_URL)


@pytest.fixture
def empty_dir(monkeypatch) -> Iterator[Path]:
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    with open_directory() as path:
        monkeypatch.setenv("DATA_DIR", str(path))
        yield path


@pytest.fixture
def data_dir(empty_dir, template) -> Path:
    subprocess.run(["cp", "-a", template / "servers", empty_dir], check=True)
    return empty_dir


@pytest.fixture
def site_dir(empty_dir, migrated) -> Path:
    subprocess.run(["cp", "-a", migrated / "servers", empty_dir], check=True)
    return empty_dir


def holder(path: Path, python: str = sys.executable, **options) -> subprocess.Popen:
    """Another command that uses the servers until its input ends; it has started when this returns."""
    code = (
        "import sys; from pathlib import Path; from crmseg import embedded\n"
        "with embedded.servers(Path(sys.argv[1]), durable=False): print('up', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [python, "-c", code, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )
    assert process.stdout.readline() == "up\n"
    return process


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def postmaster(data_dir: Path) -> int | None:
    return Postgres(places(data_dir)).pid()


def ask(question: str) -> object:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return connection.execute(question).fetchone()[0]


def create_table(name: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute(f"CREATE TABLE {name} AS SELECT 7 AS n")
