"""The one HTTP seam: every call to the outside goes through ``Http``.

What flows in: a method, an address, JSON. What flows out: an ``Answer`` whose status and type are known before anybody
parses it, or one of two errors: ``Temporary`` (try again, with a date or a delay) and ``Permanent`` (show a human why).
Tests give a transport; nothing else is ever replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import orjson

from crmseg.web.reasons import Explained, Reason

from . import unreached
from .reasons import OF_STATUS

CONNECT, READ = 5.0, 30.0
MOST_BYTES = 32 * 1024 * 1024
USER_AGENT = "crmseg/1.0"
TEMPORARY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class HttpError(Explained):
    """A call that did not end well."""

    def __init__(self, reason: Reason, answer: "Answer | None" = None) -> None:
        super().__init__(reason)
        self.answer = answer


class Temporary(HttpError):
    """Worth another try. ``is_doubtful``: the other side may have done what it was asked."""

    def __init__(
        self,
        reason: Reason,
        *,
        retry_after: float | None = None,
        is_doubtful: bool = False,
        answer: "Answer | None" = None,
    ) -> None:
        super().__init__(reason, answer)
        self.retry_after = retry_after
        self.is_doubtful = is_doubtful

    def retry_at(self, now: datetime, default: float) -> datetime:
        return now + timedelta(seconds=default if self.retry_after is None else self.retry_after)


class Permanent(HttpError):
    """Trying again changes nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_empty(self) -> bool:
        return self.status == 204

    @property
    def is_json(self) -> bool:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind == "application/json" or kind.endswith("+json")

    @property
    def is_html(self) -> bool:
        return self.headers.get("content-type", "").strip().lower().startswith("text/html")

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")

    @property
    def document(self) -> dict[str, Any]:
        """What a JSON answer says, {} when it says nothing readable: for looking at refusals."""
        try:
            parsed = orjson.loads(self.body) if self.is_json else {}
        except orjson.JSONDecodeError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    def json(self) -> Any:
        """The parsed body of a good answer; what cannot be parsed was cut on its way."""
        if not self.is_json:
            kind = self.headers.get("content-type", "")
            reason = Reason("answer_not_json", kind=kind or "?", trace=self.trace)
            raise Temporary(reason, answer=self, is_doubtful=True)
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise Temporary(Reason("answer_cut", trace=self.trace), answer=self, is_doubtful=True) from error

    @property
    def trace(self) -> str:
        """What their support asks for; alone it is no word of theirs, so a reason keeps it beside its detail."""
        return f"X-Request-Id: {self.request_id}" if self.request_id else ""

    def retry_after(self, now: datetime) -> float | None:
        """Seconds to wait as the other side asks: the header (seconds or a date), else ``retry_after`` in JSON."""
        header = self.headers.get("retry-after", "").strip()
        if header.isdigit():
            return float(header)
        if header:
            try:
                return max((parsedate_to_datetime(header).astimezone(UTC) - now).total_seconds(), 0.0)
            except ValueError:
                pass
        asked = self.document.get("retry_after")
        return float(asked) if isinstance(asked, int | float) and asked >= 0 else None

    @property
    def said(self) -> str:
        """The words of the other side, with the number of the request to ask them about."""
        words = str(self.document.get("detail") or self.document.get("title") or "").rstrip(". ")
        return ". ".join(part for part in (words, self.trace) if part) if words else ""

    @property
    def _kind(self) -> str:
        if self.status in TEMPORARY_STATUSES:
            return "server_trouble"
        return "not_accepted" if self.status in {400, 422} else "refused"

    def error(self, now: datetime) -> HttpError:
        """This refusal as one of the two families."""
        reason = Reason(
            OF_STATUS.get(self.status) or self._kind, status=self.status, detail=self.said, trace=self.trace
        )
        if self.status in TEMPORARY_STATUSES:
            doubtful = self.status >= 500
            return Temporary(reason, retry_after=self.retry_after(now), is_doubtful=doubtful, answer=self)
        return Permanent(reason, answer=self)


class Http:
    """A client for one host. Redirects are not followed: whoever is asked must answer."""

    def __init__(
        self,
        base_url: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.BaseTransport | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.most_bytes = most_bytes
        self._client = httpx2.Client(
            base_url=base_url,
            headers={"User-Agent": USER_AGENT, **(headers or {})},
            timeout=httpx2.Timeout(READ, connect=CONNECT),
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> "Http":
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def send(self, method: str, url: str, *, params: Any = None, json: Any = None) -> Answer:
        """Any complete answer is returned, whatever its status; what never arrived is Temporary."""
        content = None if json is None else orjson.dumps(json)
        headers = {} if json is None else {"Content-Type": "application/json"}
        request = self._client.build_request(method, url, params=params, content=content, headers=headers)
        try:
            response = self._client.send(request, stream=True)
            try:
                return Answer(response.status_code, response.headers, self._read(response))
            finally:
                response.close()
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise Temporary(_unreached(error, _place(request.url))) from error
        except httpx2.TimeoutException as error:
            raise Temporary(Reason("too_slow", host=_place(request.url)), is_doubtful=True) from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise Temporary(Reason("cut_off", host=_place(request.url)), is_doubtful=True) from error

    def _read(self, response: httpx2.Response) -> bytes:
        chunks, size = [], 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self.most_bytes:
                raise Permanent(Reason("answer_too_big", size=self.most_bytes // 1024 // 1024))
            chunks.append(chunk)
        return b"".join(chunks)


def _unreached(error: Exception, host: str) -> Reason:
    why = unreached.why(error)
    return Reason("unreached", host=host, why=why) if why else Reason("no_connection", host=host)


def _place(url: httpx2.URL) -> str:
    """The host, and its port when it is not the usual one."""
    if not url.port:
        return url.host
    return f"[{url.host}]:{url.port}" if ":" in url.host else f"{url.host}:{url.port}"
