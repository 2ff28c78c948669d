"""Do the two servers answer, and if not, the one line an operator reads. Never shows a password."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis as redis_client
from django.conf import settings
from django.db import OperationalError

from crmseg import causes
from crmseg.embedded.places import places
from crmseg.starting import environment
from crmseg.words import gettext as _

OLDEST_POSTGRES = 170000
PATIENCE = 20  # seconds: a busy server is no absent one
OF_A_PARAMETER = (ValueError, TypeError, AttributeError)  # the client of Redis looks at none, and breaks on it
PASSWORD = re.compile(r"(?<=[?&]password=)[^&#]*")
UNSEEN = dict.fromkeys(b"\t\r\n")  # nobody who reads an address sees them
DJANGO_OPTIONS = {"pool", "isolation_level", "assume_role", "server_side_binding"}


def database(entry: Mapping[str, Any] | None = None) -> str:
    """By the settings, or by an entry where there are no settings yet."""
    entry = settings.DATABASES["default"] if entry is None else entry
    try:
        with connect(entry) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        told = _("База данных недоступна: %(address)s: %(reason)s. Проверьте DATABASE_URL.")
        return told % {"address": masked("DATABASE_URL"), "reason": reason(error)}
    if version < OLDEST_POSTGRES:
        told = _("Нужен PostgreSQL 17 или новее, а DATABASE_URL ведёт на %(version)s.")
        return told % {"version": version // 10000}
    return ""


def redis(url: str = "") -> str:
    try:
        with redis_client.from_url(url or settings.REDIS_URL, socket_timeout=PATIENCE, retry=None) as client:
            client.ping()
    except (redis_client.RedisError, *OF_A_PARAMETER, OSError) as error:
        told = _("Redis недоступен: %(address)s: %(reason)s. Проверьте REDIS_URL.")
        return told % {"address": masked("REDIS_URL"), "reason": reason(error)}
    return ""


def connect(entry: Mapping[str, Any]) -> psycopg.Connection[Any]:
    options = {key: value for key, value in entry.get("OPTIONS", {}).items() if key not in DJANGO_OPTIONS}
    target = {
        "dbname": entry["NAME"],
        "user": entry["USER"],
        "password": entry["PASSWORD"],
        "host": entry["HOST"],
        "port": entry["PORT"],
    }
    given = {key: value for key, value in target.items() if value}
    return psycopg.connect(**({"connect_timeout": PATIENCE} | given | options))


def broken(error: Exception) -> str:
    """The line about a database that fails because of its files; who only waited for it in vain asks it anew."""
    cause = causes.of_database(error)
    if not cause and isinstance(error, OperationalError):
        cause = refused()
    embedded = os.environ.get("CRMSEG_EMBEDDED") and places(settings.DATA_DIR).cluster
    told = _("База %(place)s не работает: %(cause)s.")
    return told % {"place": embedded or masked("DATABASE_URL"), "cause": cause} if cause else ""


def refused() -> str:
    """Why a database that is damaged takes no connection."""
    try:
        connect(settings.DATABASES["default"]).close()
    except psycopg.Error as error:
        return causes.of_database(error)
    return ""


def silent(told: Sequence[str]) -> list[str]:
    """With the settings refused, the addresses are tried all the same: everything to mend is told at once."""
    wrong = {line.partition(":")[0] for line in told}
    given, broker = (environment.text(name) if name not in wrong else "" for name in ("DATABASE_URL", "REDIS_URL"))
    lines = [database(environment.database(given))] if given else []
    lines += [redis(broker)] if broker else []
    return [line for line in lines if line]


def reason(error: Exception) -> str:
    """libpq tells "connection to server at … failed: why", once per address; the first why is enough."""
    text = str(error).strip()
    if told := re.search(r"failed: (?!connection to)(.+)", text):
        text = told[1]
    return causes.of_database(error) or causes.told(text.split("\n", 1)[0].strip().rstrip(".") or type(error).__name__)


def masked(variable: str) -> str:
    """As it was written."""
    given = PASSWORD.sub("***", os.environ.get(variable, "").translate(UNSEEN))
    parts = urlsplit(given)
    if parts.password is None:
        return given
    host = parts.netloc.rpartition("@")[2]
    return given.replace(parts.netloc, f"{parts.username or ''}:***@{host}", 1)
