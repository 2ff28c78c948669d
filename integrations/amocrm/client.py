"""amoCRM API v4 as a thin client: ask, follow pages, write; every refusal becomes Temporary or Permanent.

What amoCRM does to us and how we know (amocrm-api.md §3, §4): 204 is an empty answer; 429 may be HTML; 403 in HTML is a
ban of the whole account and 403 in JSON a missing right; 200 in HTML is a guard page; 402 flaps at night; a 400
«системная ошибка» passes by itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
from django.utils import timezone

from crmseg.web.reasons import Reason

from ..http import Answer, Http, Permanent, Temporary
from .limiter import Limiter, shared_limiter
from .models import Account

Json = dict[str, Any]
Params = Mapping[str, Any]
Read = Callable[[list[Json]], list[Any]]

API = "/api/v4/"
PAGE, EVENTS_PAGE, BATCH = 250, 100, 50
FIRST_PAUSE, UNPAID_PAUSE = 2.0, 600.0
PASSING_FAULT = "системная ошибка"


class TokenRefused(Permanent):
    """401: the token was revoked or has expired; only a person can help."""


class TokenLocked(Permanent):
    """No key of FIELD_KEYS opens the token: nobody was asked anything."""


class Invalid(Permanent):
    """400 with errors by item: ``items`` maps a request_id to what is wrong with it (shape A), nothing was written."""

    def __init__(self, reason: Reason, items: Mapping[str, str], answer: Answer) -> None:
        super().__init__(reason, answer)
        self.items = items


class Conflicted(Permanent):
    """400 with errors by entity id (shape B); the rest of the batch may have been written."""

    def __init__(self, reason: Reason, ids: Mapping[int, str], answer: Answer) -> None:
        super().__init__(reason, answer)
        self.ids = ids


@dataclass(frozen=True, slots=True)
class Page:
    items: list[Json]
    url: str
    next_url: str
    rows: list[Any] = field(default_factory=list)  # the items as the caller reads them


class AmoClient:
    def __init__(
        self,
        account: Account,
        *,
        limiter: Limiter | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        if account.is_locked:
            raise TokenLocked(Reason("token_locked"))
        self.account = account
        self.limiter = limiter or shared_limiter()
        self.requests = 0
        self._http = Http(account.base_url, headers={"Authorization": f"Bearer {account.token}"}, transport=transport)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "AmoClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, path: str, params: Params | None = None) -> Json:
        """One document; {} when amoCRM has nothing to say (204)."""
        return self._call("GET", self._url(path), params=params)

    def post(self, path: str, body: Any) -> Json:
        return self._call("POST", self._url(path), json=body)

    def patch(self, path: str, body: Any) -> Json:
        return self._call("PATCH", self._url(path), json=body)

    def delete(self, path: str, body: Any = None) -> Json:
        return self._call("DELETE", self._url(path), json=body)

    def page(self, path: str, key: str, params: Params | None = None, read: Read = list) -> Page:
        """One page of a collection; ``path`` may be the address of a page as amoCRM gave it."""
        url = self._url(path)
        return self._as_page(self.get(url, params), url, key, read)

    @contextmanager
    def pages(self, path: str, key: str, params: Params | None = None, read: Read = list) -> Iterator[Iterator[Page]]:
        """Page after page, the next one fetched and read by ``read`` while this one is worked on.

        The end of the block waits for a page under way: a signal that comes then is raised there, in who asked.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="amocrm-page") as ahead:
            yield self._pages(ahead, path, key, params, read)

    def _pages(
        self, ahead: ThreadPoolExecutor, path: str, key: str, params: Params | None, read: Read
    ) -> Iterator[Page]:
        page = self.page(path, key, params, read)
        while page.next_url:
            self._pass_breaker(timezone.now())
            coming = ahead.submit(self._fetch, page.next_url, key, read)
            yield page
            answer, ready = coming.result()
            page = ready or self._as_page(self._read(answer), page.next_url, key, read)
        yield page

    def _fetch(self, url: str, key: str, read: Read) -> tuple[Answer, Page | None]:
        """Without the database, in a thread: a plain page whole, anything else as it came, to be judged."""
        answer = self._send("GET", url)
        is_plain = answer.is_ok and answer.is_json and not answer.is_empty
        return answer, self._as_page(_document(answer), url, key, read) if is_plain else None

    def _as_page(self, document: Json, url: str, key: str, read: Read) -> Page:
        items = (document.get("_embedded") or {}).get(key) or []
        following = ((document.get("_links") or {}).get("next") or {}).get("href") or ""
        return Page(items, url, self._own(following), read(items))

    def all(self, path: str, key: str, params: Params | None = None) -> list[Json]:
        with self.pages(path, key, params) as pages:
            return [item for page in pages for item in page.items]

    def _url(self, path: str) -> str:
        return path if path.startswith(("/", "http")) else API + path

    def _own(self, url: str) -> str:
        """The next page is asked of the host we know: the token goes nowhere else."""
        if not url:
            return ""
        parts = urlsplit(urljoin(self.account.base_url, url))
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _call(self, method: str, url: str, *, params: Params | None = None, json: Any = None) -> Json:
        is_probe = self._pass_breaker(timezone.now())
        document = self._read(self._send(method, url, params=params, json=json))
        if is_probe:
            self.account.close_breaker()
        return document

    def _send(self, method: str, url: str, *, params: Params | None = None, json: Any = None) -> Answer:
        """The request alone, without the database: also done ahead, in a thread."""
        self.limiter.take()
        self.requests += 1
        return self._http.send(method, url, params=params or None, json=json)

    def _read(self, answer: Answer) -> Json:
        self._judge(answer, timezone.now())
        return _document(answer)

    def _pass_breaker(self, now: datetime) -> bool:
        until = self.account.look_at_breaker()
        if until and until <= now:
            if self.account.may_probe(now):
                return True
            until = self.account.look_at_breaker()
        if until is None:
            return False
        raise Temporary(self.account.breaker_reason, retry_after=max((until - now).total_seconds(), 1.0))

    def _judge(self, answer: Answer, now: datetime) -> None:
        if answer.is_html and (answer.status == 403 or answer.is_ok):
            until = self.account.open_breaker(Reason("amo_closed", trace=answer.trace), now)
            raise Temporary(self.account.breaker_reason, retry_after=(until - now).total_seconds(), answer=answer)
        if answer.is_ok:
            return
        error = refusal(answer, now)
        if answer.status == 429:
            self.limiter.pause(error.retry_after or FIRST_PAUSE if isinstance(error, Temporary) else FIRST_PAUSE)
        raise error


def _document(answer: Answer) -> Json:
    if answer.is_empty:
        return {}
    document = answer.json()
    return document if isinstance(document, dict) else {"items": document}


def refusal(answer: Answer, now: datetime) -> Temporary | Permanent:
    """What a refusal of amoCRM means."""
    document, error = answer.document, answer.error(now)
    if answer.status == 401:
        return TokenRefused(error.reason, answer)
    if answer.status == 402:
        reason = Reason("amo_unpaid", detail=answer.said, trace=answer.trace)
        return Temporary(reason, retry_after=UNPAID_PAUSE, answer=answer)
    if answer.status != 400:
        return error if isinstance(error, Temporary) else Permanent(error.reason, answer)
    if document.get("validation-errors"):
        items = dict(_invalid_items(document["validation-errors"]))
        return Invalid(_listed(items.values(), error.reason), items, answer)
    if isinstance(document.get("errors"), dict):
        ids = {int(key): str(said) for key, said in document["errors"].items() if str(key).isdigit()}
        return Conflicted(_listed(ids.values(), error.reason), ids, answer)
    if PASSING_FAULT in str(document.get("detail", "")).lower():
        return Temporary(error.reason, answer=answer)
    return Permanent(error.reason, answer)


def _listed(said: Iterable[str], otherwise: Reason) -> Reason:
    detail = "; ".join(said)
    return Reason("amo_not_written", detail=detail) if detail else otherwise


def _invalid_items(errors: Sequence[Json]) -> Iterator[tuple[str, str]]:
    for each in errors:
        said = [
            f"{error.get('path')}: {error.get('detail') or error.get('code')}" for error in each.get("errors") or ()
        ]
        yield str(each.get("request_id", "")), "; ".join(said)
