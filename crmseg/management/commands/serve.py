import os
import secrets
import sys
from typing import Any

import django
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from crmseg.processes import tree
from crmseg.processes.supervisor import Supervisor
from crmseg.starting import messages
from crmseg.starting.preparation import prepare
from crmseg.starting.servers import servers
from crmseg.words import gettext as _

OWNER = "owner@localhost"


class Command(BaseCommand):
    """Runs before Django is set up: the site loads in its own process at the same time as we do."""

    help = _("Всё для работы на одной машине: сайт, фоновые работники и расписание. Ctrl-C останавливает всё.")
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=tree.port, default=8000, help=_("порт сайта (8000)"))
        told = _("адрес этой машины, на котором слушать (127.0.0.1)")
        parser.add_argument("--host", type=tree.host, default="127.0.0.1", help=told)

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        os.environ.setdefault("PUBLIC_URL", f"http://127.0.0.1:{port}")
        with tree.only_one(settings.DATA_DIR):  # before the port: who runs already has it
            tree.refuse_busy(host, port)
            self._serve(host, port)

    def _serve(self, host: str, port: int) -> None:
        with servers(settings.DATA_DIR), Supervisor(settings.DATA_DIR / "log") as supervisor:
            messages.compile_stale()
            web = tree.Web(supervisor, host, port)
            django.setup()
            prepare()
            hint = first_login()
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]  # from here on the database is for our children
            web.open()
            self.stdout.write(announcement(host, port))
            if hint:
                self.stdout.write(hint)
            self.stdout.flush()
            tree.start_workers(supervisor)
            web.grow()
            supervisor.watch()


def announcement(host: str, port: int) -> str:
    """A proxy, or nobody yet, leads from where people see it to where it listens."""
    public, own = settings.PUBLIC_URL, f"http://{tree.reach(host)}:{port}"
    told = _("crmseg работает: %(url)s  (остановить: Ctrl-C)")
    if own != public:
        told = _("crmseg работает: %(url)s, слушает %(own)s  (остановить: Ctrl-C)")
    return told % {"url": public, "own": own}


def first_login() -> str:
    """A new installation has nobody who could log in. A password is shown only to a person, never to a log."""
    from crmseg.accounts.models import Role, User

    if any(user.has_usable_password() for user in User.objects.filter(is_active=True).iterator()):
        return ""
    if not sys.stdout.isatty():
        return _("Войти пока некому. Создайте владельца: python3 manage.py createsuperuser")
    password = secrets.token_urlsafe(12)
    User.objects.create_user(OWNER, password, name=_("Владелец"), role=Role.OWNER)
    told = _("Создан владелец: %(login)s, пароль %(password)s — показан один раз, запишите его.")
    return told % {"login": OWNER, "password": password}
