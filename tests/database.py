"""The test database: named so that a process of its own can reach it, and its rows kept to be put back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper


def url() -> str:
    """Over a port or a unix socket."""
    known = connection.settings_dict
    who = quote(known["USER"]) + (f":{quote(known['PASSWORD'])}" if known["PASSWORD"] else "")
    if str(known["HOST"]).startswith("/"):
        return f"postgres://{who}@/{known['NAME']}?{urlencode({'host': known['HOST']})}"
    return f"postgres://{who}@{known['HOST']}:{known['PORT'] or 5432}/{known['NAME']}"


@contextmanager
def another() -> Iterator[BaseDatabaseWrapper]:
    """A connection as another process has one. Beside the pool, which would keep it open behind the test."""
    own = connection.copy()
    own.settings_dict["OPTIONS"].pop("pool", None)
    try:
        yield own
    finally:
        own.close()


def rows() -> dict[str, bytes]:
    """Of every table that has some."""
    with connection.cursor() as cursor:
        told = {table: _read(cursor, table) for table in connection.introspection.django_table_names()}
    return {table: text for table, text in told.items() if text}


def _read(cursor: Any, table: str) -> bytes:
    with cursor.copy(f'COPY "{table}" TO STDOUT') as told:
        return b"".join(told)


def put(kept: dict[str, bytes]) -> None:
    """References are looked at when the transaction ends, so the order is free."""
    with connection.cursor() as cursor:
        for table, told in kept.items():
            with cursor.copy(f'COPY "{table}" FROM STDIN') as taken:
                taken.write(told)
