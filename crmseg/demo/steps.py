"""How a circle goes: step by step, each timed, each waited for; knows nothing of what the steps do."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crmseg.words import gettext as _


class CircleError(Exception):
    """Why a step failed: one line."""


@dataclass
class Circle:
    """``show(step, done, total, note)`` draws progress; ``check()`` raises when a process of the tree has died."""

    show: Callable[[str, int, int | None, str], None]
    check: Callable[[], None] = lambda: None
    seconds: dict[str, float] = field(default_factory=dict)
    failed: str = ""
    patience: float = 600.0
    """Seconds without anything new: a slow machine is waited for as long as it goes on."""

    def step(self, name: str, act: Callable[[], Any]) -> Any:
        began = time.monotonic()
        try:
            return act()
        except Exception:
            self.failed = name
            raise
        finally:
            self.seconds[name] = round(time.monotonic() - began, 1)

    def wait(
        self, label: str, look: Callable[[], tuple[int, int | None, bool]], note: Callable[[], str] = lambda: ""
    ) -> None:
        """Look again and again until it is done: ``look`` gives done, total or None, and whether that is all."""
        heard_at, latest = time.monotonic(), None
        while True:
            done, total, is_over = look()
            said = note()
            self.show(label, done, total, said)
            if is_over:
                return
            if (done, total) != latest:
                heard_at, latest = time.monotonic(), (done, total)
            elif time.monotonic() - heard_at > self.patience:
                got = _("%(done)s из %(total)s") % {"done": done, "total": total} if total else str(done)
                told = _("ничего нового %(seconds)s с (%(got)s). %(said)s")
                raise CircleError((told % {"seconds": round(self.patience), "got": got, "said": said}).rstrip(". "))
            self.check()
            time.sleep(0.25)
