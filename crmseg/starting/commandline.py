"""What stands between `manage.py` and a command: its arguments, the servers it needs, the schema, errors in one line.

Flows in: argv and the environment. Flows out: an exit code. With DATABASE_URL unset the command runs inside
`embedded.servers`; with it set, the server is asked once before the command starts;
REDIS_URL is asked for those that cannot do without.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib import import_module
from typing import Any

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line, get_commands, load_command_class
from django.core.management.base import CommandError, SystemCheckError

from crmseg import embedded
from crmseg.embedded import EmbeddedError
from crmseg.processes import tree
from crmseg.processes.supervisor import ProcessError
from crmseg.starting import arguments, environment, helping, messages
from crmseg.words import gettext as _

WITHOUT_DATABASE = {
    "",
    "amocrm_sandbox",
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "startapp",
    "startproject",
    "version",
}
MIGRATES_ITSELF = {"makemigrations", "migrate", "showmigrations", "sqlmigrate", "squashmigrations", "optimizemigration"}
WITHOUT_SCHEMA = {"check", "dbshell", "inspectdb", "runserver", "shell"}  # on a database as it is
ASKS_REDIS = {"amocrm_sync"}  # keeps to amoCRM's limit together with the workers; others work without Redis
SETS_UP_ITSELF = {"demo", "serve", "test"}
HELP = {"", "help", "-h", "--help"}
PASSES_ON = {"test"}  # what it is given belongs to pytest
BESIDE = {"demo"}  # keeps its data apart from the company's, in a directory of its own


def run(argv: list[str]) -> int:
    argv = [argv[0], argv[2], "--help"] if len(argv) == 3 and argv[1] == "help" and argv[2][0] != "-" else argv
    command = argv[1] if len(argv) > 1 else ""
    messages.compile_for_the_screen()
    try:
        if command in BESIDE:
            os.environ["DATA_DIR"] = str(environment.directory("DATA_DIR", environment.DATA_DIR) / command)
        settings.DATA_DIR  # noqa: B018 — reads the environment: a wrong value is the first thing to tell
        _run(command, argv)
    except ImproperlyConfigured as error:
        told = str(error).splitlines()
        silent = [] if command in WITHOUT_DATABASE else silent_servers(told)
        return refuse(environment.one_line([*told, *silent]))
    except CommandError as error:
        if "--traceback" in argv:
            raise
        refuse(*(str(error).splitlines() if isinstance(error, SystemCheckError) else [error]))
        return error.returncode
    except (EmbeddedError, ProcessError) as error:
        return refuse(error)
    except KeyboardInterrupt:
        return 130
    return 0


def _run(command: str, argv: list[str]) -> None:
    if command in SETS_UP_ITSELF:
        itself = import_module(f"crmseg.management.commands.{command}").Command()
        itself.run_from_argv(argv) if command in PASSES_ON else arguments.read(itself, argv)()
        return
    django.setup()
    if command in HELP and not argv[2:]:
        sys.stdout.write("\n".join(helping.overview()) + "\n")
        return
    if command and not command.startswith("-"):
        arguments.refuse_unknown(command)
    ours = helping.own(command)
    if command == "runserver":
        refuse_busy_address(argv)
    call = arguments.read(ours, argv) if ours else partial(execute_from_command_line, argv)
    with ready_for(command, argv):
        call()


def refuse_busy_address(argv: list[str]) -> None:
    """Django says it in English, after the servers have started; what else is wrong with its arguments it may tell."""
    from django.core.management.commands.runserver import naiveip_re
    from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

    command: Any = load_command_class(get_commands()["runserver"], "runserver")
    try:
        options = helping.parser_of(command, argv).parse_args(argv[2:])
    except CommandError:
        return
    address = naiveip_re.match(options.addrport or command.default_port)
    if address and not os.environ.get(DJANGO_AUTORELOAD_ENV):  # its child takes over a port that was free
        usual = command.default_addr_ipv6 if options.use_ipv6 else command.default_addr
        tree.refuse_busy((address[1] or usual).strip("[]"), int(address[5]), "runserver ")


def refuse(*faults: Exception | str) -> int:
    for fault in faults:
        sys.stderr.write(" ".join(str(fault).split()) + "\n")
    return 1


def needs_database(command: str, argv: list[str]) -> bool:
    if {"--help", "-h", "--version"} & set(argv) or command.startswith("-"):
        return False
    if command == "check":
        return "--database" in argv
    return command not in WITHOUT_DATABASE and command in get_commands()


@contextmanager
def ready_for(command: str, argv: list[str]) -> Iterator[None]:
    if not needs_database(command, argv):
        yield
        return
    is_given, has_redis = bool(os.environ.get("DATABASE_URL")), bool(os.environ.get("REDIS_URL"))
    with embedded.servers(settings.DATA_DIR):
        if silent := unreachable(is_given, has_redis and command in ASKS_REDIS):
            raise EmbeddedError(environment.one_line(silent))
        try:
            if not is_given and command not in MIGRATES_ITSELF:
                migrate_pending()
            if is_given and command not in MIGRATES_ITSELF | WITHOUT_SCHEMA:
                refuse_unapplied()
            with around(command):
                yield
        except Exception as error:
            # Whatever it broke with: when a server is gone or its files are damaged, that is the reason.
            if reason := embedded.failure() or broken(error) or "".join(unreachable(is_given)):
                raise EmbeddedError(reason) from error
            raise


def broken(error: Exception) -> str:
    from crmseg.starting import reachability

    return reachability.broken(error)


def around(command: str) -> AbstractContextManager[None]:
    from crmseg.starting import schema, servers

    if command == "migrate":
        return schema.alone()
    return servers.relied_on() if command in ASKS_REDIS else nullcontext()


def migrate_pending() -> None:
    from django.db import connection

    from crmseg.starting.schema import apply_pending

    if applied := apply_pending():
        sys.stderr.write(_("База обновлена, применено миграций: %(count)s.") % {"count": applied} + "\n")
    connection.close()


def refuse_unapplied() -> None:
    from crmseg.starting import schema

    if line := schema.unapplied():
        raise EmbeddedError(line)


def silent_servers(told: list[str]) -> list[str]:
    if not (os.environ.get("DATABASE_URL") or os.environ.get("REDIS_URL")):
        return []
    from crmseg.starting import reachability

    return reachability.silent(told)


def unreachable(database: bool, redis: bool = False) -> list[str]:
    if not (database or redis):
        return []
    from crmseg.starting import reachability

    reasons = [reachability.database() if database else "", reachability.redis() if redis else ""]
    return [reason for reason in reasons if reason]
