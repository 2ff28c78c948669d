"""How fast the first import is with the limits off, and how much memory it takes.

The stand-in runs in a process of its own; this process imports from it over HTTP. The same rows are then written once
more by a bare COPY into empty copies of the tables: what PostgreSQL itself needs for them, indexes and all.
"""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from integrations.amocrm import connect
from integrations.amocrm.client import AmoClient
from integrations.amocrm.importing import HISTORY, ORDER, run_import
from integrations.amocrm.limiter import Unlimited
from integrations.amocrm.models import ImportStep
from integrations.amocrm.sandbox.seed.sizes import refusal

__all__ = ["refusal", "run", "stand_in"]

DICTIONARIES = ORDER[:6]
TABLES = (
    "pipelines_company",
    "pipelines_contact",
    "pipelines_contactpoint",
    "pipelines_deal",
    "pipelines_dealcontact",
    "pipelines_task",
    "pipelines_note",
    "pipelines_stagevisit",
    "pipelines_change",
    "amocrm_link",
)
SERVER = """
import sys
from integrations.amocrm.sandbox.core import Sandbox
from integrations.amocrm.sandbox.server import serve
import gc
box = Sandbox(contacts=int(sys.argv[1]), deals=int(sys.argv[2]), seed=1, limits=False)
gc.freeze()
server = serve(0)
box.base_url, server.sandbox = server.base_url, box
print(server.base_url, box.token, flush=True)
server.serve_forever()
"""


def run(contacts: int = 10_000, deals: int = 10_000) -> Iterator[dict[str, Any]]:
    settings.DEBUG = False  # else Django keeps the text of every statement, pages and all
    process = stand_in(contacts, deals)
    try:
        url, token = (process.stdout.readline() if process.stdout else "").split()
        yield from _import(url, token)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    seconds = _bare_copy()
    yield {
        "what": "bare COPY of the same rows",
        "seconds": round(seconds, 2),
        "ratio": round(_seconds(ORDER[6:]) / seconds, 1),
    }


def stand_in(contacts: int, deals: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SERVER, str(contacts), str(deals)]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "crmseg.settings"}
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True)


def _import(url: str, token: str) -> Iterator[dict[str, Any]]:
    now = timezone.now()
    account = connect.connect(connect.check(url, token, now, limiter=Unlimited()), now)
    before = _peak()
    with AmoClient(account, limiter=Unlimited()) as client:
        run_import(client)
    for step in ImportStep.objects.exclude(entity__in=DICTIONARIES):
        yield {"what": step.entity, **_rate([step.entity])}
    entities = [name for name in ORDER if name not in (*DICTIONARIES, HISTORY)]
    yield {"what": "entities", **_rate(entities)}
    yield {"what": "memory", "peak_mb": _peak(), "before_import_mb": before}


def _rate(names: Sequence[str]) -> dict[str, Any]:
    done, seconds = sum(ImportStep.objects.filter(entity__in=names).values_list("done", flat=True)), _seconds(names)
    return {"rows": done, "seconds": round(seconds, 2), "per_second": round(done / seconds) if seconds else 0}


def _seconds(names: Sequence[str]) -> float:
    steps = ImportStep.objects.filter(entity__in=names, finished_at__isnull=False)
    return sum((step.finished_at - step.started_at).total_seconds() for step in steps)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _bare_copy() -> float:
    seconds = 0.0
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)"
                " FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'",
                [table],
            )
            columns = cursor.fetchone()[0]
            with cursor.copy(f"COPY {table} ({columns}) TO STDOUT") as out:
                chunks = [bytes(chunk) for chunk in out]
            cursor.execute(f"CREATE TABLE copied_{table} (LIKE {table} INCLUDING ALL)")
            began = perf_counter()
            with cursor.copy(f"COPY copied_{table} ({columns}) FROM STDIN") as into:
                for chunk in chunks:
                    into.write(chunk)
            seconds += perf_counter() - began
    return seconds
