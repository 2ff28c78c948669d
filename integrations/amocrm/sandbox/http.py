"""Requests and answers as amoCRM words them: HAL on success, a problem document on refusal."""

from dataclasses import dataclass, field
from typing import Any

import orjson

HAL = "application/hal+json"
PROBLEM = "application/problem+json"
HTML = "text/html; charset=utf-8"

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
}


@dataclass(slots=True)
class Request:
    """What a handler sees: `path` is below /api/v4, `kind` and `ids` come from the route."""

    method: str
    path: str
    query: dict[str, Any]
    body: bytes
    user_id: int
    now: int
    target: str = ""
    kind: str = ""
    ids: tuple[Any, ...] = ()


@dataclass(slots=True)
class Response:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    dropped: bool = False  # the connection closes and nothing is sent


class Refusal(Exception):
    """Ends the handling of a request with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def hal(data: Any, status: int = 200) -> Response:
    return raw_hal(orjson.dumps(data), status)


def raw_hal(body: bytes, status: int = 200) -> Response:
    return Response(status, {"Content-Type": HAL}, body)


def json_answer(data: Any, status: int = 200) -> Response:
    return Response(status, {"Content-Type": "application/json"}, orjson.dumps(data))


def no_content() -> Response:
    return Response(204)


def html(status: int, title: str) -> Response:
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(status, {"Content-Type": HTML}, page.encode())


def problem(status: int, detail: str, **extra: Any) -> Response:
    document = {
        **extra,
        "title": TITLES[status],
        "type": f"https://httpstatus.es/{status}",
        "status": status,
        "detail": detail,
    }
    return Response(status, {"Content-Type": PROBLEM}, orjson.dumps(document))


def refused(status: int, detail: str, **extra: Any) -> Refusal:
    return Refusal(problem(status, detail, **extra))
