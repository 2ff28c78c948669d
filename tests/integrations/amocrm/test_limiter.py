"""integrations.amocrm.limiter: never more than seven in any second, whoever asks."""

import multiprocessing
import time
from itertools import pairwise
from uuid import uuid4

import pytest
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrations.amocrm import limiter
from integrations.amocrm.limiter import SharedLimiter


@pytest.fixture
def redis():
    with Redis.from_url(settings.REDIS_URL) as connection:
        yield connection


@pytest.fixture
def name(redis):
    """A budget of one's own: tests run beside each other."""
    name = f"limit-test-{uuid4()}"
    yield name
    redis.delete(*(f"{name}:{key}" for key in ("free", "pause", "slow")))


def ask(url: str, name: str, times: int, out) -> None:
    mine = SharedLimiter(Redis.from_url(url), name, rate=6.5)
    for _ in range(times):
        mine.take()
        out.put(time.monotonic())


def test_four_processes_stay_under_seven_in_any_second(name):
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    arguments = (settings.REDIS_URL, name, 4, out)
    workers = [context.Process(target=ask, args=arguments) for _ in range(4)]
    for worker in workers:
        worker.start()
    moments = sorted(out.get(timeout=60) for _ in range(16))
    for worker in workers:
        worker.join()
    most = max(sum(start <= other < start + 1 for other in moments) for start in moments)
    assert most <= 7


def test_permissions_are_spaced_and_never_saved_up(redis, name):
    mine = SharedLimiter(redis, name, rate=6.5)
    mine.take()
    moments = []
    for _ in range(3):
        mine.take()
        moments.append(time.monotonic())
    assert min(later - earlier for earlier, later in pairwise(moments)) > 0.12


def test_pause_of_one_is_everybodys(redis, name):
    slept: list[float] = []

    class Slept(Exception):
        pass

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        raise Slept

    SharedLimiter(redis, name).pause(3)
    with pytest.raises(Slept):
        SharedLimiter(redis, name, sleep=sleep).take()
    assert 2 < slept[0] < 3.1


def test_rate_never_exceeds_what_amocrm_allows(redis):
    assert SharedLimiter(redis, rate=50).rate == 7


def test_without_redis_a_process_goes_on_slowly_by_itself(monkeypatch):
    monkeypatch.setattr(limiter, "_alone", limiter.Alone())
    slept: list[float] = []
    away = SharedLimiter(Redis(port=1, socket_connect_timeout=0.1, retry=Retry(NoBackoff(), 0)), sleep=slept.append)
    for _ in range(3):
        away.take()
    assert slept[0] == 0
    assert slept[2] > 1.5
