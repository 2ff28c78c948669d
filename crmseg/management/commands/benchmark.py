"""The project's own benchmarks, one module each in tests/benchmarks, in a database of their own; JSON lines."""

import json
import pkgutil
from argparse import REMAINDER, ArgumentParser
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

import tests.benchmarks
from crmseg.words import gettext as _


class Command(BaseCommand):
    help = _("Замер из tests/benchmarks по имени, без имени — все; каждая строка — JSON.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", metavar="NAME", choices=list(found()), help=", ".join(found()))
        parser.add_argument("options", nargs=REMAINDER, help=_("аргументы самого замера, например --deals 50000"))

    def handle(self, *args: Any, **options: Any) -> None:
        for name in [options["name"]] if options["name"] else found():
            self._run(name, options["options"])

    def _run(self, name: str, options: list[str]) -> None:
        module = import_module(found()[name])
        connection.settings_dict["TEST"]["NAME"] = f"{connection.settings_dict['NAME']}_benchmark"
        own = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            for line in module.run(options):
                self.stdout.write(json.dumps({"benchmark": name, **line}))
                self.stdout.flush()
        finally:
            connection.creation.destroy_test_db(own, verbosity=0)


def found() -> dict[str, str]:
    """name → module; a name that Python keeps for itself stands there with an underscore."""
    modules = pkgutil.iter_modules(tests.benchmarks.__path__, "tests.benchmarks.")
    return {module.name.rpartition(".")[2].strip("_"): module.name for module in modules}
