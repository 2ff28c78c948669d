"""What people type in place of what Liquid reads, and what is to be written there.

What flows in: an error of the library, with its place in the source. What flows out: a ``Reason``, or None where
nothing of the kind stands there.
"""

import re
from html import unescape

from liquid.exceptions import LiquidError

from crmseg.web.reasons import Reason

ENTITY = re.compile(r"&(?:\w+|#\w+);")
AND = re.compile(r"(?:&(?:amp;)?){1,2}")
SIGNS = {"≥": ">=", "⩾": ">=", "≤": "<=", "⩽": "<=", "≠": "!=", ">": ">", "<": "<", "||": "or"}
QUOTES = "«»„“”‘’‚‹›`\"'"
WORDS = {"и": "and", "или": "or", "and": "and", "or": "or", "содержит": "contains", "не": "not"}
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}")
FILTER = re.compile(r"\|\s*(append|default|prepend|remove|truncate|truncatewords)\s*$")
NAME = re.compile(r"[^\s=%}]+")
COMMAND = re.compile(r"\{[{%]")
LONGEST = 40  # shown of what was typed


def slip(error: LiquidError, filters: frozenset[str]) -> Reason | None:
    token = error.token
    if token is None or token.start_index < 0:
        return None
    place, source = token.start_index, token.source
    start = max((found.start() for found in COMMAND.finditer(source, max(0, place - 500), place)), default=place)
    before, after = source[start:place], source[place : place + LONGEST]
    if "path with multiple segments" in str(error.message):
        name = NAME.match(after)
        return Reason("own_name_dotted", name=name[0] if name else token.value[:LONGEST])
    return _sign(after) or _word(token.kind, after, before, filters)


def _sign(after: str) -> Reason | None:
    entity = ENTITY.match(after)
    typed = entity[0] if entity else after[:2] if after[:2] in SIGNS else after[:1]
    meant = unescape(typed)
    if meant.startswith("&") and (found := AND.match(after)):
        return Reason("write_instead", sign=found[0], right="and")
    if meant in SIGNS and typed != SIGNS[meant]:
        return Reason("write_instead", sign=typed, right=SIGNS[meant])
    if meant in QUOTES and (entity or meant not in "\"'"):
        return Reason("straight_quotes", sign=typed)
    return Reason("space_instead", sign=typed) if entity and meant.isspace() else None


def _word(kind: str, after: str, before: str, filters: frozenset[str]) -> Reason | None:
    word = re.match(r"\w*", after)[0]  # type: ignore[index]
    if kind == "word" and word.lower() in WORDS:
        right = WORDS[word.lower()]
        if right == "not":
            return Reason("no_not", example="{% unless deal.name %}")
        return Reason("write_instead", sign=word, right=right)
    if kind not in ("word", "string", "integer", "float", "dot") or word in filters:
        return None
    if named := FILTER.search(before):
        return Reason("colon_missing", name=named[1])
    for found in DATE.finditer(before + after):
        if found.start() <= len(before) <= found.end():
            return Reason("date_unquoted", date=found[0])
    return None
