"""The name in a letter, and the word for whoever has none.

What flows in: the sources of a letter. What flows out: each place where the name stands without a fallback, and what
to put there instead; a place that an ``if`` on the name guards is right as it is.
"""

import re

from django.utils.translation import gettext as _

NAME = "contact.first_name"
PIECE = re.compile(r"\{\{-?(.*?)-?\}\}|\{%-?\s*(\w+)(.*?)-?%\}", re.DOTALL)
FIRST = re.compile(rf"(\{{\{{-?\s*{re.escape(NAME)})(?![\w.])")


def bare(template: dict[str, str]) -> list[str]:
    """The pieces, each once, in the order of the letter."""
    return list(dict.fromkeys(piece for source in template.values() for piece in _bare_in(source)))


def mended(piece: str) -> str:
    """The same piece with a fallback; unchanged where only a person can say what is meant."""
    return FIRST.sub(lambda found: f'{found[1]} | default: "{word()}"', piece, count=1)


def word() -> str:
    return _("коллега")


def _bare_in(source: str) -> list[str]:
    found, guards = [], []
    for piece in PIECE.finditer(source):
        output, tag, rest = piece.groups()
        if tag in ("if", "unless"):
            guards.append(NAME in rest)
        elif tag in ("endif", "endunless") and guards:
            guards.pop()
        elif output and NAME in output and "default" not in output and not any(guards):
            found.append(piece[0])
    return found
