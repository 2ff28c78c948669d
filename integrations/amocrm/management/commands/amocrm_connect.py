"""Connects an amoCRM account with a long-lived token."""

import json
import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crmseg import addresses
from crmseg.words import gettext as _
from integrations.amocrm import connect
from integrations.amocrm.client import AmoClient
from integrations.http import HttpError

NEEDED = {"--base-url": "base_url", "--token": "token"}


class Command(BaseCommand):
    help = _("Подключает amoCRM: проверяет аккаунт и хранит токен; с --public-url подписывает на изменения.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default="", help=_("адрес аккаунта: https://company.amocrm.ru"))
        asked = _("долгосрочный токен администратора; без ключа спросит в терминале")
        parser.add_argument("--token", default="", help=asked)
        parser.add_argument("--public-url", default="", help=_("адрес, по которому amoCRM видит этот сервер"))

    def handle(self, *args: Any, **options: Any) -> None:
        now, public_url = timezone.now(), self._public_url(options["public_url"])
        if options["base_url"].strip() and not options["token"].strip() and sys.stdin.isatty():
            options["token"] = getpass(_("Токен (не виден, пока вводите): "))  # kept out of the shell's history
        if missing := [flag for flag, name in NEEDED.items() if not options[name].strip()]:
            told = _("Укажите %(missing)s: amocrm_connect --base-url https://company.amocrm.ru --token ТОКЕН")
            raise CommandError(told % {"missing": _(" и ").join(missing)})
        try:
            account = connect.connect(connect.check(options["base_url"], options["token"], now), now)
            if public_url:
                with AmoClient(account) as client:
                    connect.subscribe(client, public_url)
        except connect.ConnectionRefused as error:
            raise CommandError(error.reason) from None
        except HttpError as error:
            raise CommandError(
                _("Подписка на изменения не удалась: %(reason)s") % {"reason": error.reason.clause}
            ) from None
        summary = {
            "account": account.name,
            "amo_id": account.amo_id,
            "state": account.state,
            "webhook": account.hook_url,
        }
        self.stdout.write(json.dumps(summary, ensure_ascii=False))

    def _public_url(self, given: str) -> str:
        """As PUBLIC_URL is read."""
        try:
            return addresses.site(given) if given.strip() else ""
        except addresses.Unfit as error:
            raise CommandError(error.told("--public-url")) from None
