"""The amoCRM stand-in as a process of its own, until it is told to stop."""

import gc
import signal
import threading
import time
from argparse import ArgumentParser
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crmseg import addresses, causes
from crmseg.words import gettext as _
from integrations.amocrm.sandbox import Sandbox, webhooks
from integrations.amocrm.sandbox.journal import Journal, Unusable
from integrations.amocrm.sandbox.seed import sizes
from integrations.amocrm.sandbox.server import Server, serve

MOST_PORT = 65535
SIZE = ("contacts", "deals", "seed")


class Command(BaseCommand):
    help = _("Стенд, который ведёт себя как amoCRM, с данными строительной компании.")
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8765, help=_("порт стенда (8765), 0 — любой свободный"))
        parser.add_argument("--contacts", type=int, default=2000, help=_("сколько контактов (2000)"))
        parser.add_argument("--deals", type=int, default=3000, help=_("сколько сделок (3000)"))
        parser.add_argument("--seed", type=int, default=1, help=_("от чего зависят случайные данные (1)"))
        parser.add_argument("--no-limits", action="store_true", help=_("без ограничения 7 запросов в секунду"))
        parser.add_argument("--now", type=int, help=_("данные на эту секунду unix; часы настоящие"))
        parser.add_argument(
            "--journal", type=Path, help=_("файл, который хранит записанное на стенд до нового запуска")
        )
        parser.add_argument("--webhook-url", help=_("адрес, который с начала подписан на всё"))

    def handle(self, *args: Any, **options: Any) -> None:
        self._refuse(options)
        size = {name: options[name] for name in SIZE}
        server = self._bind(options["port"])
        with ExitStack() as stack:
            stack.callback(server.server_close)
            try:
                journal = stack.enter_context(closing(Journal(options["journal"]))) if options["journal"] else None
                now = journal.planted_at(options["now"], **size) if journal else options["now"]
                box = Sandbox(**size, limits=not options["no_limits"], now=now, base_url=server.base_url)
                box.clock = time.time
                if journal and (left_out := journal.keep(box)):
                    self.stdout.write(left_out)
            except Unusable as reason:
                raise CommandError(reason) from None
            self._serve(server, box, options["webhook_url"])

    def _serve(self, server: Server, box: Sandbox, webhook_url: str | None) -> None:
        gc.freeze()  # the account stays for good, so the collector need not walk it again and again
        if webhook_url:
            webhooks.put(box, webhook_url, sorted(webhooks.CODES), next(iter(box.store.users)))
        self._announce(box)
        self._run(server, box)

    def _refuse(self, options: dict[str, Any]) -> None:
        if said := sizes.refusal(**{name: options[name] for name in SIZE}):
            raise CommandError(said)
        if not 0 <= (options["now"] or 0) <= sizes.LAST_SECOND:
            raise CommandError(_("--now — секунда unix от 0 до %(last)s.") % {"last": sizes.LAST_SECOND})
        if (url := options["webhook_url"]) is not None and not _can_be_called(url):
            told = _("--webhook-url: ожидался адрес вида http://127.0.0.1:8000/hook, получено «%(url)s».")
            raise CommandError(told % {"url": url})

    def _bind(self, port: int) -> Server:
        if not 0 <= port <= MOST_PORT:
            raise CommandError(
                _("Порт — число от 0 до %(most)s, а указан %(port)s.") % {"most": MOST_PORT, "port": port}
            )
        try:
            return serve(port)
        except OSError as error:
            told = _("Порт %(port)s занять не удалось: %(error)s. Укажите другой: --port %(next)s")
            near = {"port": port, "error": causes.of(error), "next": port + 1 if port < MOST_PORT else port - 1}
            raise CommandError(told % near) from None

    def _announce(self, box: Sandbox) -> None:
        self.stdout.write(_("Стенд amoCRM: %(url)s") % {"url": box.base_url})
        self.stdout.write(_("Долгосрочный токен: %(token)s") % {"token": box.token})
        self.stdout.write(_("Управление: %(url)s/__sandbox__/state") % {"url": box.base_url})
        self.stdout.flush()

    def _run(self, server: Server, box: Sandbox) -> None:
        def stop(*_signal: Any) -> None:
            threading.Thread(target=server.shutdown, daemon=True).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        server.sandbox = box
        server.serve_forever(poll_interval=0.2)
        box.close()


def _can_be_called(url: str) -> bool:
    parts = addresses.split(url)
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in url
