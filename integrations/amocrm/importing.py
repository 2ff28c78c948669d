"""The first import as steps that survive anything: a page and the cursor to the next one are one transaction.

What flows in: every collection of amoCRM in the order of need (who is named comes before who names). What flows out: a
mirror that may be worked with (``Account.imported_at``), and behind it the stage history. A failure that passes makes
the step wait; a missing right ends that step alone; a refused token stops all.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from time import monotonic, sleep

from django.db import transaction
from django.utils import timezone

from crmseg.web.reasons import Reason
from pipelines.load import analyze
from pipelines.models import Origin
from segments import gallery

from ..http import Permanent, Temporary
from . import history, intake
from .client import AmoClient, Page, TokenRefused
from .lock import Busy, leave, only_one
from .models import Account, ImportStep

logger = logging.getLogger(__name__)

PAGED = {collection.name: collection for collection in intake.COLLECTIONS}
HISTORY = "history"
ORDER = (*intake.DICTIONARIES, *PAGED, HISTORY)

TABLES = {name: collection.tables for name, collection in PAGED.items()} | {HISTORY: history.TABLES}

Clock = Callable[[], datetime]
Progress = Callable[[ImportStep], None]


class Overtaken(Exception):
    """Somebody else moved this step on: what we hold is old."""


@dataclass(frozen=True)
class Run:
    """One go at the import. Without ``wait`` it gives up at the first failure that passes (a worker comes again)."""

    client: AmoClient
    clock: Clock = timezone.now
    wait: Callable[[float], None] | None = sleep
    progress: Progress = lambda step: None
    seconds: float | None = None
    began: float = 0.0

    @property
    def is_over(self) -> bool:
        return self.seconds is not None and monotonic() - self.began > self.seconds


def prepare() -> list[ImportStep]:
    """The steps in their order, made at the first time."""
    rows = [ImportStep(entity=entity, position=position) for position, entity in enumerate(ORDER)]
    ImportStep.objects.bulk_create(rows, ignore_conflicts=True)
    return list(ImportStep.objects.all())


def start_over(account: Account) -> None:
    """Read everything again; the mirror stays usable and is compared."""
    with transaction.atomic():
        before = dict(ImportStep.objects.filter(done__gt=0).values_list("entity", "done"))
        ImportStep.objects.all().delete()
        for step in prepare():
            step.total = before.get(step.entity)
            step.save(update_fields=["total"])
        account.put(state=Account.State.IMPORTING, history_until=None)


def run_import(
    client: AmoClient,
    *,
    clock: Clock = timezone.now,
    wait: Callable[[float], None] | None = sleep,
    progress: Progress = lambda step: None,
    seconds: float | None = None,
    busy: Busy = leave,
    is_fresh: bool = False,
) -> bool:
    """Go on with the import from where it stands, or from the beginning; → whether it is complete."""
    with only_one("import", busy) as mine:
        if not mine:
            return False
        client.account.refresh_from_db()  # whoever had it before may have come far
        if is_fresh:
            start_over(client.account)
        return _run(Run(client, clock, wait, progress, seconds, monotonic()))


def _run(run: Run) -> bool:
    account = run.client.account
    for step in prepare():
        if step.entity == HISTORY and account.imported_at is None:
            account.put(imported_at=run.clock())
        if step.is_done:
            continue
        if not _finish(step, run):
            return False
        analyze(*TABLES.get(step.entity, intake.DICTIONARY_TABLES))
    with transaction.atomic():
        account.finish_import()
        gallery.ensure(
            run.clock()
        )  # not before the stays are known: nobody enters a segment and leaves it for no reason
    return True


def _finish(step: ImportStep, run: Run) -> bool:
    """Bring one step to its end; → False when it has to wait for another go."""
    while not step.is_done:
        now = run.clock()
        if run.is_over or (run.wait is None and step.next_try_at and step.next_try_at > now):
            return False
        try:
            step.start(now)
            _go_on(step, run)
        except Temporary as error:
            seconds = step.wait(error.reason, error.retry_after, run.clock())
            logger.info("Import of %s waits %.0f s: %s", step.entity, seconds, error.reason)
            run.progress(step)
            if run.wait is None:
                return False
            run.wait(seconds)
        except TokenRefused as error:
            run.client.account.need_repair(error.reason)
            raise
        except Permanent as error:
            _give_up(step, error, run)
        except Overtaken:
            step.refresh_from_db()
    return True


def _give_up(step: ImportStep, error: Permanent, run: Run) -> None:
    """amoCRM will not show this collection (a missing right, not in the tariff): the rest goes on."""
    logger.warning("Import of %s is refused: %s", step.entity, error.reason)
    step.advance("", 0, run.clock())
    step.error = error.reason
    step.save(update_fields=["error"])
    run.progress(step)


def _go_on(step: ImportStep, run: Run) -> None:
    if step.entity in intake.DICTIONARIES:
        result = intake.DICTIONARIES[step.entity](run.client, run.clock())
        step.advance("", len(result.touched) + result.unchanged, run.clock())
        run.progress(step)
    elif step.entity == HISTORY:
        _read_history(step, run)
    else:
        _read_pages(step, run)


def _checkpoint(step: ImportStep, run: Run) -> bool:
    """Between two pages: tell how far we are; → whether to go on."""
    run.progress(step)
    return not run.is_over


def _read_pages(step: ImportStep, run: Run) -> None:
    collection, account = PAGED[step.entity], run.client.account
    where = (step.cursor, None) if step.cursor else (collection.path, collection.by_id)
    with run.client.pages(where[0], collection.key, where[1], partial(collection.read, account)) as pages:
        for page in pages:
            refuse_hole(page, step)
            now = run.clock()
            intake.complete(run.client, page.rows, Origin.IMPORT, now)
            with turned(step, page, now):
                intake.take(account, collection, page.rows, Origin.IMPORT, now)
            if not _checkpoint(step, run):
                return


def _read_history(step: ImportStep, run: Run) -> None:
    """Stage changes, newest first, up to when the import began; a deal is rebuilt when its history is whole."""
    account = run.client.account
    until = account.history_until or run.clock()
    if account.history_until is None:
        account.put(history_until=until)
    if step.cursor != history.REBUILD and not _read_events(step, run, until):
        return
    while history.rebuild_some():
        if not _checkpoint(step, run):
            return
    step.advance("", 0, run.clock())
    run.progress(step)


def _read_events(step: ImportStep, run: Run, until: datetime) -> bool:
    """→ Whether all are read."""
    with history.pages(run.client, step.cursor, until) as pages:
        for page in pages:
            refuse_hole(page, step)
            with turned(step, replace(page, next_url=page.next_url or history.REBUILD), run.clock()):
                history.keep(page.rows)
                if history.is_time(step.done):
                    history.rebuild_whole(page.rows)
            if not _checkpoint(step, run):
                return False
    return True


def refuse_hole(page: Page, step: ImportStep) -> None:
    """An empty page in the middle is believed the second time only (amocrm-api.md §4.5)."""
    if not page.items and step.cursor and not step.attempts:
        raise Temporary(Reason("amo_empty_page"), retry_after=1.0)


@contextmanager
def turned(step: ImportStep, page: Page, now: datetime) -> Iterator[None]:
    """The transaction of one page: what it brought and the cursor to the next, or nothing of both."""
    with transaction.atomic():
        yield
        if not step.advance(page.next_url, len(page.items), now):
            raise Overtaken
