"""A line per step on stderr: redrawn on a terminal, elsewhere written at its end and every few seconds meanwhile.

While somebody is waited for, a line elsewhere comes when something in it changes, and once a minute.

While bars are drawn the log keeps quiet below errors: what it would say of a wait stands in the bar itself.
"""

import logging
import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, TextIO

from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from crmseg.web import formats

from ..http import READ
from .models import Account, ImportStep
from .pause import Pause, current, next_try

NAMES = {
    "users": gettext_lazy("Пользователи"),
    "pipelines": gettext_lazy("Воронки и этапы"),
    "loss_reasons": gettext_lazy("Причины отказа"),
    "company_fields": gettext_lazy("Поля компаний"),
    "contact_fields": gettext_lazy("Поля контактов"),
    "deal_fields": gettext_lazy("Поля сделок"),
    "companies": gettext_lazy("Компании"),
    "contacts": gettext_lazy("Контакты"),
    "deals": gettext_lazy("Сделки"),
    "tasks": gettext_lazy("Задачи"),
    "contact_notes": gettext_lazy("Примечания контактов"),
    "company_notes": gettext_lazy("Примечания компаний"),
    "deal_notes": gettext_lazy("Примечания сделок"),
    "history": gettext_lazy("История этапов"),
}
EVERY = 0.1  # seconds between two drawings on a terminal,
PLAIN_EVERY = 5.0  # between two lines elsewhere,
WAITING_EVERY = 60.0  # and while it waits


class Bars:
    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self._is_live = self.stream.isatty()
        self._counts: dict[str, int] = {}
        self._shown_at = self._heard_at = monotonic()
        self._latest = ""
        self._open = ""
        self._step: ImportStep | None = None
        self._steps = 0
        self._told: datetime | None = None
        self._waits_for: object = None  # what it waits for now,
        self._written: object = None  # and what the last line told of it
        self._was_disabled = 0
        self._is_over = Event()

    def __enter__(self) -> "Bars":
        self._was_disabled = logging.root.manager.disable
        logging.disable(max(self._was_disabled, logging.WARNING))
        if not self._is_live:
            self._pulse = Thread(target=self._beat, daemon=True)
            self._pulse.start()
        return self

    def __exit__(self, *_failure: Any) -> None:
        logging.disable(self._was_disabled)
        self._is_over.set()
        if not self._is_live:
            self._pulse.join()
        self.close()

    def _beat(self) -> None:
        """Whatever it hangs on: somebody who reads a file must see that it is alive, and since when it is silent."""
        while not self._is_over.wait(PLAIN_EVERY / 5):
            if monotonic() - self._shown_at >= (WAITING_EVERY if self._waits_for else PLAIN_EVERY):
                silent = _("ничего нового %(seconds)s с") % {"seconds": round(monotonic() - self._heard_at)}
                latest = self._latest or _("· начинаю")
                self._write(f"{latest}  {silent}")

    def step(self, step: ImportStep) -> None:
        """How far an import step is, or why it waits and until when."""
        self._step, number = step, self._number(step)
        is_waiting = bool(step.next_try_at) and not step.is_done
        if self._is_live and is_waiting:
            self._pause(step, number)
            return
        line = _line(step.entity, step.done, _told(step), number, is_fine=step.is_done and not step.error)
        reason = (step.entity, step.error.text, step.next_try_at) if is_waiting else None
        is_news = bool(reason) and reason != self._written
        self._put(line, step.entity, is_done=step.is_done, is_news=is_news, waits_for=reason)
        if step.is_done:
            self._look_ahead()

    def _look_ahead(self) -> None:
        """The step that is done is told; what takes time from now on is the first page of the next one."""
        if step := ImportStep.objects.exclude(state=ImportStep.State.DONE).first():
            line = _line(step.entity, step.done, _("жду ответа amoCRM"), self._number(step), is_fine=False)
            self._expect(line, step.entity)

    def _expect(self, line: str, name: str) -> None:
        """On a terminal at once; elsewhere only when it takes long enough for silence to be told."""
        self._latest, self._heard_at, self._waits_for = line, monotonic(), None
        if self._is_live:
            self._open = name
            self._draw(line)

    def _number(self, step: ImportStep) -> str:
        self._steps = self._steps or ImportStep.objects.count()
        return f"{step.position + 1}/{self._steps}"

    def _pause(self, step: ImportStep, number: str) -> None:
        """The reason once, on a line that stays; below it the time that is left, drawn over and over."""
        if self._told != step.next_try_at:
            if self._open != step.entity:
                self.close()
            self._draw(_line(step.entity, step.done, step.error.text, number, is_fine=False))
            self.stream.write("\n")
            self._told = step.next_try_at
        self._open = step.entity
        self._draw(f"{'':8}{next_try(step.next_try_at or timezone.now(), timezone.now())}")

    def wait(self, seconds: float, is_over: Callable[[], bool] = lambda: False) -> None:
        """Sleep till the next attempt with the time that is left in view; ``is_over`` ends it early."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and not is_over():
            sleep(min(left, 1.0))
            if self._step:
                self.step(self._step)
        if self._step and self._step.next_try_at:
            self._try_again(self._step)

    def _try_again(self, step: ImportStep) -> None:
        note = _("Пробуем снова, ответа ждём до %(count)s с") % {"count": round(READ)}
        told = f"{step.error.text}. {note}"
        line = _line(step.entity, step.done, told, self._number(step), is_fine=False)
        self._expect(f"{'':8}{note}" if self._is_live else line, step.entity)

    def busy(self) -> bool:
        """Another process is at this work: how far it is, as its rows tell; a second later it is worth another try."""
        step = ImportStep.objects.exclude(state=ImportStep.State.DONE).first()
        name, done = (step.entity, step.done) if step else ("", 0)
        note = _("этим занят другой процесс, жду его")
        held = _held(step)
        told = f"{note}. {held.reason.text}. {held.next_try}" if held else note
        line = _line(name, done, told, self._number(step), is_fine=False) if step else f"· {told}"
        waits_for = (name, done, held and (held.reason.text, held.until))
        self._put(line, name or note, is_news=note not in self._latest, waits_for=waits_for)
        sleep(1.0)
        return True

    def count(self, name: str, more: int) -> None:
        """A page of something came in."""
        self._counts[name] = self._counts.get(name, 0) + more
        self._put(_line(name, self._counts[name], "", "", is_fine=False), name)

    def _put(
        self, line: str, name: str, *, is_done: bool = False, is_news: bool = False, waits_for: object = None
    ) -> None:
        """``waits_for``: what a line tells of a wait, without the time that is left, which changes by itself."""
        self._waits_for = waits_for
        is_repeated = waits_for is not None and waits_for == self._written
        if line != self._latest:
            self._latest, self._heard_at = line, monotonic()
        if not self._is_live:
            if (
                is_done
                or is_news
                or monotonic() - self._shown_at >= (WAITING_EVERY if is_repeated else PLAIN_EVERY) - 1
            ):
                self._write(line)
            return
        if name != self._open:
            self.close()
            self._open = name
        if is_done or is_news or monotonic() - self._shown_at > EVERY:
            self._draw(line)
            self._shown_at = monotonic()
        if is_done:
            self.close()

    def _write(self, line: str) -> None:
        self._shown_at, self._written = monotonic(), self._waits_for
        self.stream.write(f"{line}\n")
        self.stream.flush()

    def _draw(self, line: str) -> None:
        width = shutil.get_terminal_size().columns - 1  # a line that wraps cannot be drawn over
        self.stream.write(f"\r\x1b[2K{line[:width]}")
        self.stream.flush()

    def close(self) -> None:
        if self._open and self._is_live:
            self.stream.write("\n")
        self._open = ""


def _held(step: ImportStep | None) -> Pause | None:
    """What the process that has the work waits for, where its rows tell."""
    if step and step.error and step.next_try_at:
        return Pause(step.error, step.next_try_at)
    account = Account.current()
    return current(account) if account else None


def _told(step: ImportStep) -> str:
    now = timezone.now()
    if step.error:
        said = str(step.error) if step.is_done else step.error.text
        return f"{said}. {next_try(step.next_try_at, now)}" if step.next_try_at else said
    rate = step.rate(now)
    return _("≈ %(rate)s в секунду") % {"rate": formats.number(rate, get_language() or "ru")} if rate else ""


def _line(name: str, done: int, note: str, number: str, *, is_fine: bool) -> str:
    mark = "✓" if is_fine else "·"
    return f"{mark} {number:>5} {NAMES.get(name, name)!s:<24}{done:>9}  {note}".rstrip()
