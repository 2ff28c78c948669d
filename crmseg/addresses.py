"""Addresses as whoever runs an installation writes them → as they are used, or ``Unfit`` with how to write them."""

import re
from email.utils import parseaddr, quote
from email.utils import unquote as unquoted
from urllib.parse import SplitResult, urlsplit

from email_validator import EmailNotValidError, validate_email

from crmseg.words import gettext as _

HOST = re.compile(r"[a-z0-9]([a-z0-9_.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", re.IGNORECASE)  # as it goes over the wire
QUOTED, NAME = r'(?P<quoted>"(?:[^"\\]|\\.)*")', r"(?P<name>[^<>@]*?)"
SENDER = re.compile(rf"(?:{QUOTED}|{NAME})\s*<(?P<address>[^<>]*)>|(?P<bare>[^<>]*)")
LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(rf"{LABEL}(\.{LABEL})*")
MOST_LOCAL, MOST_DOMAIN = 64, 253


class Unfit(ValueError):
    def __init__(self, words: str, value: str) -> None:
        super().__init__(value)
        self.words, self.value = words, value

    def told(self, name: str) -> str:
        """For the variable or the option it was given to."""
        return self.words % {"name": name, "value": self.value}


def split(url: str) -> SplitResult | None:
    """None where even a port or a bracket is wrong."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 — raises what is wrong with it
    except ValueError:
        return None
    return parts


def site(given: str) -> str:
    """The address of an installation: scheme, name, port, and nothing behind them."""
    url = given.strip().rstrip("/")
    parts = split(url)
    host = parts.netloc.removesuffix(f":{parts.port}") if parts else ""
    if parts is None or parts.scheme not in {"http", "https"} or not HOST.fullmatch(host):
        raise Unfit(_("%(name)s: ожидался адрес вида https://crm.example.com, получено «%(value)s»."), given.strip())
    if parts.path or parts.query or parts.fragment:
        words = _("%(name)s: после имени сайта ничего не нужно: https://crm.example.com, получено «%(value)s».")
        raise Unfit(words, url)
    return url


def sender(given: str) -> str:
    """One address, with or without a name before it; a national domain as it goes over the wire (RFC 5891)."""
    parts = SENDER.fullmatch(given) if given.isprintable() else None
    local, _at, domain = (parts["address"] or parts["bare"] or "").strip().rpartition("@") if parts else ("", "", "")
    domain = _over_the_wire(domain)
    if parts is None or not LOCAL.fullmatch(local) or len(local) > MOST_LOCAL or not domain:
        words = _("%(name)s: ожидался один адрес вида «Дом у озера <info@example.ru>», получено «%(value)s».")
        raise Unfit(words, given)
    if not local.isascii():  # only a server with SMTPUTF8 would take it
        words = _("%(name)s: слева от @ годятся только латинские буквы, цифры и знаки, получено «%(value)s».")
        raise Unfit(words, given)
    title = unquoted(parts["quoted"]) if parts["quoted"] else parts["name"] or ""
    return _named(title.strip(), f"{local}@{domain}")


def _over_the_wire(domain: str) -> str:
    """In lower case, a national name in punycode; nothing where it is no domain."""
    plain = domain.lower()
    if not domain.isascii():
        try:
            plain = validate_email(f"x@{domain}", check_deliverability=False).ascii_domain
        except EmailNotValidError:
            return ""
    return plain if DOMAIN.fullmatch(plain) and len(plain) <= MOST_DOMAIN else ""


def _named(title: str, address: str) -> str:
    """As people read it; in quotes only where the name could not be told from the address without them."""
    plain = f"{title} <{address}>" if title else address
    return plain if parseaddr(plain) == (title, address) else f'"{quote(title)}" <{address}>'
