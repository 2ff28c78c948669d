"""integrations.amocrm.client: who reads pages learns of whatever ends the reading."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError

from integrations.amocrm import pull
from integrations.amocrm.importing import run_import, start_over

from .conftest import NOW


def full_import(amo):
    start_over(amo.account)
    run_import(amo, clock=lambda: NOW)


READERS = {
    "import": ("integrations.amocrm.intake.take", full_import),
    "history": ("integrations.amocrm.history.keep", full_import),
    "pull": ("integrations.amocrm.intake.take", lambda amo: pull.pull(amo, NOW + timedelta(minutes=30))),
    "pull, filters off": ("integrations.amocrm.intake.take", lambda amo: pull.pull(amo, NOW + timedelta(minutes=30))),
    "reconcile": ("integrations.amocrm.intake.take", lambda amo: pull.reconcile(amo, NOW)),
}


def lost(*_given, **_named):
    raise OperationalError("the connection is lost")


class Stopped(ThreadPoolExecutor):
    """A signal comes while the end of the reading waits for the page that is under way."""

    def __exit__(self, kind, *given):
        super().__exit__(kind, *given)
        if kind:
            raise SystemExit(143)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("reader", READERS)
def test_signal_at_the_end_of_a_broken_reading_reaches_who_reads(imported, monkeypatch, reader):
    place, read = READERS[reader]
    imported.account.put(is_filter_enabled="off" not in reader)
    monkeypatch.setattr(place, lost)
    monkeypatch.setattr("integrations.amocrm.client.ThreadPoolExecutor", Stopped)
    with pytest.raises(SystemExit):
        read(imported)
