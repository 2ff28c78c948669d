"""Waiting for what lives: a slow machine is no failure, so it is the end of a process that tells of its death.

Whoever waits is told once for what, on stderr, and may press Ctrl-C.
"""

import math
import sys
from collections.abc import Callable
from time import monotonic, sleep

TOLD_AFTER = 10.0


def wait_until(
    done: Callable[[], bool],
    *,
    unless: Callable[[], bool] = lambda: False,
    seconds: float = math.inf,
    told: str | Callable[[], str] = "",
    told_after: float | None = None,
    pause: float = 0.01,
) -> bool:
    """False when it can come no more (`unless`), or when a limit was given and is over."""
    began = monotonic()
    while not done():
        passed = monotonic() - began
        if unless() or passed > seconds:
            return False
        if told and passed >= (TOLD_AFTER if told_after is None else told_after):
            sys.stderr.write(f"{told() if callable(told) else told}\n")
            sys.stderr.flush()
            told = ""
        sleep(pause)
    return True
