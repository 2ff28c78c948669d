"""Redis as Celery's broker: a worker outlives an outage of it, also in the middle of a task.

A worker that lost Redis closes its old channel, and a task that was running acknowledges on it when it ends. kombu 5.7
then asks a line that is gone for its address, and fails in a way nobody takes for an outage: the worker ends for good.
Said as what it is, a broken line, it is passed over by the one and logged by the other. Such a task is acknowledged no
more: a Redis that still knows of it gives it out again.
"""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        transport = self.connection
        if transport is None or transport.client is None:
            raise ConnectionError("this channel's line to Redis is gone")
        return super()._connparams(asynchronous)  # type: ignore[misc]


class Transport(redis.Transport):
    Channel = Channel
