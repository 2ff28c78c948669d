from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crmseg.accounts.models import ApiKey
from crmseg.words import gettext as _

NARROW = ("contacts:read", "deals:read")  # what a site usually needs


class Command(BaseCommand):
    help = _("Создаёт ключ API и печатает его один раз: последняя строка — сам ключ.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help=_("для кого ключ"))
        scopes = _("права через запятую: %(known)s") % {"known": ", ".join(ApiKey.SCOPES)}
        parser.add_argument("--scopes", default="", help=scopes)

    def refuse(self, options: dict[str, Any]) -> None:
        name, longest = options["name"].strip(), ApiKey._meta.get_field("name").max_length or 0
        if not name or not name.isprintable() or len(name) > longest:
            hint = _("Назовите, для кого ключ: от 1 до %(longest)s знаков в одну строку")
            raise CommandError(hint % {"longest": longest})
        scopes = listed(options["scopes"])
        if not scopes:
            rest = ", ".join(scope for scope in ApiKey.SCOPES if scope not in NARROW)
            told = _("Укажите права, например: --scopes %(some)s. Есть ещё: %(rest)s")
            raise CommandError(told % {"some": ",".join(NARROW), "rest": rest})
        if unknown := [scope for scope in scopes if scope not in ApiKey.SCOPES]:
            words = _("Неизвестные права: %(unknown)s. Возможные: %(known)s")
            raise CommandError(words % {"unknown": ", ".join(unknown), "known": ", ".join(ApiKey.SCOPES)})

    def handle(self, *args: Any, **options: Any) -> None:
        self.refuse(options)
        scopes = listed(options["scopes"])
        key, secret = ApiKey.issue(options["name"].strip(), scopes)
        told = _("Ключ «%(name)s» создан, права: %(scopes)s. Сохраните его: второй раз не покажем.")
        self.stdout.write(told % {"name": key.name, "scopes": ", ".join(scopes)})
        self.stdout.write(secret)


def listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
