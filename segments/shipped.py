"""Ready segments in the reader's language: they are stored in the installation's.

What flows in: a name or a description as stored. What flows out: the same words in the language that is active, when
they are still the ones we shipped (in whatever language); what people wrote themselves stays as they wrote it.
"""

import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from . import gallery

HOLE = re.compile(r"%\((\w+)\)s")
WITH_NAMES_OF_THE_COMPANY = (
    gettext_noop("Молчат после расчёта 14+"),
    gettext_noop("Молчат на этапе «%(stage)s» 14+"),
    gettext_noop("Дольше 14 дней на этапе «%(stage)s», за это время не было ни звонка, ни встречи, ни личного письма"),
    gettext_noop("Дольше нормы на этапе"),
    gettext_noop("Отказ «%(reason)s»"),
    gettext_noop("Отказ «%(reason)s» 90+"),
    gettext_noop("Около бизнеса"),
)

# What was shipped before and may be stored still, and the words that took its place.
EARLIER = {
    gettext_noop("Сделка перешла на этап раньше чем 3 дня назад, с тех пор разговоров не было"): gettext_noop(
        "Сделка в работе перешла на этап от 3 до 14 дней назад; "
        "за последние 3 дня не было ни звонка, ни письма, ни выполненной задачи"
    ),
    "VIP this year": "VIP за год",  # what its English said, though the last 365 days are meant
}


def in_words_of_the_reader(stored: str) -> str:
    for shape, source in _shapes():
        if found := shape.fullmatch(stored):
            values = found.groupdict()
            return _(source) % values if values else _(source)
    return stored


@lru_cache(maxsize=1)
def _shapes() -> list[tuple[re.Pattern[str], str]]:
    """How each shipped text looks in each language; those with more words of ours first."""
    meant = {source: source for source in _sources()} | EARLIER
    found = [(shape(words), now) for source, now in meant.items() for words in _in_every_language(source)]
    return sorted(found, key=lambda one: -len(one[0].pattern))


def _sources() -> set[str]:
    with override(None):  # the source language: the words in the code
        offers = gallery.unchanging()
        texts: list[Any] = [text for offer in offers for text in (offer.name, offer.description)]
        return {str(text) for text in texts if text} | set(WITH_NAMES_OF_THE_COMPANY)


def _in_every_language(source: str) -> set[str]:
    found = {source}
    for code, _name in settings.LANGUAGES:
        with override(code):
            found.add(_(source))
    return found


def shape(words: str) -> re.Pattern[str]:
    """``Отказ «%(reason)s»`` as a pattern that gives the reason back."""
    parts = HOLE.split(words)  # text, name, text, name, …, text
    pieces = (re.escape(part) if number % 2 == 0 else f"(?P<{part}>.+)" for number, part in enumerate(parts))
    return re.compile("".join(pieces), re.DOTALL)
