"""Trouble on request: the control plane lines faults up, the next matching API requests meet them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.amocrm.sandbox.http import HAL, PROBLEM, Response, html
from integrations.amocrm.sandbox.limits import too_many

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Flags

SERVER_ERROR = b'{"title":"ErrInternalServer","status":500,"detail":"Internal server error","trace_id":"5f0c1e"}'


@dataclass(slots=True)
class Fault:
    kind: str
    count: int = 1
    path_prefix: str = ""
    method: str = ""
    after: bool = False  # the request is carried out first, only its answer is lost

    def meets(self, method: str, path: str) -> bool:
        return path.startswith(self.path_prefix) and self.method in ("", method)


KINDS: dict[str, Callable[["Flags"], Response]] = {
    "500": lambda flags: Response(500, {"Content-Type": PROBLEM}, SERVER_ERROR),
    "502_html": lambda flags: html(502, "502 Bad Gateway"),
    "504_html": lambda flags: html(504, "504 Gateway Time-out"),
    "429": too_many,
    "403_html": lambda flags: html(403, "403 Forbidden"),
    "close": lambda flags: Response(0, dropped=True),
    "empty": lambda flags: Response(200, {"Content-Type": HAL}),
}


class Faults:
    """`truncated` needs the real answer, so it is not in KINDS: the request runs and its JSON is cut in half."""

    def __init__(self, flags: "Flags") -> None:
        self.flags = flags
        self.waiting: list[Fault] = []

    def take(self, method: str, path: str) -> Fault | None:
        fault = next((fault for fault in self.waiting if fault.meets(method, path)), None)
        if fault:
            fault.count -= 1
            if fault.count <= 0:
                self.waiting.remove(fault)
        return fault

    def play(self, fault: Fault, proceed: Callable[[], Response]) -> Response:
        if fault.kind == "truncated":
            answer = proceed()
            return Response(answer.status, dict(answer.headers), answer.body[: len(answer.body) // 2])
        if fault.after:
            proceed()
        return KINDS[fault.kind](self.flags)
