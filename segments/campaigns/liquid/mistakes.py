"""What Liquid says of a faulty template, as a reason for the person who wrote it: what is wrong, what next.

What flows in: the error, in the library's English. What flows out: a ``Reason`` to be kept or shown, and the line.
"""

import re
from collections.abc import Callable

from liquid import Environment
from liquid.exceptions import (
    FilterArgumentError,
    FilterItemTypeError,
    FilterValueError,
    LiquidError,
    LiquidSyntaxError,
    LiquidTypeError,
    ResourceLimitError,
)

from crmseg.web.reasons import Reason

from .dialect import PIECE, Incomparable
from .pieces import BLOCKS, Told, tag
from .printed import Day, Flag, Moment, Number, numeral
from .slips import slip

LONGEST = 80  # of a piece of a template within a reason
INNER = {"else": "if", "elsif": "if", "when": "case", "break": "for", "continue": "for"}

Say = Callable[[re.Match[str], str], Reason]


def _unknown_tag(name: str) -> Reason:
    if name.startswith("end") or name in INNER:
        return Reason("tag_without_start", tag=tag(name), start=tag(INNER.get(name, name.removeprefix("end"))))
    return Reason("no_such_tag", tag=name)


def _not_closed(found: re.Match[str], known: str) -> Reason:
    return Reason("tag_not_closed", tag=tag(found[1]), end=tag(f"end{found[1]}"))


def _odd_sign(found: re.Match[str], known: str) -> Reason:
    sign = found[1] or found[2]
    return Reason("odd_comma") if sign == "," else Reason("odd_sign", sign=sign)


SAYINGS: list[tuple[str, Say]] = [
    (r"expected tag end(\w+)", _not_closed),
    (r"(\w+) tag was never closed", _not_closed),
    (r"unexpected tag '(\w+)'|unexpected '(break|continue)'", lambda m, known: _unknown_tag(m[1] or m[2])),
    (r"missing tag name or closing", lambda m, known: Reason("command_cut", example="{% if deal.name %}")),
    (r"expected '}}'", lambda m, known: Reason("value_cut", end="}}")),
    (r"unknown filter '(.+)'", lambda m, known: Reason("no_such_filter", name=m[1], known=known)),
    (r"expected word", lambda m, known: Reason("filter_missing", known=known)),
    (
        r"missing expression|expected (a primitive|an identifier)|path segment",
        lambda m, known: Reason("value_missing", example="contact.first_name"),
    ),
    (r"expected '=', found '=='", lambda m, known: Reason("write_instead", sign="==", right="=")),
    (r"found '='", lambda m, known: Reason("one_equals_sign")),
    (r"unexpected ['\"]['\"]['\"]", lambda m, known: Reason("quote_open")),
    (r"not operator|unknown operator '!'", lambda m, known: Reason("no_not", example="{% unless deal.name %}")),
    (r"disallowed parentheses", lambda m, known: Reason("no_parentheses")),
    (r"unknown operator '(.+)'", lambda m, known: Reason("no_such_operator", sign=m[1])),
    (r"found (?:integer|float|string)", lambda m, known: Reason("values_in_a_row")),
    (r"found word", lambda m, known: Reason("one_value_only")),
    (r"^expected an integer, found", lambda m, known: Reason("whole_number_needed")),
    (r"'contains' are not supported", lambda m, known: Reason("contains_misused")),
    (r"unexpected '(.+)'|expected end of expression, found '(.+)'", _odd_sign),
]


def reason(error: LiquidError, filters: frozenset[str]) -> Reason:
    text, known = str(error.message), ", ".join(sorted(filters))
    if isinstance(error, ResourceLimitError):
        return Reason("too_many_repeats")
    if isinstance(error, Told):
        return error.reason
    if isinstance(error, Incomparable):
        return _incomparable(error)
    if isinstance(error, LiquidSyntaxError) and (typed := slip(error, filters)):
        return typed
    for pattern, say in SAYINGS:
        if found := re.search(pattern, text):
            return say(found, known)
    if isinstance(error, FilterArgumentError | FilterValueError | FilterItemTypeError):
        named = error.token.value if error.token else ""
        return Reason("filter_misused", name=named if named in filters else re.split(r"\W", text)[0])
    if isinstance(error, LiquidTypeError):
        return Reason("values_misused")
    return Reason("template_unclear", open="{{", close="}}")


def _incomparable(error: Incomparable) -> Reason:
    what = error.what if len(error.what) <= LONGEST else f"{error.what[:LONGEST]}…"
    left, right = (Reason(f"side_{_kind(value)}") for value in error.values)
    return Reason("not_comparable", what=what, left=left, right=right)


def _kind(value: object) -> str:
    if isinstance(value, Day | Moment):
        return "date"
    if isinstance(value, str) and not isinstance(value, Number | Flag):
        return "text"
    return "number" if numeral(value) is not None else "other"


def line(error: LiquidError, source: str, environment: Environment) -> int | None:
    """Where it is: the library leaves some of its errors without a place."""
    try:
        context = error.context()
    except ValueError:  # behind the last line
        return source.count("\n") + 1
    if context:
        return context[0]
    found = _piece(source, environment) or _left_open(source)
    return source.count("\n", 0, found.start()) + 1 if found else None


def _piece(source: str, environment: Environment) -> re.Match[str] | None:
    """The first piece that is no good by itself."""
    for found in PIECE.finditer(source):
        if found["tag"] and found["tag"] not in (*BLOCKS, "assign", "echo", "cycle"):
            continue
        try:
            environment.from_string(found[0] + (tag(f"end{found['tag']}") if found["tag"] in BLOCKS else ""))
        except LiquidSyntaxError:
            return found
    return None


def _left_open(source: str) -> re.Match[str] | None:
    opened: list[re.Match[str]] = []
    for found in PIECE.finditer(source):
        if found["tag"] in BLOCKS:
            opened.append(found)
        elif (found["tag"] or "").startswith("end") and opened:
            opened.pop()
    return opened[-1] if opened else None
