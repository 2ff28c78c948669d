"""The door to the demo: start the tree, run the circle once, then stay (or, with --check, print one JSON line)."""

import json
import logging
import shutil
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from crmseg.accounts.models import Role, User
from crmseg.demo import circle, people, stand
from crmseg.demo.circle import Circle, CircleError
from crmseg.management.commands.serve import prepare
from crmseg.processes.supervisor import ProcessError, Supervisor
from crmseg.processes.tree import only_one, refuse_busy
from integrations.amocrm.models import Account

BAR = 24


class Command(BaseCommand):
    help = "Весь круг на стенде: amoCRM → зеркало → сегменты → письма → запись в amoCRM. Ctrl-C останавливает всё."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="один раз без людей; последняя строка — JSON")
        parser.add_argument("--port", type=int, default=None, help="порт сайта (8000)")
        parser.add_argument("--contacts", type=int, default=2000)
        parser.add_argument("--deals", type=int, default=None, help="сделок на стенде (полтора на контакт)")
        parser.add_argument("--fresh", action="store_true", help="начать с пустой базы")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.disable(logging.WARNING)  # only the steps belong on this screen
        self.is_check, self.is_fresh = options["check"], options["fresh"]
        port = options["port"] if options["port"] is not None else (0 if self.is_check else 8000)
        if port:
            refuse_busy("127.0.0.1", port)
        doors = stand.choose(port)
        stand.tell_children(doors)
        deals = options["deals"] or options["contacts"] * 3 // 2
        try:
            with only_one(settings.DATA_DIR), Supervisor(settings.DATA_DIR / "log") as supervisor:
                told = self._run(supervisor, doors, options["contacts"], deals)
                if self.is_check:
                    self.stdout.write(json.dumps(told, ensure_ascii=False))
                else:
                    self._announce(doors)
                    connection.close()
                    supervisor.watch()
        except (CircleError, ProcessError) as error:
            raise CommandError(f"Демонстрация не прошла: {error}") from error

    def _run(self, supervisor: Supervisor, doors: stand.Doors, contacts: int, deals: int) -> dict[str, Any]:
        demo = Circle(self._show, supervisor.check)
        demo.step("start", lambda: self._start(supervisor, doors, contacts, deals))
        demo.step("connect", lambda: circle.connect_account(doors.sandbox_url, self.token, doors.public_url))
        demo.step("import", lambda: circle.await_import(demo, {"contacts": contacts, "deals": deals}))
        circle.set_norms()
        people.invite()
        segment = demo.step("segments", lambda: circle.fill_segments(demo))
        demo.step("campaign", lambda: circle.run_campaign(demo, segment))
        demo.step("write_back", lambda: circle.write_back(demo, segment))
        return circle.result(demo)

    def _start(self, supervisor: Supervisor, doors: stand.Doors, contacts: int, deals: int) -> None:
        self._say("Запускаю стенд amoCRM, почту и crmseg…")
        prepare()
        _refuse_real_data()
        if self.is_fresh:
            stand.forget_everything()
            prepare()
        self.token = stand.start_outside(supervisor, doors, contacts, deals)
        stand.start_crmseg(supervisor, doors)

    def _announce(self, doors: stand.Doors) -> None:
        self._say("")
        self._say(f"crmseg:        {doors.public_url}")
        self._say(f"письма:        {doors.mail_url}")
        self._say(f"стенд amoCRM:  {doors.sandbox_url}/__sandbox__/state")
        self._say(f"Войти можно за любую роль, пароль у всех {people.PASSWORD}")
        for role, login in people.LOGINS.items():
            self._say(f"  {Role(role).label:<22} {login}@{people.HOST}")
        self._say("Остановить всё: Ctrl-C")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _show(self, label: str, done: int, total: int | None, note: str = "") -> None:
        """One line per step: redrawn on a terminal, printed once elsewhere."""
        is_over = total is not None and done >= total
        filled = BAR * min(done, total) // total if total else 0
        bar = f"{'█' * filled}{'░' * (BAR - filled)}" if total else " " * BAR
        line = f"{label:<22} {bar} {done}{f' из {total}' if total else ''}  {note}".rstrip()
        line = line[: shutil.get_terminal_size().columns - 1]  # what wraps cannot be drawn over
        if sys.stdout.isatty():
            self.stdout.write(f"\r\033[K{line}", ending="\n" if is_over else "")
            self.stdout.flush()
        elif is_over and self.shown != label:
            self._say(line)
        self.shown = label if is_over else self.shown

    shown = ""


def _refuse_real_data() -> None:
    """The demo writes people and letters: never into a database that belongs to a real account."""
    account = Account.current()
    is_foreign = account is not None and not account.base_url.startswith("http://127.0.0.1")
    has_people = User.objects.exclude(email__endswith=f"@{people.HOST}").exists()
    if is_foreign or has_people:
        raise CircleError("в этой базе уже есть настоящие данные; укажите пустую базу или уберите DATABASE_URL")
