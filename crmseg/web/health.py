"""For the load balancer: /livez says the process answers, /readyz that it can do its work. No login, no cookies."""

import shutil
from collections.abc import Callable

import psycopg
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

FREE_BYTES = 200 * 1024 * 1024
ANSWERS_WITHIN = 2.5  # seconds

_migrated = False  # once applied, always applied as long as this process runs


def database_answers() -> bool:
    """A page waits longer for a connection; who asks here asks again soon."""
    pool = connection.pool  # type: ignore[attr-defined]
    pool.open()
    try:
        with pool.connection(timeout=ANSWERS_WITHIN) as own:
            own.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def migrations_are_applied() -> bool:
    global _migrated  # noqa: PLW0603
    if not _migrated:
        try:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return False
    return _migrated


def disk_has_room() -> bool:
    return shutil.disk_usage(settings.DATA_DIR).free >= FREE_BYTES


CHECKS: dict[str, Callable[[], bool]] = {
    "database": database_answers,
    "migrations": migrations_are_applied,
    "disk": disk_has_room,
}


@login_not_required
@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    answers = CHECKS["database"]()
    results = {
        "database": answers,
        "migrations": (answers or _migrated) and CHECKS["migrations"](),
        "disk": CHECKS["disk"](),
    }
    return JsonResponse(results, status=200 if all(results.values()) else 503)
