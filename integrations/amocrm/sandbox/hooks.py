"""Webhook delivery: one attempt, two seconds, in the order of the changes, away from the request.

`deliver` may be replaced: it takes the destination and the body and returns the status it got.
"""

import queue
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

TIMEOUT = 2.0
KEPT = 2000
FORM = "application/x-www-form-urlencoded"


def post(destination: str, body: bytes) -> int:
    headers = {"Content-Type": FORM, "User-Agent": "amoCRM-Webhooks/3.0"}
    request = urllib.request.Request(destination, body, headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


class Hooks:
    def __init__(self, box: "Sandbox") -> None:
        self.box = box
        self.deliver: Callable[[str, bytes], int] = post
        self.delivered: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def wanted(self, code: str) -> bool:
        return any(code in hook.settings and not hook.disabled for hook in self.box.store.webhooks.values())

    def send(self, code: str, body: bytes) -> None:
        for hook in self.box.store.webhooks.values():
            if code in hook.settings and not hook.disabled:
                self._start()
                self._queue.put({"event": code, "destination": hook.destination, "body": body, "at": self.box.now()})

    def flush(self, timeout: float = 300.0) -> bool:
        """Wait until everything queued so far was attempted."""
        deadline = time.monotonic() + timeout
        while self._queue.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.005)
        return not self._queue.unfinished_tasks

    def close(self) -> None:
        if self._thread:
            self._queue.put(None)
            self._thread.join(TIMEOUT + 1)
            self._thread = None

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="amocrm-sandbox-hooks", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            self._attempt(job)
            self._queue.task_done()
        self._queue.task_done()

    def _attempt(self, job: dict[str, Any]) -> None:
        started = time.monotonic()
        status, error = 0, ""
        try:
            status = self.deliver(job["destination"], job["body"])
        except Exception as problem:  # whatever a receiver does must not stop the next delivery
            error = f"{type(problem).__name__}: {problem}"
        seconds = round(time.monotonic() - started, 3)
        done = {"body": job["body"].decode(), "status": status, "error": error, "seconds": seconds}
        self.delivered.append(job | done)
