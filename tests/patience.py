"""How long tests wait for what must come: long enough for any machine, for a wait ends as soon as it has come.

A test that shows what does not happen, or that something is quick, must not look at a clock at all.
"""

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 240.0  # seconds; pytest's own `timeout` in pyproject.toml, which ends a test that hangs, is longer


def until(look: Callable[[], Any], pause: float = 0.05, seconds: float = PATIENCE) -> Any:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing after {seconds:.0f} s"
        time.sleep(pause)
    return found
