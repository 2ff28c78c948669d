"""A real worker and a real Redis, which goes and comes back."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from celery import Celery

from crmseg.celery import app
from crmseg.embedded.binaries import redis_server
from tests.crmseg.conftest import ROOT, kill
from tests.patience import until

WORKER = [sys.executable, "-m", "celery", "-A", "crmseg", "worker", "--include", "tests.crmseg.waiting"]
OPTIONS = ["-Q", "io", "-P", "threads", "-c", "4", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]


class Redis:
    """Keeps nothing, and comes back where it was."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        where = ["--bind", "127.0.0.1", "--port", self.port, "--save", ""]
        self.process = subprocess.Popen([redis_server(None), *where], stdout=subprocess.DEVNULL)
        until(self.listens)

    def listens(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", int(self.port))) == 0


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    kill(server.process)


@pytest.fixture
def worker(empty_dir, redis) -> Iterator[subprocess.Popen]:
    env = {**os.environ, "CRMSEG_EMBEDDED": "1", "REDIS_URL": redis.url}
    with (empty_dir / "worker.log").open("w") as log:
        process = subprocess.Popen([*WORKER, *OPTIONS], cwd=ROOT, env=env, stdout=log, stderr=log)
    yield process
    kill(process)


def begin(redis: Redis, file: Path) -> Path:
    sender = Celery(broker=redis.url, set_as_current=False)
    sender.send_task("tests.wait", (str(file),), queue="io", ignore_result=True)
    until(file.exists)
    return file


@pytest.mark.tree
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_loses_redis_in_the_middle_of_tasks_works_on_when_it_is_back(empty_dir, redis, worker, way):
    def has_said(words: str, times: int = 1) -> bool:
        log = (empty_dir / "worker.log").read_text()
        assert worker.poll() is None, log
        return log.count(words) >= times

    short, long = (begin(redis, empty_dir / name) for name in ("short", "long"))
    redis.process.send_signal(way)
    redis.process.wait()
    until(partial(has_said, "Connection to broker lost"))
    short.unlink()
    until(partial(has_said, " succeeded in "))
    redis.start()
    begin(redis, empty_dir / "next").unlink()
    long.unlink()
    until(partial(has_said, " succeeded in ", times=3))
    begin(redis, empty_dir / "last").unlink()
    until(partial(has_said, " succeeded in ", times=4))


def test_a_worker_waits_for_redis_for_ever():
    assert app.conf.broker_connection_max_retries is None
