"""The servers of `serve` and `demo`: embedded or named by the environment, they answer inside the block.

And of a command that cannot do without them: `relied_on` ends it when an embedded one is gone.
"""

import os
import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DatabaseError

from crmseg import embedded
from crmseg.embedded import EmbeddedError


@contextmanager
def servers(data_dir: Path, *, quick_commits: bool = False) -> Iterator[None]:
    """Whatever the block breaks with: when a server is gone or its files are damaged, that is the reason."""
    given = {name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    with embedded.servers(data_dir, quick_commits=quick_commits):
        refuse_unreachable(given)
        try:
            yield
        except Exception as error:
            if reason := why(error):
                raise EmbeddedError(reason) from error
            raise


def why(error: Exception) -> str:
    if not isinstance(error, DatabaseError | OSError):
        return embedded.failure()
    from crmseg.starting import reachability

    return reachability.broken(error) or embedded.failure_of_a_broken_line()


def refuse_unreachable(given: Collection[str]) -> None:
    if not given:
        return
    from crmseg.starting import environment, reachability

    reasons = [reachability.database() if "DATABASE_URL" in given else ""]
    reasons += [reachability.redis() if "REDIS_URL" in given else ""]
    if silent := [reason for reason in reasons if reason]:
        raise EmbeddedError(environment.one_line(silent))


@contextmanager
def relied_on(every: float = 1.0) -> Iterator[None]:
    """Inside `embedded.servers`, which makes an exit of SIGTERM: it wakes the command from whatever it waits for."""
    is_over = threading.Event()
    lost: list[str] = []

    def look() -> None:
        while not is_over.wait(every):
            if reason := embedded.failure():
                lost.append(reason)
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
                return

    looker = threading.Thread(target=look, daemon=True)
    try:
        try:
            looker.start()
            yield
        finally:
            is_over.set()
            looker.join()
    except SystemExit:
        if lost:
            raise EmbeddedError(lost[0]) from None
        raise
