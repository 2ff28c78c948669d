"""What `celery -A crmseg` and `gunicorn crmseg.wsgi` ask before they begin: values that fit, servers that answer, a
schema that is up to date.

They are not started through `manage.py`, whose lines an operator reads: alone they retry for ever, or show tracebacks.
`refuse_site` and `refuse_address` are programs of their own: gunicorn has to stay free of our modules.
"""

import errno
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import django
import django.conf
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from crmseg import causes
from crmseg.embedded import EmbeddedError
from crmseg.processes import tree
from crmseg.processes.supervisor import ProcessError
from crmseg.starting import environment, messages
from crmseg.words import gettext as _

ASKS = {"worker": {"DATABASE_URL", "REDIS_URL"}, "beat": {"DATABASE_URL", "REDIS_URL"}}  # celery's commands
ASKS |= {name: {"REDIS_URL"} for name in ("inspect", "status", "control", "purge", "call", "events")}
SCHEDULE = re.compile(r"-s.*|--schedule(=.*)?")  # the option of beat
EMBEDDED = {"DATABASE_URL": "PostgreSQL", "REDIS_URL": "Redis"}


def is_celery(argv: Sequence[str]) -> bool:
    program = Path(argv[0] if argv else "")
    return program.name == "celery" or program.parts[-2:] == ("celery", "__main__.py")


def refuse_celery(argv: Sequence[str]) -> None:
    """Ends the process with one line. A tree of `serve` has asked for its children."""
    if "--help" in argv:
        return
    messages.compile_for_the_screen()
    asked = next((ASKS[word] for word in argv if word in ASKS), set())
    if os.environ.get("CRMSEG_EMBEDDED"):
        asked = set()
    with leaving_quietly():
        lines = faults(asked) or (unprepared(of_site=False) if "DATABASE_URL" in asked else [])
        if lines := lines or no_place(argv):
            tell(lines)
            raise SystemExit(1)


def refuse_site() -> None:
    """The whole of a program of its own: ends with 1 when a line was told."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crmseg.settings")
    messages.compile_for_the_screen()
    with leaving_quietly():
        lines = faults(EMBEDDED) or unprepared()
    tell(lines)
    raise SystemExit(1 if lines else 0)


def refuse_address(host: str, port: int) -> None:
    """What the site is to listen on; a program of its own too."""
    messages.compile_for_the_screen()
    try:
        tree.refuse_busy(host, port, f"--bind {f'[{host}]' if ':' in host else host}:")
    except ProcessError as error:
        tell([str(error)])
        raise SystemExit(1) from None


@contextmanager
def leaving_quietly() -> Iterator[None]:
    """Ctrl-C while a migration is waited for."""
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def faults(asked: Collection[str]) -> list[str]:
    try:
        django.conf.settings.DATA_DIR  # noqa: B018 — reads the environment
    except ImproperlyConfigured as error:
        from crmseg.starting import reachability

        told = str(error).splitlines()
        return [*told, *reachability.silent(told)]
    except EmbeddedError as error:
        return [str(error)]
    return unreachable(asked) if asked else []


def unstarted() -> list[str]:
    """No server of one's own is named, and those of `serve` do not run."""
    unset = [name for name in EMBEDDED if not os.environ.get(name)]
    return unreachable(unset) if unset and "CRMSEG_GATE" not in os.environ else []


def unreachable(asked: Collection[str]) -> list[str]:
    from crmseg.starting import reachability

    asks: dict[str, Callable[[], str]] = {"DATABASE_URL": reachability.database, "REDIS_URL": reachability.redis}
    silent = {name: line for name, ask in asks.items() if name in asked and (line := ask())}
    unset = [name for name in silent if not os.environ.get(name)]
    lines = [line for name, line in silent.items() if name not in unset]
    return [*lines, *([not_started(unset)] if unset else [])]


def unprepared(*, of_site: bool = True) -> list[str]:
    """What `serve` does by itself, and processes on servers of one's own are given by hand."""
    from crmseg.starting import statics

    django.setup()
    lines = []
    if old := old_schema():
        lines.append(old)
    if of_site and not statics.are_collected():
        lines.append(_("Файлы для браузера не собраны. Выполните: python3 manage.py collectstatic --noinput"))
    if not messages.are_compiled():
        lines.append(_("Переводы не собраны. Выполните: python3 manage.py compilemessages"))
    return lines


def no_place(argv: Sequence[str]) -> list[str]:
    """For what the clock keeps; one that was told a place of its own needs none."""
    if "beat" not in argv or any(SCHEDULE.fullmatch(word) for word in argv):
        return []
    place = Path(django.conf.settings.CELERY_BEAT_SCHEDULE_FILENAME).parent
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        told = _("В каталог %(path)s нельзя писать: %(error)s. Задайте другой: DATA_DIR")
        return [told % {"path": place, "error": causes.of(error)}]
    return []


def old_schema() -> str:
    """Also a database too damaged to be asked is one line."""
    from crmseg.starting import reachability, schema

    try:
        return schema.unapplied()
    except DatabaseError as error:
        if line := reachability.broken(error):
            return line
        raise


def not_started(unset: Sequence[str]) -> str:
    step = {"next": _("Задайте адреса своих серверов или запустите всё сразу: python3 manage.py serve")}
    if len(unset) == len(EMBEDDED):
        told = _("Встроенные PostgreSQL и Redis не запущены, а DATABASE_URL и REDIS_URL не заданы. %(next)s")
        return told % step
    told = _("Встроенный %(server)s не запущен, а %(name)s не задан. %(next)s")
    return told % (step | {"server": EMBEDDED[unset[0]], "name": unset[0]})


def tell(lines: Sequence[str]) -> None:
    if lines:
        sys.stderr.write(environment.one_line(lines) + "\n")
