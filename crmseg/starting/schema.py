"""Bring the schema up to date, once, however many commands start together.

Whoever changes it holds a lock of the database (`alone`), so that others can tell "being made" from "forgotten".
"""

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.migrations.recorder import MigrationRecorder

from crmseg.patience import wait_until
from crmseg.words import gettext as _

LOCK = int.from_bytes(hashlib.sha256(b"crmseg.migrate").digest()[:7])
TOLD_AFTER = 3.0  # seconds
LOOK_EVERY = 1.0  # seconds; nobody waits inside a statement, that would hold up an index made concurrently


def apply_pending() -> int:
    """How many migrations were applied."""
    if not pending():
        return 0
    with alone():
        missing = pending()
        if missing:
            call_command("migrate", verbosity=0, interactive=False)
        return len(missing - pending())


@contextmanager
def alone() -> Iterator[None]:
    """On a connection of its own, beside the pool: whatever the block does to others, it ends with the block."""
    own = connection.copy()
    own.settings_dict["OPTIONS"].pop("pool", None)
    try:
        with own.cursor() as cursor:
            told = _("Жду: базу обновляет другая команда.")
            wait_until(partial(_takes_lock, cursor), told=told, told_after=TOLD_AFTER, pause=LOOK_EVERY)
            yield
    finally:
        own.close()


def _takes_lock(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
    return bool(cursor.fetchone()[0])


def missing_for_good() -> set[tuple[str, str]]:
    """What nobody is about to apply: who starts together with a `migrate` waits until it is over, with a word."""
    told = False
    while missing := pending():
        if not is_being_changed():
            return pending()
        if not told:
            told = True
            waiting = _("Жду: базу обновляет другая команда, осталось миграций: %(count)s.")
            sys.stderr.write(waiting % {"count": len(missing)} + "\n")
        time.sleep(LOOK_EVERY)
    return set()


def unapplied() -> str:
    """The line for an operator whose database nobody brings up to date."""
    missing = missing_for_good()
    told = _("База не готова, не применено миграций: %(count)s. Выполните: python3 manage.py migrate")
    return told % {"count": len(missing)} if missing else ""


def is_being_changed() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOT pg_try_advisory_xact_lock_shared(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def is_new() -> bool:
    """Nothing was ever applied here."""
    return not MigrationRecorder(connection).has_table()


def pending() -> set[tuple[str, str]]:
    """By file names alone: loading the whole migration graph would cost each command a quarter of a second."""
    return written() - set(MigrationRecorder(connection).applied_migrations())


def written() -> set[tuple[str, str]]:
    return {
        (config.label, path.stem)
        for config in apps.get_app_configs()
        for path in (Path(config.path) / "migrations").glob("[0-9]*.py")
    }
