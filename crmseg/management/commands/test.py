import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crmseg import embedded
from crmseg.interrupts import ended_by_signals
from crmseg.starting import browser, messages
from crmseg.words import gettext as _

HELP = _("Готовит базу, Redis, переводы и Chromium и запускает pytest; без аргументов — все тесты в три процесса.")
NO_TESTS = 5  # pytest's exit code when it left out all it was asked for


class Command(BaseCommand):
    """Everything after `test` belongs to pytest, so Django's own parser never sees it."""

    help = HELP

    def run_from_argv(self, argv: list[str]) -> None:
        arguments = argv[2:]
        if {"--help", "-h"} & set(arguments):
            self.stdout.write(_("Вызов: ") + _("python3 manage.py test [аргументы pytest]") + f"\n\n{HELP}")
            return
        try:
            code = self.run_pytest(arguments)
        except CommandError as error:
            self.stderr.write(str(error))
            code = 1
        sys.exit(code)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(self.run_pytest([str(each) for each in args]))

    def run_pytest(self, arguments: list[str]) -> int:
        messages.compile_stale()
        arguments = arguments or default_arguments()
        without = self.without_browser()
        with ready_servers(settings.DATA_DIR / "test", workers(arguments)) as variables:
            finished = subprocess.run(
                [sys.executable, "-m", "pytest", "-p", "tests.servers", *arguments, *without],
                env=remembering(os.environ) | variables,
                cwd=settings.BASE_DIR,
                check=False,
            )
        return 0 if without and finished.returncode == NO_TESTS else finished.returncode

    def without_browser(self) -> list[str]:
        """With CI set a skip is a failure: nobody reads a yellow line there."""
        if browser.find():
            return []
        if browser.may_install():
            self.stdout.write(_("Ставлю Chromium для браузерных тестов…"))
            self.stdout.flush()
            if browser.install():
                return []
        if os.environ.get("CI"):
            told = _("Нет Chromium, а с CI браузерные тесты обязательны. Поставить: apt install chromium")
            raise CommandError(told)
        self.stdout.write(skipped())
        self.stdout.flush()
        return ["-m", "not browser"]


def remembering(environment: Mapping[str, str]) -> dict[str, str]:
    """Tests start hundreds of commands; where bytecode must not be written, each of them compiles every module anew."""
    return {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}


def skipped() -> str:
    return _("Браузерные тесты пропущены: нет Chromium. Поставить: apt install chromium")


def default_arguments() -> list[str]:
    """In parallel only with a cluster for each: the change log waits for the oldest transaction of its cluster.

    One worker more than the two processors this is measured on: one of them mostly waits for what it has started.
    """
    return [] if os.environ.get("DATABASE_URL") else ["-n", "3", "--dist", "worksteal"]


def workers(arguments: list[str]) -> int:
    """How many processes pytest-xdist will start; 0 without it."""
    joined = " ".join(arguments)
    found = re.search(r"(?:^| )(?:-n|--numprocesses)[ =]?(\w+)", joined)
    if found is None:
        return 0
    return int(found[1]) if found[1].isdigit() else os.cpu_count() or 1


@contextmanager
def ready_servers(home: Path, count: int) -> Iterator[dict[str, str]]:
    """Variables for pytest; `tests/servers.py` gives each of its processes the servers of its own."""
    if os.environ.get("DATABASE_URL"):
        with embedded.servers(home, durable=False):
            yield {"DATA_DIR": str(home)}
        return
    with ended_by_signals(), ExitStack() as stack:
        each = []
        for number in range(max(1, count)):
            data_dir = home / f"gw{number}"
            variables = stack.enter_context(embedded.private(data_dir, durable=False))
            each.append(variables | {"DATA_DIR": str(data_dir)})
        yield each[0] | {"CRMSEG_TEST_SERVERS": json.dumps(each)}
