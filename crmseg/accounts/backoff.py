"""Wrong passwords cost time, and only to whoever tries them.

In: an e-mail as typed, the address and the cookie of a browser. Out: a permission to check one password, or the instant
of the next try. Three things are counted: this e-mail from this address, this e-mail from anywhere, and everything from
this address. A browser that has logged in before as this person is known by a signed cookie and is counted alone, so
strangers who guess at a password do not keep its owner out.

An attempt is counted before the password is checked, and taken back when it was right: of a hundred at once, only the
first few are checked. E-mails are kept as keyed hashes: people type passwords there. Whether the account exists plays
no part, so nothing can be learnt about it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from .models import LoginCount

COOKIE = "__Host-known" if settings.SESSION_COOKIE_SECURE else "known"
SALT = "crmseg.login"
YEAR = 365 * 24 * 3600
FREE_TRIES = {"device": 10, "pair": 5, "account": 20, "address": 30}
OWN = ("device", "pair")  # what a right password wipes; the rest it only takes itself back from


class TooManyAttempts(Exception):
    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(until)


@dataclass(frozen=True)
class Attempt:
    """One try to log in: what it is counted under, key by kind."""

    keys: dict[str, str]

    @classmethod
    def of(cls, request: HttpRequest, email: str) -> Self:
        account, address = _account(email), address_of(request)
        if device := _device(request, account):
            return cls({"device": _key("device", device)})
        keys = {"pair": _key("pair", account, address), "account": _key("account", account)}
        return cls(keys | ({"address": _key("address", address)} if address else {}))

    def begin(self, now: datetime) -> None:
        with transaction.atomic():
            LoginCount.objects.ensure(self.keys.values(), now)
            rows = {row.pk: row for row in LoginCount.objects.held(self.keys.values())}
            waits = [row.blocked_until for row in rows.values() if row.blocked_until and row.blocked_until > now]
            if waits:
                raise TooManyAttempts(max(waits))
            for kind, key in self.keys.items():
                rows[key].add(now, FREE_TRIES[kind])

    def forgive(self) -> None:
        for kind, key in self.keys.items():
            if kind in OWN:
                LoginCount.objects.wipe(key)
            else:
                LoginCount.objects.take_back(key)


def remember(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """From now on this browser is known to belong to this person."""
    account = _account(email)
    device = _device(request, account) or secrets.token_urlsafe(16)
    response.set_cookie(
        COOKIE,
        signing.dumps([account, device], salt=SALT),
        max_age=YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def address_of(request: HttpRequest) -> str:
    """Where a request came from; behind the proxy that speaks https for us, what that proxy saw. "" if nobody knows."""
    if settings.SECURE_PROXY_SSL_HEADER:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return request.META.get("REMOTE_ADDR", "")


def _account(email: str) -> str:
    return _key("email", email.strip().lower())


def _key(*parts: str) -> str:
    return salted_hmac(SALT, "\n".join(parts), algorithm="sha256").hexdigest()


def _device(request: HttpRequest, account: str) -> str:
    """The browser's own number, if the cookie was made for this account."""
    try:
        owner, device = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=YEAR)
    except (signing.BadSignature, ValueError):
        return ""
    return str(device) if owner == account else ""
