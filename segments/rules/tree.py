"""A rule after parsing: frozen nodes that need no database any more, each with its path in the document."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .durations import Duration
from .operators import Operator

if TYPE_CHECKING:
    from .fields import Field, Relation


class Junction(StrEnum):
    ALL = "all"
    ANY = "any"
    NONE = "none"


class Pick(StrEnum):
    LATEST = "latest"
    LARGEST = "largest"


class Agg(StrEnum):
    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True)
class Group:
    path: str
    junction: Junction
    nodes: "tuple[Node, ...]"


@dataclass(frozen=True)
class Condition:
    path: str
    field: "Field"
    op: Operator
    value: Any


@dataclass(frozen=True)
class Has:
    path: str
    relation: "Relation"
    op: Operator
    value: Any
    pick: Pick | None = None
    where: "Node | None" = None
    agg: Agg = Agg.COUNT
    of: "Field | None" = None

    @property
    def is_some(self) -> bool:
        """Does it ask no more than that there is such a row?"""
        asked = (self.op.key, self.value)
        return self.agg == Agg.COUNT and (
            (self.op.key == "gte" and 0 < self.value <= 1)
            or (self.op.key == "gt" and 0 <= self.value < 1)
            or asked == ("ne", 0)
        )

    @property
    def is_none(self) -> bool:
        """Does it ask no more than that there is no such row?"""
        return self.agg == Agg.COUNT and (
            (self.op.key == "eq" and self.value == 0)
            or (self.op.key == "lt" and 0 < self.value <= 1)
            or (self.op.key == "lte" and 0 <= self.value < 1)
        )


@dataclass(frozen=True)
class InSegment:
    path: str
    segment: int
    is_in: bool
    since: Duration | None = None


Node = Group | Condition | Has | InSegment


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, ``where`` too."""
    yield node
    if isinstance(node, Group):
        for child in node.nodes:
            yield from walk(child)
    elif isinstance(node, Has) and node.where is not None:
        yield from walk(node.where)
