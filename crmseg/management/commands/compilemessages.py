from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crmseg.starting import messages
from crmseg.words import gettext as _


class Command(BaseCommand):
    help = _("Собирает переводы без GNU gettext; с --check показывает, каких слов не хватает.")
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help=_("ничего не собирать, только проверить полноту"))

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            self.stdout.write(_("Собрано переводов: %(count)s.") % {"count": messages.compile_stale()})
            return
        problems = messages.problems()
        for line in problems:
            self.stderr.write(line)
        if problems:
            raise CommandError(_("Переводы неполны, замечаний: %(count)s.") % {"count": len(problems)})
        self.stdout.write(_("Переводы полны."))
