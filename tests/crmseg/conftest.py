import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from crmseg import embedded
from crmseg.embedded.places import places
from crmseg.embedded.postgres import Postgres
from crmseg.embedded.redis import Redis
from tests.crmseg.commands import ROOT
from tests.crmseg.commands import run as command

__all__ = ["ROOT", "command"]

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
    path = Path(tempfile.mkdtemp(prefix="crmseg-test-", dir="/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        Redis(places(path)).stop()
        Postgres(places(path)).stop()
        shutil.rmtree(path)


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A cluster made once; copying it is four times as fast as making another."""
    with open_directory() as path:
        with without_servers(), embedded.servers(path, durable=False):
            pass
        yield path


@pytest.fixture(scope="session")
def migrated(template) -> Iterator[Path]:
    """The same with the schema in it."""
    with open_directory() as path:
        subprocess.run(["cp", "-a", template / "servers", path], check=True)
        with without_servers() as patch:
            patch.setenv("DATA_DIR", str(path))
            assert command("migrate", "-v0").returncode == 0
        yield path


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
