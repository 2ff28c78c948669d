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


def test_it_ends_so_while_the_watch_begins(monkeypatch):
    class Slow(threading.Thread):
        def start(self):
            super().start()
            threading.Event().wait(PATIENCE)

    monkeypatch.setattr(threading, "Thread", Slow)
    monkeypatch.setattr(embedded, "failure", lambda: GONE)
    with pytest.raises(EmbeddedError, match=GONE), ended_by_signals(), relied_on(every=0.0):
        pass


def test_it_ends_so_while_the_watch_ends(monkeypatch):
    is_asked, is_joined = threading.Event(), threading.Event()

    class Watched(threading.Thread):
        def join(self, timeout=None):
            is_joined.set()
            super().join(timeout)

    def failure():
        is_asked.set()
        is_joined.wait(PATIENCE)
        return GONE

    monkeypatch.setattr(threading, "Thread", Watched)
    monkeypatch.setattr(embedded, "failure", failure)
    with pytest.raises(EmbeddedError, match=GONE), ended_by_signals(), relied_on(every=0.0):
        is_asked.wait(PATIENCE)


def test_whoever_stops_the_command_is_obeyed(monkeypatch):
    monkeypatch.setattr(embedded, "failure", str)
    with pytest.raises(SystemExit), relied_on(every=0.01):
        raise SystemExit(143)
