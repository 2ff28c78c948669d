from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crmseg.accounts.models import ApiKey


class Command(BaseCommand):
    help = "Создаёт ключ API и печатает его один раз: последняя строка — сам ключ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="для кого ключ")
        parser.add_argument("--scopes", default="", help=f"через запятую: {', '.join(ApiKey.SCOPES)}")

    def handle(self, *args: Any, **options: Any) -> None:
        name, longest = options["name"].strip(), ApiKey._meta.get_field("name").max_length or 0
        if not name or not name.isprintable() or len(name) > longest:
            raise CommandError(f"Назовите, для кого ключ: от 1 до {longest} знаков в одну строку")
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        unknown = [scope for scope in scopes if scope not in ApiKey.SCOPES]
        if unknown or not scopes:
            named = ", ".join(unknown) or "—"
            raise CommandError(f"Неизвестные права: {named}. Возможные: {', '.join(ApiKey.SCOPES)}")
        key, secret = ApiKey.issue(name, scopes)
        self.stdout.write(
            f"Ключ «{key.name}» создан, права: {', '.join(scopes)}. Сохраните его: второй раз не покажем."
        )
        self.stdout.write(secret)
