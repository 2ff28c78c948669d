"""Bring the schema up to date, once, however many commands start together."""

import hashlib
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

LOCK = int.from_bytes(hashlib.sha256(b"crmseg.migrate").digest()[:7])


def apply_pending() -> int:
    """How many migrations were applied."""
    if not pending():
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            missing = pending()
            if missing:
                call_command("migrate", verbosity=0, interactive=False)
            return len(missing - pending())
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


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
