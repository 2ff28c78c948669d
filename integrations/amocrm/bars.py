"""A line per step on stderr: redrawn on a terminal, written once at the end elsewhere."""

import sys
from time import monotonic
from typing import TextIO

from django.utils.translation import gettext_lazy as _

from .models import ImportStep

NAMES = {
    "users": _("Пользователи"),
    "pipelines": _("Воронки и этапы"),
    "loss_reasons": _("Причины отказа"),
    "company_fields": _("Поля компаний"),
    "contact_fields": _("Поля контактов"),
    "deal_fields": _("Поля сделок"),
    "companies": _("Компании"),
    "contacts": _("Контакты"),
    "deals": _("Сделки"),
    "tasks": _("Задачи"),
    "contact_notes": _("Примечания контактов"),
    "company_notes": _("Примечания компаний"),
    "deal_notes": _("Примечания сделок"),
    "history": _("История этапов"),
}
EVERY = 0.1


class Bars:
    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self.stream = stream
        self._is_live = stream.isatty()
        self._counts: dict[str, int] = {}
        self._shown_at = 0.0
        self._open = ""

    def step(self, step: ImportStep) -> None:
        """How far an import step is."""
        self.show(step.entity, step.done, step.error, is_done=step.is_done)

    def count(self, name: str, more: int) -> None:
        """A page of something came in."""
        self._counts[name] = self._counts.get(name, 0) + more
        self.show(name, self._counts[name])

    def show(self, name: str, done: int, note: str = "", *, is_done: bool = False) -> None:
        if not self._is_live:
            if is_done or note:
                self.stream.write(f"{_line(name, done, note, is_done)}\n")
            return
        if name != self._open:
            self.close()
            self._open = name
        if is_done or note or monotonic() - self._shown_at > EVERY:
            self.stream.write(f"\r\x1b[2K{_line(name, done, note, is_done)}")
            self._shown_at = monotonic()
        if is_done:
            self.close()
        self.stream.flush()

    def close(self) -> None:
        if self._open and self._is_live:
            self.stream.write("\n")
        self._open = ""


def _line(name: str, done: int, note: str, is_done: bool) -> str:
    mark = "✓" if is_done and not note else "·"
    return f"{mark} {NAMES.get(name, name)!s:<24}{done:>9}  {note}".rstrip()
