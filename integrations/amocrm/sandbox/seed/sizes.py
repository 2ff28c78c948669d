"""What can be planted, and why the rest cannot: asked by whoever takes a size, before anything is begun."""

from crmseg.words import gettext as _

MOST = 300_000  # of each: half a minute of planting and two gigabytes
LAST_SECOND = 4_102_444_799  # of this century: until when it may be planted
LONGEST_SEED = 18  # digits: what JSON carries


class Unplantable(ValueError):
    """The message is for the person who asked."""


def refusal(*, contacts: int, deals: int, seed: int = 0) -> str:
    """Why there is no such account, in one line; "" when there is."""
    if contacts < 0 or deals < 0:
        return _("Число контактов и сделок не может быть меньше нуля.")
    if max(contacts, deals) > MOST:
        return _("Стенд вмещает до %(most)s контактов и до %(most)s сделок.") % {"most": MOST}
    if deals and not contacts:
        return _("Сделке нужен контакт: укажите хотя бы один контакт или ноль сделок.")
    if abs(seed) >= 10**LONGEST_SEED:
        return _("Число, от которого зависят данные, — до %(digits)s знаков.") % {"digits": LONGEST_SEED}
    return ""


def check(**size: int) -> None:
    if said := refusal(**size):
        raise Unplantable(said)
