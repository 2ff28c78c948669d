"""Read the environment and fail at start with one clear line.

What flows in: os.environ (contracts: DATABASE_URL, REDIS_URL, DATA_DIR, SECRET_KEY …). What flows out: plain values
for settings.py. Whatever is wrong or missing is put down as one line an operator reads; `refuse_faults` at the end of
the settings raises ImproperlyConfigured with all of them, so that nobody learns of the next one after mending this one;
whoever tells them makes `one_line` of them.
"""

import os
import re
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

from crmseg import addresses, embedded
from crmseg.words import gettext as _

BASE_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = BASE_DIR / ".data"
REDIS_PATH = re.compile(r"/?\d*")
SWITCH = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)
SECRET_CHARACTERS, INSECURE = 5, "django-insecure-"
MAKE_SECRET = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'  # noqa: S105 — how to make one


_faults: list[str] = []


def fault(line: str) -> None:
    _faults.append(" ".join(line.split()))  # a value may have several


def refuse_faults() -> None:
    lines, _faults[:] = "\n".join(_faults), []
    if lines:
        raise ImproperlyConfigured(lines)


def one_line(faults: Sequence[str]) -> str:
    """Several are numbered, and each keeps its next step."""
    told = list(dict.fromkeys(" ".join(fault.split()) for fault in faults))
    if len(told) == 1:
        return told[0]
    listed = "; ".join(f"{number}) {fault.rstrip('.')}" for number, fault in enumerate(told, 1))
    return _("Нужно исправить: %(faults)s.") % {"faults": listed}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    value = text(name)
    if value and value.lower() not in SWITCH:
        fault(_("%(name)s: ожидалось 1 или 0, получено «%(value)s».") % {"name": name, "value": value})
    return SWITCH.get(value.lower(), default)


def names(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    value = text(name, default)
    if value not in allowed:
        told = _("%(name)s: ожидалось одно из %(allowed)s, получено «%(value)s».")
        fault(told % {"name": name, "allowed": ", ".join(allowed), "value": value})
        return default
    return value


def zone(name: str, default: str) -> str:
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        told = _("%(name)s: часового пояса «%(value)s» нет. Пример: Europe/Moscow.")
        fault(told % {"name": name, "value": value})
        return default
    return value


def number(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal():
        fault(_("%(name)s: ожидалось целое число, получено «%(value)s».") % {"name": name, "value": value})
        return default
    return int(value)


def directory(name: str, default: Path) -> Path:
    value = text(name, str(default))
    try:
        return Path(value).expanduser().resolve()
    except (RuntimeError, OSError):  # a home of nobody, links in a circle
        fault(_("%(name)s: каталога «%(value)s» быть не может.") % {"name": name, "value": value})
        return default


def database(url: str) -> dict[str, object]:
    """Django's DATABASES entry for a PostgreSQL URL.

    The host may be a directory of a unix socket, given percent-encoded or as ``?host=/path``.
    """
    parts = addresses.split(url)
    if parts is None or parts.scheme not in {"postgres", "postgresql"} or len(parts.path) < 2:
        fault(_("DATABASE_URL: ожидался адрес вида postgres://user:password@host:5432/name."))
        return {}
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": query,
    }


def redis(url: str) -> str:
    """The path is a number: the two clients of ours make different things of a word."""
    parts = addresses.split(url)
    is_numbered = parts is not None and (parts.scheme == "unix" or REDIS_PATH.fullmatch(parts.path))
    if parts is None or parts.scheme not in {"redis", "rediss", "unix"} or not is_numbered:
        fault(_("REDIS_URL: ожидался адрес вида redis://:password@host:6379/0."))
    return url


def _read(read: Callable[[str], str], name: str, default: str) -> str:
    try:
        return read(text(name, default))
    except addresses.Unfit as error:
        fault(error.told(name))
        return default


site, sender = partial(_read, addresses.site), partial(_read, addresses.sender)


def hosts(name: str) -> list[str]:
    """Names as browsers send them; "*" and a dot in front are Django's."""
    given = names(name)
    told = _("%(name)s: ожидались имена через запятую, без https:// и порта, получено «%(value)s».")
    for value in given:
        if value != "*" and not addresses.HOST.fullmatch(value.removeprefix(".")):
            fault(told % {"name": name, "value": value})
    return given


def refuse_weak(name: str, value: str, least: int) -> None:
    """Long, of several characters, not Django's sample: what its own check asks of a key (security.W009)."""
    told = _("%(name)s: слишком простой ключ, нужно от %(least)s случайных знаков.")
    if not value:
        told = _("%(name)s не задан.")
    elif len(value) >= least and len(set(value)) >= SECRET_CHARACTERS and not value.startswith(INSECURE):
        return
    is_told = any(MAKE_SECRET in line for line in _faults)
    step = _("Создать так же.") if is_told else _("Создать: %(command)s") % {"command": MAKE_SECRET}
    fault(told % {"name": name, "least": least} + f" {step}")


def local_secret(data_dir: Path, name: str) -> str:
    """Of this machine. Where it cannot be kept nothing starts, so what is returned then is never used."""
    try:
        return embedded.local_secret(data_dir, name)
    except embedded.EmbeddedError as error:
        if not any(str(data_dir) in line for line in _faults):  # one word about a directory is enough
            fault(str(error))
        return secrets.token_urlsafe(48)


def smtp(url: str) -> dict[str, object]:
    """Django's e-mail settings for ``smtp://user:pass@host:port`` or ``smtps://…``."""
    parts = addresses.split(url)
    if parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        fault(_("EMAIL_URL: ожидался адрес вида smtp://user:pass@host:587 или smtps://…"))
        return {}
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    starttls = SWITCH.get(query.pop("tls", "0").lower())
    if starttls is None or query or parts.fragment or parts.path not in {"", "/"}:  # not told: it may be of a password
        fault(_("EMAIL_URL: после имени сервера и порта годится только ?tls=1 или ?tls=0."))
        return {}
    return {
        "host": parts.hostname,
        "port": parts.port or (465 if parts.scheme == "smtps" else 25),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "ssl": parts.scheme == "smtps",
        "starttls": parts.scheme == "smtp" and starttls,
    }
