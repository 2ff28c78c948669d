"""The project's own benchmarks, one module each in tests/benchmarks, in a database of their own; JSON lines."""

import hashlib
import json
import pkgutil
from argparse import REMAINDER, Action, ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from inspect import signature
from typing import Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import DatabaseWrapper

import tests.benchmarks
from crmseg.celery import app
from crmseg.starting.arguments import from_one
from crmseg.words import gettext as _

LOCK = int.from_bytes(hashlib.sha256(b"crmseg.benchmark").digest()[:7])


class Command(BaseCommand):
    help = _("Замер из tests/benchmarks по имени, без имени — все; каждая строка — JSON.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", metavar="NAME", choices=list(found()), help=", ".join(found()))
        known = ", ".join(" ".join([name, *(f"--{size} {n}" for size, n in sizes(name).items())]) for name in found())
        help = _("аргументы самого замера: %(known)s") % {"known": known}
        parser.add_argument("sizes", nargs=REMAINDER, metavar="OPTIONS", action=Sizes, help=help)

    def refuse(self, options: dict[str, Any]) -> None:
        """A benchmark may have a `refusal` of its sizes: told before any server is started."""
        refusal = getattr(import_module(found()[options["name"]]), "refusal", None) if options["name"] else None
        if refusal and (said := refusal(**options["sizes"] or sizes(options["name"]))):
            raise CommandError(said)

    def handle(self, *args: Any, **options: Any) -> None:
        with alone():
            for name in [options["name"]] if options["name"] else found():
                self._run(name, options["sizes"] or sizes(name))

    def _run(self, name: str, given: dict[str, int]) -> None:
        with database_of_its_own():
            for line in import_module(found()[name]).run(**given):
                self.stdout.write(json.dumps({"benchmark": name, **line}))
                self.stdout.flush()


@contextmanager
def alone() -> Iterator[None]:
    """All of them would take the same database. The lock is of the company's, and gone with a killed process."""
    own = connections[DEFAULT_DB_ALIAS].copy()
    own.settings_dict["OPTIONS"].pop("pool", None)
    try:
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if cursor.fetchone() != (True,):
                raise CommandError(_("Другой замер уже идёт, дождитесь его."))
        yield
    finally:
        own.close()


@contextmanager
def database_of_its_own() -> Iterator[None]:
    """Nothing is read from the company's database or written there, and no task goes to its workers."""
    here = cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS])
    own, creation = here.settings_dict["NAME"], here.creation
    here.settings_dict["TEST"]["NAME"] = f"{own}_benchmark"
    here.close()
    here.close_pool()  # it would go on handing out connections to the company's
    broker = app.conf.broker_url
    app.conf.update(broker_url="memory://localhost")
    creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        with here.cursor() as cursor:
            cursor.execute("SELECT current_database()")
            if cursor.fetchone() == (own,):
                raise CommandError(_("Замер не получил своей базы и ничего не сделал."))
        yield
    finally:
        app.conf.update(broker_url=broker)
        creation.destroy_test_db(own, verbosity=0)


class Sizes(Action):
    """What follows the name, as that benchmark's `run` takes it: read with the rest, before any server is started."""

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: Any, option: str | None = None) -> None:
        self.metavar = self.known(namespace.name)
        if {"-h", "--help"} & set(values):
            parser.print_help()
            parser.exit()
        own = CommandParser(called_from_command_line=False, add_help=False)
        for size, usual in (sizes(namespace.name) if namespace.name else {}).items():
            own.add_argument(f"--{size}", type=from_one, default=usual)
        setattr(namespace, self.dest, vars(own.parse_args(values)))

    def known(self, name: str | None) -> str:
        """What a refusal tells there is."""
        if name:
            return ", ".join(f"--{size}" for size in sizes(name))
        return ", ".join(" ".join([each, *(f"--{size}" for size in sizes(each))]) for each in found())


def sizes(name: str) -> dict[str, int]:
    """Of a benchmark, with those it is run with when nobody says another."""
    taken = signature(import_module(found()[name]).run).parameters
    return {size: parameter.default for size, parameter in taken.items()}


def found() -> dict[str, str]:
    """name → module; a name that Python keeps for itself stands there with an underscore."""
    modules = pkgutil.iter_modules(tests.benchmarks.__path__, "tests.benchmarks.")
    return {module.name.rpartition(".")[2].strip("_"): module.name for module in modules}
