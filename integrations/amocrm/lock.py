"""One worker at a time per kind of work, whatever the number of processes."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

Busy = Callable[[], bool]


def leave() -> bool:
    """What a worker does when another is at the work: it comes again anyway."""
    return False


@contextmanager
def only_one(name: str, busy: Busy = leave) -> Iterator[bool]:
    """Say whether this worker got the work; while another has it, ``busy`` is asked whether to try once more.

    PostgreSQL lets go by itself when the worker dies.
    """
    key = zlib.crc32(f"amocrm.{name}".encode())
    mine = _taken(key)
    while not mine and busy():
        mine = _taken(key)
    try:
        yield mine
    finally:
        if mine and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _taken(key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        return bool(cursor.fetchone()[0])
