"""The catcher's letters: a directory of .eml files and a page to read them, without any database.

``/`` lists the letters, ``/letters/<name>/`` shows one, ``/letters/<name>/html`` its HTML for a sandboxed frame,
``/messages.json`` everything for scripts.
"""

import itertools
import json
import os
import re
import threading
import uuid
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from functools import partial
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

from crmseg import words
from crmseg.words import gettext as _

NAME = re.compile(r"[0-9]{8}-[0-9a-f]{8}")
STYLE = """
:root{color-scheme:light dark}body{font:14px/20px system-ui,sans-serif;max-width:960px;margin:24px auto;padding:0 16px}
a{color:light-dark(#2F5BEA,#8BA4FF)}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:6px 8px;border-bottom:1px solid light-dark(#E4E7EC,#272C35);vertical-align:top}
iframe{width:100%;height:480px;border:1px solid light-dark(#D3D8E0,#363C47);border-radius:8px;background:#fff}
pre,td{overflow-wrap:anywhere}pre{white-space:pre-wrap}.when{white-space:nowrap}
"""
CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; base-uri 'none'"
LISTED = 200
HOME = "Europe/Moscow"  # as in the settings, which are not loaded here
Answer = tuple[HTTPStatus, str, str]


class Mailbox:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        last = max((int(path.name[:8]) for path in directory.glob("*.eml")), default=0)
        self._numbers = itertools.count(last + 1)
        self._server: ThreadingHTTPServer | None = None

    def keep(self, content: bytes, sender: str, recipients: list[str]) -> str:
        """Write a letter whole or not at all."""
        name = f"{next(self._numbers):08d}-{uuid.uuid4().hex[:8]}"
        path = self.directory / f"{name}.eml"
        head = f"X-Envelope-From: {sender}\r\nX-Envelope-To: {', '.join(recipients)}\r\n".encode()
        path.with_suffix(".tmp").write_bytes(head + content)
        path.with_suffix(".tmp").rename(path)
        return name

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.directory.glob("*.eml"))

    def read(self, name: str) -> EmailMessage | None:
        path = self.directory / f"{name}.eml"
        if not NAME.fullmatch(name) or not path.exists():
            return None
        return message_from_bytes(path.read_bytes(), policy=policy.default)

    def letters(self, newest: int | None = None) -> list[dict[str, Any]]:
        """Every letter (or the newest ones) as plain data, oldest first."""
        names = self.names()[-newest:] if newest else self.names()
        return [_as_data(name, letter) for name in names if (letter := self.read(name))]

    def serve(self, host: str, port: int) -> int:
        mailbox = self

        class Page(_Page):
            box = mailbox

        self._server = ThreadingHTTPServer((host, port), Page)
        self._server.daemon_threads = True
        serve = partial(self._server.serve_forever, poll_interval=0.05)
        threading.Thread(target=serve, name="catcher page", daemon=True).start()
        return int(self._server.server_address[1])

    def close(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()


def _as_data(name: str, letter: EmailMessage) -> dict[str, Any]:
    return {
        "name": name,
        "from": str(letter["From"] or ""),
        "to": str(letter["X-Envelope-To"] or ""),
        "subject": str(letter["Subject"] or ""),
        "date": str(letter["Date"] or ""),
        "message_id": str(letter["Message-ID"] or ""),
        "headers": [[key, str(value)] for key, value in letter.items()],
        "html": body_of(letter, "html"),
        "text": body_of(letter, "plain"),
    }


def body_of(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    return str(part.get_content()) if part else ""


class _Page(BaseHTTPRequestHandler):
    box: Mailbox

    def do_GET(self) -> None:
        status, kind, body = self._answer(self.path.partition("?")[0])
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        if not self.path.endswith("/html"):
            self.send_header("Content-Security-Policy", CSP)
        else:
            self.send_header("Content-Security-Policy", "sandbox; script-src 'none'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, path: str) -> Answer:
        if path == "/livez":
            return HTTPStatus.OK, "text/plain", "ok"
        if path == "/":
            return HTTPStatus.OK, "text/html", _list_page(self.box.letters(newest=LISTED), len(self.box.names()))
        if path == "/messages.json":
            return HTTPStatus.OK, "application/json", json.dumps({"messages": self.box.letters()}, ensure_ascii=False)
        found = re.fullmatch(r"/letters/([^/]+)/(html)?", path)
        letter = self.box.read(found[1]) if found else None
        if found is None or letter is None:
            return HTTPStatus.NOT_FOUND, "text/html", _page(_("Нет такого письма"), _way_back())
        if found[2]:
            return HTTPStatus.OK, "text/html", body_of(letter, "html")
        return HTTPStatus.OK, "text/html", _letter_page(_as_data(found[1], letter))

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not worth a line."""


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{words.language()}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _way_back() -> str:
    back = _("Все письма")
    return f'<p><a href="/">{back}</a></p>'


def _list_page(letters: list[dict[str, Any]], total: int) -> str:
    nameless = _("(без темы)")
    rows = "".join(
        f"<tr><td>{escape(one['to'])}</td>"
        f'<td><a href="/letters/{one["name"]}/">{escape(one["subject"]) or nameless}</a></td>'
        f'<td class="when">{escape(when(one["date"]))}</td></tr>'
        for one in reversed(letters)
    )
    head = "".join(f"<th>{name}</th>" for name in (_("Кому"), _("Тема"), _("Когда")))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    none = _("Писем пока нет.")
    return _page(_("Письма: %(total)s") % {"total": total}, table if letters else f"<p>{none}</p>")


def when(header: str) -> str:
    """A ``Date`` header on the clock and in the language of the installation: 21 ноя 2026, 14:32."""
    try:
        at = parsedate_to_datetime(header).astimezone(ZoneInfo(os.environ.get("TIME_ZONE", "").strip() or HOME))
    except ValueError:
        return header
    month = get_month_names("abbreviated", locale=words.language())[at.month][:3]
    return f"{at.day} {month} {at.year}, {at:%H:%M}"


def _linked(text: str) -> str:
    """A letter's links can be followed from its text: the frame above lets nothing out."""
    return re.sub(r"https?://[^\s<>&\"')]+", lambda url: f'<a href="{url[0]}">{url[0]}</a>', escape(text, quote=False))


def _letter_page(one: dict[str, Any]) -> str:
    headers = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in one["headers"])
    letter, text, heads = _("Письмо"), _("Текст"), _("Заголовки")
    frame = f'<iframe sandbox title="{letter}" src="/letters/{one["name"]}/html"></iframe>' if one["html"] else ""
    return _page(
        one["subject"],
        f"{_way_back()}<p>{escape(one['to'])}<br>{escape(when(one['date']))}</p>{frame}"
        f"<h2>{text}</h2><pre>{_linked(one['text'])}</pre>"
        f"<details><summary>{heads}</summary><table>{headers}</table></details>",
    )
