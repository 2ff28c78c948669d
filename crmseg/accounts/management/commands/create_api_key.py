from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crmseg.accounts.models import ApiKey
from crmseg.words import gettext as _


class Command(BaseCommand):
    help = _("Создаёт ключ API и печатает его один раз: последняя строка — сам ключ.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help=_("для кого ключ"))
        scopes = _("права через запятую: %(known)s") % {"known": ", ".join(ApiKey.SCOPES)}
        parser.add_argument("--scopes", default="", help=scopes)

    def handle(self, *args: Any, **options: Any) -> None:
        name, longest = options["name"].strip(), ApiKey._meta.get_field("name").max_length or 0
        if not name or not name.isprintable() or len(name) > longest:
            hint = _("Назовите, для кого ключ: от 1 до %(longest)s знаков в одну строку")
            raise CommandError(hint % {"longest": longest})
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        unknown = [scope for scope in scopes if scope not in ApiKey.SCOPES]
        if not scopes:
            raise CommandError(_("Укажите права: --scopes %(known)s") % {"known": ",".join(ApiKey.SCOPES)})
        if unknown:
            words = _("Неизвестные права: %(unknown)s. Возможные: %(known)s")
            raise CommandError(words % {"unknown": ", ".join(unknown), "known": ", ".join(ApiKey.SCOPES)})
        key, secret = ApiKey.issue(name, scopes)
        told = _("Ключ «%(name)s» создан, права: %(scopes)s. Сохраните его: второй раз не покажем.")
        self.stdout.write(told % {"name": key.name, "scopes": ", ".join(scopes)})
        self.stdout.write(secret)
