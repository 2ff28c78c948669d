"""What `help` and `--help` say, in the language of the installation: argparse and Django have English only."""

import argparse
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, DjangoHelpFormatter

from crmseg.words import gettext as _

OURS = ("crmseg", "pipelines", "segments", "integrations")
OF_EVERY_COMMAND: dict[str, Callable[[], str]] = {
    "help": lambda: _("показать эту справку и выйти"),
    "version": lambda: _("показать версию Django и выйти"),
    "verbosity": lambda: _("сколько рассказывать: 0 — ничего, 1 — как обычно, 2 и 3 — подробно"),
    "settings": lambda: _("модуль настроек вместо crmseg.settings"),
    "pythonpath": lambda: _("каталог, где ещё искать модули Python"),
    "traceback": lambda: _("показать, где в коде возникла ошибка"),
    "no_color": lambda: _("без цвета"),
    "force_color": lambda: _("с цветом, даже когда вывод идёт не на экран"),
    "skip_checks": lambda: _("без проверок настроек перед началом"),
}


class Formatter(DjangoHelpFormatter):
    def add_usage(self, usage: Any, actions: Any, *args: Any, **kwargs: Any) -> None:
        kwargs["prefix"] = _("Вызов: ")
        super().add_usage(usage, actions, *args, **kwargs)


def parser_of(command: BaseCommand, argv: list[str]) -> argparse.ArgumentParser:
    """One that raises what does not fit: only Django's own `run_from_argv` makes it exit."""
    parser = command.create_parser(*argv[:2], formatter_class=Formatter)
    parser._positionals.title, parser._optionals.title = _("Аргументы"), _("Ключи")
    for action in parser._actions:
        if words := OF_EVERY_COMMAND.get(action.dest):
            action.help = words()
    return parser


def own(name: str) -> BaseCommand | None:
    """The command of this name when it is ours."""
    app = get_commands().get(name, "")
    return load_command_class(app, name) if isinstance(app, str) and app.partition(".")[0] in OURS else None


def overview() -> Iterator[str]:
    """Our commands with what they do, the names of the others."""
    ours = {name: command for name in sorted(get_commands()) if (command := own(name))}
    width = max(map(len, ours)) + 2
    yield _("Команды crmseg, подробнее: python3 manage.py КОМАНДА --help")
    yield from (f"  {name:<{width}}{command.help.splitlines()[0]}" for name, command in ours.items())
    yield ""
    yield _("Команды Django и библиотек:")
    yield "  " + ", ".join(sorted(set(get_commands()) - set(ours)))
