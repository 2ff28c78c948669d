"""Why a move, or the undoing of one, did not happen; nothing was written."""

from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import User

from .pipeline import Stage


class MoveRefused(Exception):
    """A move that did not happen; nothing was written."""


class LossReasonRequired(MoveRefused):
    def __init__(self) -> None:
        super().__init__(_("Укажите причину отказа"))


class StageChanged(MoveRefused):
    """Somebody else moved the deal first: ``current`` is where it stands now, ``mover`` who did it, where we know."""

    def __init__(self, current: Stage, mover: User | None = None, told: User | None = None) -> None:
        self.current = current
        if mover is None:
            text = _("Сделку уже перенесли на этап «%(stage)s»")
        elif mover == told:
            text = _("Вы уже перенесли эту сделку на этап «%(stage)s»")
        else:
            text = _("Сделку уже перенесли на этап «%(stage)s»: %(person)s")
        super().__init__(text % {"stage": current, "person": mover})


class EntryRefused(MoveRefused):
    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class UndoRefused(MoveRefused):
    """The move is not the latest any more, not one's own, or too long ago."""
