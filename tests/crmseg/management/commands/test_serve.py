import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from crmseg.embedded.places import places
from crmseg.embedded.postgres import Postgres
from crmseg.embedded.redis import Redis
from crmseg.processes.supervisor import answers
from tests.crmseg.conftest import ROOT, is_running
from tests.patience import PATIENCE, until

pytestmark = pytest.mark.tree


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def served(site_dir):
    """`serve` that has printed its address, and its port."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DEBUG": "1"},
    )
    assert f"http://127.0.0.1:{port}" in process.stdout.readline()
    yield process, port
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)


def said(path, words: str) -> bool:
    return until(lambda: path.exists() and words in path.read_text())


def test_serve_answers_works_and_stops_everything(served, site_dir):
    process, port = served
    postmaster = Postgres(places(site_dir)).pid()
    assert until(lambda: answers(f"http://127.0.0.1:{port}/"))
    assert said(site_dir / "log" / "worker-io.log", " ready.")
    assert said(site_dir / "log" / "worker-heavy.log", " ready.")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert not is_running(postmaster)
    assert not answers(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("server", [Postgres, Redis], ids=["PostgreSQL", "Redis"])
def test_serve_ends_with_one_line_of_ours_when_a_server_is_killed(served, site_dir, server):
    process, port = served
    killed = server(places(site_dir))
    os.kill(killed.pid(), signal.SIGKILL)
    assert process.wait(PATIENCE) == 1
    lines = process.stderr.read().splitlines()
    assert lines[-1] == (
        f"{killed.name} остановился. Запустите команду ещё раз; если повторится, причина в журнале: {killed.log}"
    )
    assert not answers(f"http://127.0.0.1:{port}/")


def test_serve_ends_with_one_line_when_the_clock_is_killed(served, site_dir):
    process, port = served
    log = site_dir / "log" / "beat.log"
    assert said(log, "beat: Starting...")
    os.kill(clock_of(site_dir), signal.SIGKILL)
    assert process.wait(PATIENCE) == 1
    told = f"beat остановился, код -9. Запустите команду ещё раз; если повторится, причина в журнале: {log}"
    assert process.stderr.read().splitlines() == [told]
    assert not answers(f"http://127.0.0.1:{port}/")


def clock_of(data_dir: Path) -> int:
    """The process that was told of its schedule."""
    places = Path("/proc").glob("[0-9]*/cmdline")
    (found,) = (place for place in places if f"{data_dir}/run/beat-" in _text(place))
    return int(found.parent.name)


def _text(place: Path) -> str:
    try:
        return place.read_text(errors="replace")
    except OSError:  # it has ended meanwhile
        return ""
