"""Names in a template that nobody has: told when it is saved, not by an empty place in a letter.

What flows in: a parsed template and the names there are, a tree of dicts with a typical value at each end. What flows
out: the place of each odd name and what is wrong, as a ``Reason``. What the template makes itself (assign, capture,
for) is never odd.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from liquid import BoundTemplate

from crmseg.web.reasons import Reason

Names = dict[str, Any]

MOST = 5  # odd names told of one source
LONGEST = 80
LIKE = 0.5
NEAR = 3  # names offered instead
BESIDE = re.compile(r"(?:[=<>:,]|\bcontains|\bwhen)\s*$")  # where a text may stand as well


def odd(template: BoundTemplate, names: Names) -> list[tuple[int, Reason]]:
    """The place of each in the source, the first one first."""
    found = template.analyze(include_partials=False)
    used = [one for name, each in found.globals.items() if name not in found.locals for one in each]
    places: dict[str, int] = {}
    for variable in sorted(used, key=lambda one: one.span.index):
        if not _is_known(variable.segments, names):
            places.setdefault(str(variable), variable.span.index)
    source = template.nodes[0].token.source if places else ""
    return [(place, _told(name, names, source[:place])) for name, place in list(places.items())[:MOST]]


def _is_known(segments: list[Any], names: Names) -> bool:
    for depth, segment in enumerate(segments):
        if not isinstance(segment, str) or (depth and segment == "size"):
            return True  # worked out only when a letter is written
        if segment not in names:
            return False
        below = names[segment]
        names = below if isinstance(below, dict) else {}
    return True


def _told(name: str, names: Names, before: str) -> Reason:
    fault = _reason(name, names)
    if not name.isidentifier() or (name.isascii() and not BESIDE.search(before[-LONGEST:])):
        return fault
    return Reason("or_text", fault=fault, name=name[:LONGEST])


def _reason(name: str, names: Names) -> Reason:
    known = {one.casefold(): one for one in _dotted(names)}
    near = _near(name.casefold(), known)
    shown = name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
    if near:
        return Reason("name_mistaken", name=shown, near=", ".join(known[one] for one in near))
    return Reason("no_such_name", name=shown, known=", ".join(one for one in known.values() if ".custom." not in one))


def _near(name: str, known: dict[str, str]) -> list[str]:
    """The fields called as a part of it is, as `contact.company` for `company.name`, before those that look like it."""
    called = [one for part in name.split(".") for one in known if one.rpartition(".")[2] == part]
    return list(dict.fromkeys([*called, *get_close_matches(name, known, n=NEAR, cutoff=LIKE)]))[:NEAR]


def _dotted(names: Names, above: str = "") -> Iterator[str]:
    for name, below in names.items():
        if isinstance(below, dict):
            yield from _dotted(below, f"{above}{name}.")
        else:
            yield above + name
