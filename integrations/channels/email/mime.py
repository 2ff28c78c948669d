"""A letter as bytes. Written by hand, as a frame of plain headers and base64 bodies, which is many times quicker than
building it from email.message; the tests read it back with email.parser. No header can carry a line break."""

from base64 import encodebytes
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr

from segments.campaigns.channel import Envelope, PermanentFailure

CRLF = "\r\n"


def as_bytes(envelope: Envelope, *, sender: str, now: datetime) -> bytes:
    """RFC 5322 with RFC 2369 and 8058 headers; lines end in CRLF."""
    headers = [
        ("From", address(sender)),
        ("To", address(envelope.to)),
        ("Subject", encoded(envelope.subject)),
        ("Date", format_datetime(now)),
        ("Message-ID", plain(envelope.message_id)),
        ("List-ID", list_id(envelope)),
        ("List-Unsubscribe", f"<{plain(envelope.unsubscribe_url)}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
        ("MIME-Version", "1.0"),
    ]
    head = "".join(f"{name}: {value}{CRLF}" for name, value in headers)
    return (head + _body(envelope)).encode("ascii")


def _body(envelope: Envelope) -> str:
    if not envelope.html:
        return _part("plain", envelope.text)
    mark = f"=_{envelope.message_id.strip('<>').partition('@')[0]}"  # "=_" never occurs in base64
    parts = [_part("plain", envelope.text), _part("html", envelope.html)]
    begin = f'Content-Type: multipart/alternative; boundary="{plain(mark)}"{CRLF}{CRLF}'
    return begin + "".join(f"--{mark}{CRLF}{part}" for part in parts) + f"--{mark}--{CRLF}"


def _part(kind: str, text: str) -> str:
    body = encodebytes(text.encode()).decode().replace("\n", CRLF)
    return f"Content-Type: text/{kind}; charset=utf-8{CRLF}Content-Transfer-Encoding: base64{CRLF}{CRLF}{body or CRLF}"


def address(text: str) -> str:
    """«Дом у озера <info@…>» for a header; refuses what cannot be an address."""
    name, addr = parseaddr(plain(text))
    if addr.count("@") != 1 or not addr.isascii() or any(char.isspace() or char in '<>,;"()' for char in addr):
        raise PermanentFailure(f"адрес «{text[:100]}» не годится для письма", is_bad_address=True)
    return formataddr((name, addr), charset="utf-8")


def list_id(envelope: Envelope) -> str:
    name = encoded(envelope.list_name) if envelope.list_name else ""
    return f"{name} <{plain(envelope.list_id)}>".strip()


def encoded(text: str) -> str:
    """RFC 2047, folded; plain where it is plain."""
    return Header(plain(text), "us-ascii" if text.isascii() else "utf-8", maxlinelen=70).encode(linesep=CRLF)


def plain(text: str) -> str:
    """No control characters at all, so nothing can begin a header of its own."""
    return "".join(char if char.isprintable() else " " for char in text).strip()
