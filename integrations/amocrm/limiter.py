"""One request budget for all processes: amoCRM allows seven requests in any second (S13).

Requests are spaced, not saved up: permission is given on Redis's clock at the moment it is asked for, never in advance,
so a process that was asleep cannot bunch up with the others. A 429 puts everybody to sleep. Without Redis each process
goes on by itself, slowly.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Protocol

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

# KEYS: the moment of the next permission, the common pause, the slow-down; ARGV: interval, slow interval (µs).
# → 0 and the permission is taken, else how many µs to wait before asking again.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local pause = redis.call('PTTL', KEYS[2])
if pause > 0 then return pause * 1000 end
local interval = tonumber(ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 1 then interval = tonumber(ARGV[2]) end
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
if free > now + 10000000 then free = 0 end
if free > now then return free - now end
redis.call('SET', KEYS[1], string.format('%.0f', now + interval), 'PX', 10000)
return 0
"""
SLOW = 4.0  # requests a second for a minute after a 429
SLOW_FOR = 60.0
ALONE = 1.0  # requests a second of one process when there is no Redis


class Limiter(Protocol):
    def take(self) -> None:
        """Return when one request may be sent."""

    def pause(self, seconds: float) -> None:
        """Nobody sends anything for a while, and everybody sends less after that."""


class Unlimited:
    """For the stand-in without limits."""

    def take(self) -> None:
        return

    def pause(self, seconds: float) -> None:
        return


class SharedLimiter:
    def __init__(
        self,
        redis: Redis,
        name: str = "amocrm",
        rate: float = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rate = min(rate or settings.AMOCRM_REQUESTS_PER_SECOND, 7.0)
        self._redis = redis
        self._keys = [f"{name}:free", f"{name}:pause", f"{name}:slow"]
        self._script = redis.register_script(TAKE)
        self._sleep = sleep

    def take(self) -> None:
        interval, slow = round(1_000_000 / self.rate), round(1_000_000 / SLOW)
        try:
            while wait := int(self._script(keys=self._keys, args=[interval, slow])):
                self._sleep(min(wait / 1_000_000, 5.0) + 0.0005)
        except RedisError:
            logger.warning("Redis is away: requests to amoCRM are limited by each process alone")
            _alone.take(self._sleep)

    def pause(self, seconds: float) -> None:
        milliseconds = max(round(seconds * 1000), 1)
        try:
            self._redis.set(self._keys[1], 1, px=milliseconds)
            self._redis.set(self._keys[2], 1, px=milliseconds + round(SLOW_FOR * 1000))
        except RedisError:
            _alone.pause(seconds)


class Alone:
    """The limiter of a process that cannot see the others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free_at = 0.0

    def take(self, sleep: Callable[[float], None]) -> None:
        with self._lock:
            at = max(time.monotonic(), self._free_at)
            self._free_at = at + 1 / ALONE
        sleep(max(at - time.monotonic(), 0.0))

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic() + seconds)


_alone = Alone()


@cache
def shared_limiter() -> SharedLimiter:
    once = Retry(NoBackoff(), 1)
    return SharedLimiter(Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, retry=once))
