"""integrations.amocrm.limiter: never more than seven in any second, whoever asks."""

import multiprocessing
from itertools import pairwise
from uuid import uuid4

import pytest
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrations.amocrm import limiter
from integrations.amocrm.limiter import SharedLimiter

NOTED = "redis.call('RPUSH', KEYS[1] .. ':noted', string.format('%.0f', now)) return 0"


@pytest.fixture
def redis():
    with Redis.from_url(settings.REDIS_URL) as connection:
        yield connection


@pytest.fixture
def name(redis):
    """A budget of one's own: tests run beside each other."""
    name = f"limit-test-{uuid4()}"
    yield name
    redis.delete(*(f"{name}:{key}" for key in ("free", "free:noted", "pause", "slow")))


def ask(url: str, name: str, times: int) -> None:
    limiter.TAKE = limiter.TAKE.replace("return 0", NOTED)
    mine = SharedLimiter(Redis.from_url(url), name, rate=6.5)
    for _ in range(times):
        mine.take()


def permissions(redis: Redis, name: str) -> list[float]:
    """In seconds on the clock that gives them: ours says when we are told, which is later on a busy machine."""
    return [int(float(moment)) / 1_000_000 for moment in redis.lrange(f"{name}:free:noted", 0, -1)]


def test_four_processes_stay_under_seven_in_any_second(redis, name):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=ask, args=(settings.REDIS_URL, name, 4)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    moments = permissions(redis, name)
    assert len(moments) == 16
    assert max(sum(start <= other < start + 1 for other in moments) for start in moments) <= 7


def test_permissions_are_spaced_and_never_saved_up(redis, name, monkeypatch):
    monkeypatch.setattr(limiter, "TAKE", limiter.TAKE.replace("return 0", NOTED))
    mine = SharedLimiter(redis, name, rate=6.5)
    for _ in range(4):
        mine.take()
    assert min(later - earlier for earlier, later in pairwise(permissions(redis, name))) >= 0.153


def test_pause_of_one_is_everybodys(redis, name):
    slept: list[float] = []

    class Slept(Exception):
        pass

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        raise Slept

    SharedLimiter(redis, name).pause(3600)
    with pytest.raises(Slept):
        SharedLimiter(redis, name, sleep=sleep).take()
    assert slept == [5.0005]  # five seconds, then it asks again


def test_rate_never_exceeds_what_amocrm_allows(redis):
    assert SharedLimiter(redis, rate=50).rate == 7


def test_without_redis_a_process_goes_on_slowly_by_itself(monkeypatch):
    monkeypatch.setattr(limiter, "_alone", limiter.Alone())
    monkeypatch.setattr(limiter.time, "monotonic", lambda: 0.0)
    slept: list[float] = []
    away = SharedLimiter(Redis(port=1, socket_connect_timeout=0.1, retry=Retry(NoBackoff(), 0)), sleep=slept.append)
    for _ in range(3):
        away.take()
    assert slept == [0, 1, 2]
