"""The account as a whole: a request goes in, an answer comes out, and everything in between is counted.

Order of things, as outside: control plane, token, lined-up faults, request budget, route, rights, handler.
"""

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from integrations.amocrm.sandbox import control, routing, tokens
from integrations.amocrm.sandbox import seed as seeding
from integrations.amocrm.sandbox.faults import Faults
from integrations.amocrm.sandbox.hooks import Hooks
from integrations.amocrm.sandbox.http import Refusal, Request, Response, problem
from integrations.amocrm.sandbox.limits import Limiter
from integrations.amocrm.sandbox.query import parse

API, CONTROL = "/api/v4", "/__sandbox__"
LOGGED = 5000
AGE = 5 * 365 * 86400  # of the account when it is planted


@dataclass(slots=True)
class Flags:
    """What the control plane may change about the account's behaviour."""

    filters_enabled: bool = True
    limits: bool = True
    html_429: bool = False
    retry_after: int = 0
    ban_after: int = 20
    ban_seconds: int = 60
    list_delay: int = 0
    apply_siblings: bool = True
    wrap_single_patch: bool = False
    merge_webhooks: bool = False


class Sandbox:
    account_id = 31_234_567
    subdomain = "domuozera"
    contact_name_display_order = 1

    def __init__(
        self,
        *,
        contacts: int = 2000,
        deals: int = 3000,
        seed: int = 1,
        limits: bool = True,
        now: int | None = None,
        base_url: str = "http://127.0.0.1:8765",
    ) -> None:
        self.size = {"contacts": contacts, "deals": deals, "seed": seed}
        self.base_url = base_url
        self.clock: Callable[[], float] = time.time if now is None else _running_from(now)
        self.advanced = 0
        self.flags = Flags(limits=limits)
        self.requests: deque[dict[str, Any]] = deque(maxlen=LOGGED)
        self.lock = threading.RLock()
        self.hooks = Hooks(self)
        self.faults = Faults(self.flags)
        self.limiter = Limiter(self.flags)
        self.wrote: Callable[[int, str, str, bytes, int], None] = lambda *told: None
        self._served = 0
        self.reset()

    def reset(self, **size: int) -> None:
        """Back to the seeded account; flags, faults, logs and subscriptions are as new."""
        self.size |= size
        limits = self.flags.limits
        for name in Flags.__slots__:
            setattr(self.flags, name, getattr(Flags(), name))
        self.flags.limits = limits
        self.faults.waiting.clear()
        self.limiter = Limiter(self.flags)
        self.requests.clear()
        self.hooks.delivered.clear()
        now = self.now()
        self.store = seeding.plant(**self.size, now=now)
        self.founded_at = now - AGE
        self._issue_tokens(self.size["seed"])

    def _issue_tokens(self, seed: int) -> None:
        users = list(self.store.users.values())
        admin = next(user.id for user in users if user.is_admin)
        manager = next(user.id for user in users if not user.is_admin)
        self.token, grant = tokens.issue(seed, admin, self.account_id, "api-b.amocrm.ru")
        self.manager_token, manager_grant = tokens.issue(seed, manager, self.account_id, "api-b.amocrm.ru")
        self.grants = {self.token: grant, self.manager_token: manager_grant}

    def now(self) -> int:
        return int(self.time())

    def time(self) -> float:
        return self.clock() + self.advanced

    def uuid(self, name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"amocrm-sandbox/{self.size['seed']}/{name}"))

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        path = urlsplit(target).path
        if path.startswith(CONTROL):
            with self.lock:
                return control.handle(self, method, target, body)
        authorization = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        with self.lock:
            answer = self._answer(method, target, path, authorization, body)
            self._served += 1
            answer.headers["X-Request-Id"] = self.uuid(f"request-{self._served}")
            self.requests.append({"time": self.time(), "method": method, "path": target, "status": answer.status})
        return answer

    def close(self) -> None:
        self.hooks.close()

    def _answer(self, method: str, target: str, path: str, authorization: str, body: bytes) -> Response:
        if path != API and not path.startswith(API + "/"):
            return not_found(self, method, path)
        grant = self.grants.get(authorization.removeprefix("Bearer ").strip())
        if grant is None or grant.expires_at <= self.time() or not authorization.startswith("Bearer "):
            return problem(401, "Invalid user name or password")
        fault = self.faults.take(method, path)
        refusal = self.limiter.refusal(grant.integration, self.time()) if fault is None else None
        if refusal:
            return refusal

        def proceed() -> Response:
            return self.call(method, target, body, grant.user_id)

        return self.faults.play(fault, proceed) if fault else proceed()

    def call(self, method: str, target: str, body: bytes, user_id: int) -> Response:
        """One API call as this user, past token, faults and budget: the control plane edits through it too."""
        path = urlsplit(target).path.removeprefix(API).rstrip("/")
        route = routing.find(path)
        if route is None:
            return not_found(self, method, path)
        handler = route.handlers.get(method)
        if handler is None:
            return Response(405)
        if (route.is_admin_only or (route.is_admin_writes and method != "GET")) and not self._is_admin(user_id):
            return problem(403, "Forbidden. You don't have sufficient rights")
        request = Request(method, path, parse(target), body, user_id, self.now(), target, route.kind, route.ids)
        try:
            answer = handler(self, request)
        except Refusal as refusal:
            answer = refusal.response  # what stood beside the refused may be written
        if method != "GET":
            self.wrote(request.now, method, target, body, user_id)
        return answer

    def _is_admin(self, user_id: int) -> bool:
        user = self.store.users.get(user_id)
        return bool(user and user.is_admin)


def not_found(box: Sandbox, method: str, path: str) -> Response:
    return problem(404, f"Cannot {method} {box.base_url}{path.removeprefix(API)}!")


def _running_from(start: int) -> Callable[[], float]:
    began = time.monotonic()
    return lambda: start + (time.monotonic() - began)
