"""The fields of a letter, and the word for whoever has nothing there.

What flows in: the sources of a letter. What flows out: field by field each place where it stands without a fallback,
and what to put there instead. Right as it is: a place with `default`, and one that an ``if`` on the field guards. A
name the letter gives to a field (`assign`) stands for the field.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from liquid.exceptions import LiquidError
from liquid.static_analysis import TemplateAnalysis

from .liquid.dialect import COMMENT, PIECE, PLAIN

ASKS, ASKS_ON, ENDS = ("if", "unless", "case"), ("elsif",), ("endif", "endunless", "endcase")
COVERS, FILLS = "default", ("append", "prepend")  # after one that fills it, a value is never empty

Names = frozenset[str]


def bare(template: dict[str, str]) -> dict[str, list[str]]:
    """By field the pieces, each once, in the order of the letter."""
    found: dict[str, list[str]] = defaultdict(list)
    for source in template.values():
        for field, piece in _bare_in(source):
            if piece not in found[field]:
                found[field].append(piece)
    return dict(found)


def mended(piece: str, field: str, word: str) -> str:
    """The same piece with a fallback; unchanged where only a person can say what is meant."""
    first = re.compile(rf"(\{{\{{-?\s*{re.escape(field)})(?![\w.\[-])")
    return first.sub(lambda found: f'{found[1]} | default: "{word}"', piece, count=1)


def _bare_in(source: str) -> Iterator[tuple[str, str]]:
    guards: list[Names] = []
    given: dict[str, Names] = {}
    for piece in PIECE.finditer(COMMENT.sub("", source)):
        output, tag, rest = piece.groups()
        if tag in ASKS:
            guards.append(_fields(rest, given))
        elif tag in ASKS_ON and guards:
            guards[-1] |= _fields(rest, given)
        elif tag in ENDS and guards:
            guards.pop()
        elif tag == "assign":
            name, _sign, value = rest.partition("=")
            given[name.strip()] = _uncovered(value, given)
        elif output or tag == "echo":
            guarded = frozenset().union(*guards)
            yield from ((field, piece[0]) for field in sorted(_uncovered(output or rest, given) - guarded))


def _uncovered(expression: str, given: dict[str, Names]) -> Names:
    return frozenset() if _read(expression.strip())[1] else _fields(expression, given)


def _fields(expression: str, given: dict[str, Names]) -> Names:
    """``contact.company`` and the like; in place of a name given before, what it stands for."""
    names = _read(expression.strip())[0]
    return frozenset().union(*(given.get(name, {name}) for name in names))


@lru_cache(maxsize=2048)
def _read(expression: str) -> tuple[Names, bool]:
    """The names in a value or a condition, and whether an empty value gets a fallback; nothing of a fault."""
    found = _analysed(f"{{{{ {expression} }}}}") or _analysed(f"{{% if {expression} %}}{{% endif %}}")
    if found is None:
        return frozenset(), False
    names = frozenset(".".join(map(str, one.segments)) for each in found.variables.values() for one in each)
    places = {name: min(span.index for span in spans) for name, spans in found.filters.items()}
    filled = [places[name] for name in FILLS if name in places]
    return names, COVERS in places and all(places[COVERS] < place for place in filled)


def _analysed(source: str) -> TemplateAnalysis | None:
    try:
        return PLAIN.from_string(source).analyze(include_partials=False)
    except LiquidError:
        return None
