"""A letter as bytes. Written by hand, as a frame of plain headers and base64 bodies, which is many times quicker than
building it from email.message; the tests read it back with email.parser. No header can carry a line break."""

import re
from base64 import b64encode, encodebytes
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from hashlib import sha256

from crmseg.web.reasons import Reason
from segments.campaigns.channel import Envelope, PermanentFailure

CRLF = "\r\n"
WORD = 39  # bytes in an encoded word: a line with it and the name of its header stays under 76
ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")


def as_bytes(envelope: Envelope, *, sender: str, now: datetime) -> bytes:
    """RFC 5322 with RFC 2369 and 8058 headers; lines end in CRLF."""
    headers = [
        ("From", author(sender)),
        ("To", recipient(envelope.to)),
        ("Subject", encoded(envelope.subject)),
        ("Date", format_datetime(now)),
        ("Message-ID", bare(envelope.message_id)),
        ("List-ID", list_id(envelope)),
        ("List-Unsubscribe", f"<{bare(envelope.unsubscribe_url)}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
        ("MIME-Version", "1.0"),
    ]
    head = "".join(f"{name}: {value}{CRLF}" for name, value in headers)
    return (head + _body(envelope)).encode("ascii")


def _body(envelope: Envelope) -> str:
    if not envelope.html:
        return _part("plain", envelope.text)
    mark = f"=_{sha256(envelope.message_id.encode()).hexdigest()[:32]}"  # "=_" never occurs in base64
    parts = [_part("plain", envelope.text), _part("html", envelope.html)]
    begin = f'Content-Type: multipart/alternative; boundary="{mark}"{CRLF}{CRLF}'
    return begin + "".join(f"--{mark}{CRLF}{part}" for part in parts) + f"--{mark}--{CRLF}"


def _part(kind: str, text: str) -> str:
    body = encodebytes(text.encode()).decode().replace("\n", CRLF)
    return f"Content-Type: text/{kind}; charset=utf-8{CRLF}Content-Transfer-Encoding: base64{CRLF}{CRLF}{body or CRLF}"


def recipient(address: str) -> str:
    """One bare address; refuses whatever could be more or other than that."""
    if not ADDRESS.fullmatch(address):
        why = Reason("no_address", address=plain(address)[:100])
        raise PermanentFailure("", is_bad_address=True, why=why)
    return address


@lru_cache(maxsize=64)
def author(text: str) -> str:
    """«Дом у озера <info@…>» as the settings name it."""
    name, address = parseaddr(plain(text))
    return formataddr((name, address), charset="utf-8")


def list_id(envelope: Envelope) -> str:
    name = encoded(envelope.list_name) if envelope.list_name else ""
    return f"{name} <{bare(envelope.list_id)}>".strip()


@lru_cache(maxsize=256)
def encoded(text: str) -> str:
    """RFC 2047, folded; plain where it is plain and short. The standard library takes ten times longer."""
    text = plain(text)
    if text.isascii() and len(text) <= WORD and "=?" not in text:
        return text
    return f"{CRLF} ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in _words(text))


def _words(text: str) -> Iterator[bytes]:
    """Pieces of at most WORD bytes that part no character."""
    piece = b""
    for char in text:
        more = char.encode()
        if len(piece) + len(more) > WORD:
            yield piece
            piece = b""
        piece += more
    yield piece


def plain(text: str) -> str:
    """No control characters at all, so nothing can begin a header of its own."""
    return text.strip() if text.isprintable() else "".join(c if c.isprintable() else " " for c in text).strip()


def bare(text: str) -> str:
    """Of a value that stands in a header as it is."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char for char in text if char.isascii() and char.isprintable())
