"""The request budget: seven a second per integration and fifty per account, then 429, then a ban.

The window slides. Whoever collects too many 429s within a minute gets nginx's own 403 page on every
request until the ban is over.
"""

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from integrations.amocrm.sandbox.http import Response, html, problem

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Flags

PER_INTEGRATION, PER_ACCOUNT = 7, 50


class Limiter:
    def __init__(self, flags: "Flags") -> None:
        self.flags = flags
        self._passed: dict[str, deque[float]] = defaultdict(deque)
        self._refused: dict[str, deque[float]] = defaultdict(deque)
        self._banned_until: dict[str, float] = {}

    def refusal(self, integration: str, now: float) -> Response | None:
        """None when the request may pass; it is then counted."""
        if not self.flags.limits:
            return None
        if self._banned_until.get(integration, 0) > now:
            return html(403, "403 Forbidden")
        for key, most in ((integration, PER_INTEGRATION), ("account", PER_ACCOUNT)):
            if _recent(self._passed[key], now, 1.0) >= most:
                return self._refuse(integration, now)
        self._passed[integration].append(now)
        self._passed["account"].append(now)
        return None

    def _refuse(self, integration: str, now: float) -> Response:
        refused = self._refused[integration]
        refused.append(now)
        if _recent(refused, now, 60.0) >= self.flags.ban_after:
            self._banned_until[integration] = now + self.flags.ban_seconds
            refused.clear()
        return too_many(self.flags)


def too_many(flags: "Flags") -> Response:
    if flags.html_429:
        answer = html(429, "429 Too Many Requests")
    else:
        answer = problem(429, "The request limit is exceeded, try again later", retry_after=flags.retry_after or 1)
    if flags.retry_after:
        answer.headers["Retry-After"] = str(flags.retry_after)
    return answer


def _recent(times: deque[float], now: float, seconds: float) -> int:
    while times and times[0] <= now - seconds:
        times.popleft()
    return len(times)
