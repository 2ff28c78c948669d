"""The arguments of our own commands, read before any server is started.

What does not fit is refused in one line, in the language of the installation: argparse has English and a usage of ten
lines. Commands of Django and of libraries stay as they are.
"""

import re
from argparse import Action, ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from difflib import get_close_matches
from functools import partial

from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandError, DjangoHelpFormatter
from django.db import connections

from crmseg.starting.helping import parser_of
from crmseg.words import gettext as _

OF_DJANGO = DjangoHelpFormatter.show_last | {"-h", "--help"}  # every command takes these
WHAT_ARGPARSE_SAYS: dict[str, Callable[[], str]] = {
    r"unrecognized arguments: (?P<given>.+)": lambda: _("аргумента %(given)s нет"),
    r"argument (?P<name>.+?): expected (one|at least one) argument": lambda: _("после %(name)s нужно значение"),
    r"argument (?P<name>.+?): invalid int value: '(?P<given>.*)'": lambda: _("%(name)s: «%(given)s» — не целое число"),
    r"argument (?P<name>.+?): not from 1: (?P<given>.*)": lambda: _(
        "%(name)s: «%(given)s» не подходит, нужно целое число от 1"
    ),
    r"argument (?P<name>.+?): invalid choice: '?(?P<given>.+?)'? \(choose from (?P<known>.+)\)": lambda: _(
        "%(name)s: «%(given)s» не подходит, можно %(known)s"
    ),
    r"argument (?P<name>.+?): ignored explicit argument .+": lambda: _("%(name)s указывают без значения"),
    r"ambiguous option: (?P<given>\S+) could match (?P<known>.+)": lambda: _(
        "«%(given)s» можно понять по-разному: %(known)s"
    ),
}


def from_one(text: str) -> int:
    """What an option takes that is a size."""
    if not (text.isdecimal() and int(text) > 0):
        raise ArgumentTypeError(f"not from 1: {text}")
    return int(text)


def refuse_unknown(name: str) -> None:
    known = [*get_commands(), "help", "version"]
    if name in known:
        return
    near = get_close_matches(name, known)
    hint = _("Похожие: %(near)s") % {"near": ", ".join(near)} if near else _("Все команды: python3 manage.py help")
    raise CommandError(_("Команды «%(name)s» нет. %(hint)s") % {"name": name, "hint": hint})


def read(command: BaseCommand, argv: list[str]) -> Callable[[], None]:
    """The command ready to be called; CommandError is the one line that tells what does not fit.

    What a parser cannot see, a command refuses itself: by its method `refuse`, when it has one.
    """
    parser = parser_of(command, argv)
    try:
        options = vars(parser.parse_args(argv[2:]))
    except CommandError as error:
        raise CommandError(f"{argv[1]}: {_translated(str(error))}. {_hint(parser)}") from None
    if refuse := getattr(command, "refuse", None):
        refuse(options)
    return partial(_call, command, options.pop("args", ()), options)


def _call(command: BaseCommand, arguments: tuple[str, ...], options: dict[str, object]) -> None:
    try:
        command.execute(*arguments, **options)
    finally:
        connections.close_all()


def _translated(said: str) -> str:
    for pattern, words in WHAT_ARGPARSE_SAYS.items():
        if found := re.fullmatch(f"Error: {pattern}", said, re.DOTALL):
            told = found.groupdict()
            return words() % (told | {"known": told.get("known", "").replace("'", "")})
    return _("аргументы не подходят")


def _hint(parser: ArgumentParser) -> str:
    taken = [_shown(action) for action in parser._actions if not OF_DJANGO & set(action.option_strings)]
    return _("Аргументы: %(known)s") % {"known": ", ".join(taken)} if taken else _("Команда не берёт аргументов")


def _shown(action: Action) -> str:
    return action.option_strings[-1] if action.option_strings else str(action.metavar or action.dest.upper())
