import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from itertools import chain, groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.backends.postgresql.creation import DatabaseCreation
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import override_settings
from django.utils.translation.reloader import translation_file_changed
from hypothesis import settings as hypothesis_settings

from crmseg.starting import messages
from tests.patience import PATIENCE

HERE = Path(__file__).parent
MIGRATED = {"django_content_type", "auth_permission"}

hypothesis_settings.register_profile("crmseg", deadline=None, derandomize=True)
hypothesis_settings.load_profile("crmseg")


ROOM = 4 * 1024**3  # bytes
SHARED = "CRMSEG_TEST_SHARED"  # names a directory that every worker and every account can reach


def pytest_configure(config: pytest.Config) -> None:
    """Words are compiled once, before any worker reads them. What is started hears Ctrl-C whoever started the tests."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell has the programs in its background ignore it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        return
    os.environ[SHARED] = str(scratch())
    if messages.compile_stale():
        translation_file_changed(None, messages.catalogues()[0].with_suffix(".mo"))  # forget what was read before


def scratch() -> Path:
    """A new directory that every account can reach (pytest's own are closed), in memory where there is enough of it.

    Copying a cluster there takes a tenth of the time.
    """
    memory = Path("/dev/shm")
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    path = Path(tempfile.mkdtemp(prefix="crmseg-test-", dir=memory if has_room else "/tmp"))
    path.chmod(0o755)
    return path


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and (path := os.environ.pop(SHARED, "")):
        shutil.rmtree(path)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Each worker first loads a share of the modules; the others find its assertions rewritten already."""
    if hasattr(session.config, "workerinput") and session.config.args == session.config.getini("testpaths"):
        number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
        modules = sorted(HERE.rglob("test_*.py"))[number :: int(os.environ["PYTEST_XDIST_WORKER_COUNT"])]
        for path in modules:
            with suppress(Exception):  # collecting it will tell
                import_module(".".join(path.relative_to(HERE.parent).with_suffix("").parts))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first in the share of every worker: at the end they would leave the other processors without work.

    pytest-xdist hands the list out in as many even pieces as there are workers, and moves what is late. The long tests
    of one module stay together, because what takes seconds to set up is shared among them.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    path = attrgetter("path")
    modules = [list(each) for _, each in groupby(sorted(filter(_is_long, items), key=path), key=path)]
    short = iter([item for item in items if not _is_long(item)])
    shares = [list(chain.from_iterable(modules[number::workers])) for number in range(workers)]
    for share in shares:
        share.extend(islice(short, max(0, len(items) // workers - len(share))))
    items[:] = [*chain.from_iterable(shares), *short]


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it again and again would take a tenth of the time."""
    gc.collect()
    gc.freeze()


def _is_long(item: pytest.Item) -> bool:
    database = item.get_closest_marker("django_db")
    commits = database is not None and database.kwargs.get("transaction", False)
    return commits or any(item.get_closest_marker(name) for name in ("browser", "tree"))


@pytest.fixture(autouse=True, scope="session")
def _patient_database() -> Iterator[None]:
    """A person does not wait for a heavy rule; a test on a busy machine does."""
    with pytest.MonkeyPatch.context() as patch:
        limits = ("segments.membership.FILL_WITHIN_MS", "segments.builder.PREVIEW_WITHIN_MS")
        for limit in (*limits, "crmseg.web.health.ANSWERS_WITHIN_MS"):
            patch.setattr(limit, round(PATIENCE * 1000))
        yield


@pytest.fixture(autouse=True, scope="session")
def _set_up_once() -> Iterator[None]:
    """What sets Django up within a test would leave the log of later ones with that test's stderr, closed by then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.setup", lambda: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _quick_flush() -> Iterator[None]:
    """A test that commits leaves a few rows behind: deleting those is much quicker than truncating every table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", _delete_all)
        patch.setattr("django.core.management.commands.flush.emit_post_migrate_signal", lambda *given: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _drop_at_once() -> Iterator[None]:
    """A session that a thread of some test left behind would hold up the end for five seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseCreation, "_destroy_test_db", _drop)
        yield


def _drop(creation: DatabaseCreation, name: str, verbosity: int) -> None:
    creation.connection.close_pool()
    with creation._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {creation.connection.ops.quote_name(name)} WITH (FORCE)")


def _delete_all(operations: DatabaseOperations, style: Any, tables: list[str], **options: Any) -> list[str]:
    """But for what the migrations themselves put in."""
    return ["; ".join(f"DELETE FROM {operations.quote_name(table)}" for table in tables if table not in MIGRATED)]


@pytest.fixture(autouse=True, scope="session")
def _plain_files_and_quick_passwords() -> Iterator[None]:
    """Pages under test need no collected static files, and people no slow hash."""
    static = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(STORAGES=settings.STORAGES | static, PASSWORD_HASHERS=quick):
        yield
