"""Signals that end a program, made to pass through `finally` and `with`."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP become an ordinary exit, so that what was started is stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    mine = [each for each in STOP_SIGNALS if signal.getsignal(each) is signal.SIG_DFL]
    for each in mine:
        signal.signal(each, _exit)
    try:
        yield
    finally:
        for each in mine:
            signal.signal(each, signal.SIG_DFL)


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not leave a half-stopped server."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, *STOP_SIGNALS)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
