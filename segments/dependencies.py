"""What a rule document depends on besides the rows it reads: the clock, and other segments.

Works on the JSON of contracts §4, so that a broken rule can be asked too.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .models import Segment

# Operators that compare with the present instant, and fields whose value grows old without any write.
CLOCK_OPERATORS = frozenset(
    {"within_last", "more_than_ago", "within_next", "more_than_ahead", "in_period", "anniversary_within_next"}
)
CLOCK_FIELDS = frozenset({"duration", "is_overdue", "lifecycle", "consent"})


def depends_on_time(document: Any) -> bool:
    """Whether people enter or leave by the passing of time alone."""
    return any(
        node.get("op") in CLOCK_OPERATORS
        or node.get("field") in CLOCK_FIELDS
        or node.get("of") in CLOCK_FIELDS
        or ("segment" in node and "for" in node)
        for node in nodes(document)
    )


def segments_read(document: Any) -> set[int]:
    """The segments whose stored membership the rule reads."""
    return {node["segment"] for node in nodes(document) if isinstance(node.get("segment"), int)}


def nodes(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
        for value in document.values():
            yield from nodes(value)
    elif isinstance(document, list):
        for value in document:
            yield from nodes(value)


def in_levels(segments: Iterable[Segment]) -> list[list[Segment]]:
    """Sets of segments to evaluate one after another: each reads only those of earlier sets.

    Cycles are refused at save; should one exist all the same, its members come last and read each other's last result.
    """
    waiting = {segment.pk: segment for segment in segments}
    levels: list[list[Segment]] = []
    while waiting:
        ready = [segment for segment in waiting.values() if not (segments_read(segment.rules) & waiting.keys())]
        level = ready or list(waiting.values())
        levels.append(level)
        for segment in level:
            del waiting[segment.pk]
    return levels


def in_order(segments: Iterable[Segment]) -> Sequence[Segment]:
    return [segment for level in in_levels(segments) for segment in level]
