"""Connects an amoCRM account with a long-lived token."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.amocrm import connect
from integrations.amocrm.client import AmoClient
from integrations.http import HttpError


class Command(BaseCommand):
    help = "Connects amoCRM: checks the account and keeps the token; with --public-url subscribes the webhook."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default="", help="https://company.amocrm.ru")
        parser.add_argument("--token", default="", help="A long-lived token of an administrator.")
        parser.add_argument("--public-url", default="", help="Where amoCRM reaches this server.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            account = connect.connect(connect.check(options["base_url"], options["token"], now), now)
            if options["public_url"]:
                with AmoClient(account) as client:
                    connect.subscribe(client, options["public_url"])
        except connect.ConnectionRefused as error:
            raise CommandError(error.reason) from None
        except HttpError as error:
            raise CommandError(_("Подписка на изменения не удалась: %(reason)s") % {"reason": error.reason}) from None
        told = {"account": account.name, "amo_id": account.amo_id, "state": account.state, "webhook": account.hook_url}
        self.stdout.write(json.dumps(told, ensure_ascii=False))
