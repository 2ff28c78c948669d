"""Where a letter says what came from a field, for the preview.

What flows in: a parsed template and the values. What flows out: what it writes, with a mark at both ends of each such
place; then the marks as ``<mark>``. While Liquid works it sees no marks: a buffer notes the places, so a condition, a
filter and a `capture` meet the same values as in the letter. A place within a tag is left out.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, TextIO

from liquid import BoundTemplate, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.cycle_tag import CycleNode
from liquid.builtin.tags.echo_tag import EchoNode
from liquid.expression import Expression
from liquid.output import LimitedStringIO

OPEN, CLOSE = "\ue000", "\ue001"
TAG = re.compile(r"<!--.*?(?:-->|\Z)|<[a-z/!?](?:[^>\"']|\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z))*(?:>|\Z)", re.DOTALL | re.I)
PLACE = re.compile(f"{OPEN}(.*?){CLOSE}", re.DOTALL)
IN_CLEAN = re.compile(r"(<[^>]*>)")  # where quotes and signs are escaped

Spans = list[tuple[int, int]]


class Noting(LimitedStringIO):
    """The buffer of a whole letter; what is captured goes to others."""

    spans: Spans


class _Noted(Node):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        if not isinstance(buffer, Noting):
            return super().render_to_output(context, buffer)  # type: ignore[safe-super]
        start = buffer.tell()
        written = super().render_to_output(context, buffer)  # type: ignore[safe-super]
        if any(map(_has_field, self.expressions())):
            buffer.spans.append((start, buffer.tell()))
        return written


class Output(_Noted, OutputNode):
    __slots__ = ()


class Echo(_Noted, EchoNode):
    __slots__ = ()


class Cycle(_Noted, CycleNode):
    __slots__ = ()


NODES: dict[str, type[Node]] = {"output": Output, "echo": Echo, "cycle": Cycle}


def _has_field(expression: Expression) -> bool:
    return isinstance(expression, Path) or any(map(_has_field, expression.children()))


def marked(template: BoundTemplate, values: dict[str, Any], *, is_html: bool) -> str:
    buffer = Noting(template.env.output_stream_limit or 0)
    buffer.spans = []
    template.render_with_context(template.context_class(template, globals=template.make_globals(values)), buffer)
    text = buffer.getvalue()
    return _put(text, _beside_tags(text, buffer.spans) if is_html else buffer.spans)


def _beside_tags(text: str, spans: Spans) -> Iterable[tuple[int, int]]:
    tags = [tag.span() for tag in TAG.finditer(text)] if spans else []
    starts = [start for start, _end in tags]

    def is_within(place: int) -> bool:
        before = bisect_left(starts, place)
        return before > 0 and place < tags[before - 1][1]

    return [(start, end) for start, end in spans if not is_within(start) and not is_within(end)]


def _put(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces, done = [], 0
    for start, end in (_trimmed(text, *span) for span in spans):
        if start < end:
            pieces += [text[done:start], OPEN, text[start:end], CLOSE]
            done = end
    return "".join([*pieces, text[done:]])


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the blanks at its ends: where they stand they may vanish."""
    while start < end and _is_blank(text[start]):
        start += 1
    while start < end and _is_blank(text[end - 1]):
        end -= 1
    return start, end


def _is_blank(char: str) -> bool:
    return char.isspace() or not char.isprintable()


def unmarked(text: str) -> str:
    return text.replace(OPEN, "").replace(CLOSE, "")


def highlight(html: str) -> str:
    """The marks become <mark>, which ends before a tag and goes on behind it; inside a tag they only vanish."""
    pieces, is_open = [], False
    for piece in IN_CLEAN.split(html):
        if piece.startswith("<"):
            pieces.append(unmarked(piece))
            continue
        text = (OPEN if is_open else "") + piece
        is_open = text.rfind(OPEN) > text.rfind(CLOSE)
        pieces.append(_lit(text + (CLOSE if is_open else "")))
    return "".join(pieces)


def _lit(text: str) -> str:
    return PLACE.sub(lambda found: f"<mark>{found[1]}</mark>" if found[1].strip() else found[1], text)
