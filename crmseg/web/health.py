"""For the load balancer: /livez says the process answers, /readyz that it can do its work. No login, no cookies."""

import shutil
from contextlib import closing
from select import POLLIN, poll
from typing import Any

import psycopg
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from psycopg.pq import ExecStatus

FREE_BYTES = 200 * 1024 * 1024
CONNECTS_WITHIN = 2  # seconds; libpq takes no less
ANSWERS_WITHIN_MS = 1000

_migrated = False  # once applied, always applied as long as this process runs


def database_answers() -> bool:
    """On a line of its own: one of the pool may hang with the database. A page waits longer; who asks here asks again.

    A server that hangs keeps no promise of a timeout, so what it says is waited for on this side.
    """
    try:
        with closing(psycopg.connect(**params())) as own:
            own.pgconn.send_query(b"SELECT 1")
            said = poll()
            said.register(own.pgconn.socket, POLLIN)
            result = own.pgconn.get_result() if said.poll(ANSWERS_WITHIN_MS) else None
            return result is not None and result.status == ExecStatus.TUPLES_OK
    except psycopg.Error:
        return False


def params() -> dict[str, Any]:
    return connection.get_connection_params() | {"connect_timeout": CONNECTS_WITHIN}


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


@login_not_required
@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    answers = database_answers()
    results = {
        "database": answers,
        "migrations": (answers or _migrated) and migrations_are_applied(),
        "disk": disk_has_room(),
    }
    return JsonResponse(results, status=200 if all(results.values()) else 503)
