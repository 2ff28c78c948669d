"""The door to the demo: start the tree, run the circle once, then stay (or, with --check, print one JSON line).

It runs before Django is set up: the stand-in plants its company, the servers start and the site loads all at once.
"""

import json
import logging
import math
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import django
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from crmseg.demo import stand
from crmseg.demo.steps import Circle, CircleError
from crmseg.embedded import EmbeddedError
from crmseg.processes import tree
from crmseg.processes.supervisor import ProcessError, Supervisor
from crmseg.starting import messages
from crmseg.starting.preparation import prepare
from crmseg.starting.servers import servers
from crmseg.words import gettext as _
from integrations.amocrm.sandbox.seed import sizes

HOST = "127.0.0.1"
BAR = 24
LEAST_CONTACTS = 50  # with fewer there may be nobody to write to
LEAST_DEALS = 75  # with fewer nobody may be silent after an offer
DEALS_EACH = 5  # of a contact: whoever has more is never silent for long


def at_least(least: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            told = _(
                "«%(given)s» не подходит: кругу нужно целое число, --contacts от %(contacts)s, --deals от %(deals)s"
            )
            raise ProcessError(told % {"given": text, "contacts": LEAST_CONTACTS, "deals": LEAST_DEALS})
        return int(text)

    return count


def in_words(step: str) -> str:
    return {
        "start": _("запуск"),
        "connect": _("подключение"),
        "import": _("импорт"),
        "segments": _("сегменты"),
        "campaign": _("письма"),
        "write_back": _("запись в amoCRM"),
    }[step]


class Command(BaseCommand):
    help = _("Весь круг на стенде: amoCRM → зеркало → сегменты → письма → запись в amoCRM. Ctrl-C останавливает всё.")
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help=_("один раз без людей; последняя строка — JSON"))
        parser.add_argument("--port", type=tree.port, default=None, help=_("порт сайта (8000)"))
        contacts = _("контактов на стенде, от %(least)s (%(count)s)")
        contacts %= {"least": LEAST_CONTACTS, "count": stand.CONTACTS}
        parser.add_argument("--contacts", type=at_least(LEAST_CONTACTS), default=None, help=contacts)
        deals = _("сделок на стенде, от %(least)s (полторы на контакт)") % {"least": LEAST_DEALS}
        parser.add_argument("--deals", type=at_least(LEAST_DEALS), default=None, help=deals)
        parser.add_argument("--fresh", action="store_true", help=_("начать с пустой базы"))

    def refuse(self, options: dict[str, Any]) -> None:
        contacts, deals = stand.size(options["contacts"], options["deals"])
        if said := sizes.refusal(contacts=contacts, deals=deals):
            raise CommandError(said)
        if deals > contacts * DEALS_EACH:
            told = _("В круге до %(each)s сделок на контакт: для %(deals)s сделок нужно контактов от %(contacts)s")
            least = math.ceil(deals / DEALS_EACH)
            raise CommandError(told % {"each": DEALS_EACH, "deals": deals, "contacts": least})

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"] if options["port"] is not None else (0 if options["check"] else 8000)
        demo = Circle(self._show)
        with tree.only_one(settings.DATA_DIR):  # before the port: who runs already has it
            if port:
                tree.refuse_busy(HOST, port)
            self.doors = stand.choose(port)
            stand.tell_children(self.doors)
            try:
                self._go(demo, options)
            except (CircleError, ProcessError, EmbeddedError) as error:
                if not demo.failed:
                    raise
                told = _("Демонстрация не прошла, шаг «%(words)s» (%(step)s): %(reason)s")
                words = {"words": in_words(demo.failed), "step": demo.failed, "reason": error}
                raise CommandError(told % words) from error

    def _go(self, demo: Circle, options: dict[str, Any]) -> None:
        with ExitStack() as stack:
            stack.callback(logging.disable, logging.root.manager.disable)
            logging.disable(logging.WARNING)  # only the steps belong on this screen
            demo.step("start", lambda: self._start(demo, stack, options))
            told = self._run(demo)
            if options["check"]:
                self.stdout.write(json.dumps(told, ensure_ascii=False))
                return
            self._announce()
            self.web.grow()
            connection.close()
            self.supervisor.watch()

    def _start(self, demo: Circle, stack: ExitStack, options: dict[str, Any]) -> None:
        """Everything that can load or plant by itself does so while the schema is made."""
        data = settings.DATA_DIR
        self._say(_("Запускаю стенд amoCRM, почту и crmseg…"))
        if options["fresh"]:
            stand.forget_everything()
        self.plan = self._plan(options["contacts"], options["deals"])
        messages.compile_stale()
        around = stack.enter_context(Supervisor(data / "log"))
        outside = stand.Outside(around, self.doors, self.plan)
        stack.enter_context(servers(data, quick_commits=True))
        self.supervisor = stack.enter_context(Supervisor(data / "log", others=around.failure))
        demo.check = self.supervisor.check
        self.web = tree.Web(self.supervisor, HOST, self.doors.web)
        django.setup()
        self._ready_database(options["fresh"])
        tree.start_workers(self.supervisor)
        self.web.open()
        self.token = outside.wait()

    def _plan(self, contacts: int | None, deals: int | None) -> stand.Plan:
        plan = stand.Plan.of(contacts, deals)
        if plan.differs(contacts, deals):
            told = _(
                "Данные демонстрации уже есть (контактов %(contacts)s, сделок %(deals)s), остаюсь на них. "
                "Начать с другим числом: --fresh"
            )
            self._say(told % {"contacts": plan.contacts, "deals": plan.deals})
        return plan

    def _ready_database(self, is_fresh: bool) -> None:
        from crmseg.demo.circle import refuse_real_data
        from crmseg.starting import schema

        is_new = schema.is_new()
        prepare()
        refuse_real_data()
        if is_fresh and not is_new:
            stand.empty_database()
            prepare()

    def _run(self, demo: Circle) -> dict[str, Any]:
        from crmseg.demo import circle, people

        sizes = {"contacts": self.plan.contacts, "deals": self.plan.deals}
        demo.step("connect", lambda: circle.connect_account(self.doors.sandbox_url, self.token, self.doors.public_url))
        demo.step("import", lambda: circle.await_import(demo, sizes))
        circle.set_norms()
        people.invite()
        segment = demo.step("segments", lambda: circle.fill_segments(demo))
        campaign = demo.step("campaign", lambda: circle.run_campaign(demo, segment))
        demo.step("write_back", lambda: circle.write_back(demo, segment, campaign))
        return circle.result(demo)

    def _announce(self) -> None:
        from crmseg.accounts.models import Role
        from crmseg.demo import people

        doors = self.doors
        self._say("")
        places = {
            "crmseg:": doors.public_url,
            _("письма:"): doors.mail_url,
            _("стенд amoCRM:"): f"{doors.sandbox_url}/__sandbox__/state",
        }
        for label, address in places.items():
            self._say(f"{label:<15}{address}")
        self._say(_("Войти можно за любую роль, пароль у всех %(password)s") % {"password": people.PASSWORD})
        for role, login in people.LOGINS.items():
            self._say(f"  {Role(role).label:<22} {login}@{people.HOST}")
        self._say(_("Остановить всё: Ctrl-C"))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _show(self, label: str, done: int, total: int | None, note: str = "") -> None:
        """One line per step: redrawn on a terminal, printed once elsewhere."""
        is_over = total is not None and done >= total
        filled = BAR * min(done, total) // total if total else 0
        bar = f"{'█' * filled}{'░' * (BAR - filled)}" if total else " " * BAR
        count = _("%(done)s из %(total)s") % {"done": done, "total": total} if total else done
        line = f"{label:<22} {bar} {count}  {note}".rstrip()
        line = line[: shutil.get_terminal_size().columns - 1]  # what wraps cannot be drawn over
        if sys.stdout.isatty():
            self.stdout.write(f"\r\033[K{line}", ending="\n" if is_over else "")
            self.stdout.flush()
        elif is_over and self.shown != label:
            self._say(line)
        self.shown = label if is_over else self.shown

    shown = ""
