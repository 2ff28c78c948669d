"""A command that relies on the embedded servers ends when one is gone, whatever it is waiting for."""

import threading

import pytest

from crmseg import embedded
from crmseg.embedded import EmbeddedError
from crmseg.interrupts import ended_by_signals
from crmseg.starting.servers import relied_on
from tests.patience import PATIENCE

GONE = "Redis остановился."


def test_a_server_that_is_gone_ends_the_command_with_its_line(monkeypatch):
    monkeypatch.setattr(embedded, "failure", lambda: GONE)
    with pytest.raises(EmbeddedError, match=GONE), ended_by_signals(), relied_on(every=0.01):
        threading.Event().wait(PATIENCE)


def test_whoever_stops_the_command_is_obeyed(monkeypatch):
    monkeypatch.setattr(embedded, "failure", str)
    with pytest.raises(SystemExit), relied_on(every=0.01):
        raise SystemExit(143)
