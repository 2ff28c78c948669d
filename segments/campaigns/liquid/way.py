"""What is known at a place of a template, on one of the ways that lead there."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from .printed import kind

MOST = 64  # ways gone at once
MOST_FIELDS = 4  # of one condition, of which each may be empty or not beside every other

Field = tuple[str, ...]


@dataclass(frozen=True)
class Way:
    has: dict[Field, bool] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, Any] = field(default_factory=dict)  # of what is given; of what is sure the value, too
    sure: frozenset[str] = frozenset()  # the names that hold this very value, not merely one of its kind
    text: str | None = None  # captured so far
    is_whole: bool = True  # nothing has been taken for empty

    @property
    def mark(self) -> Any:
        return self.text, frozenset(self.kinds.items())

    def joined(self, other: "Way") -> "Way":
        has = {name: known for name, known in self.has.items() if other.has.get(name) is known}
        return replace(self, has=has, is_whole=self.is_whole or other.is_whole)

    def knows(self, name: Field) -> bool | None:
        if any(self.has.get(name[:depth]) is False for depth in range(1, len(name) + 1)):
            return False
        return True if any(known and one[: len(name)] == name for one, known in self.has.items()) else None

    def give(self, name: str, value: Any, *, is_sure: bool) -> "Way":
        sure = self.sure | {name} if is_sure else self.sure - {name}
        kinds = {**self.kinds, name: (kind(value), str(value) if is_sure else None)}
        return replace(self, given={**self.given, name: value}, kinds=kinds, sure=sure)


def merged(ways: Iterable[Way]) -> list[Way]:
    found: dict[Any, Way] = {}
    for way in ways:
        mark = way.mark
        found[mark] = found[mark].joined(way) if mark in found else way
    return _telling(list(found.values())) if len(found) > MOST else list(found.values())


def _telling(ways: list[Way]) -> list[Way]:
    """Of too many those that show another kind of some name."""
    seen: set[Any] = set()
    chosen = []
    for way in ways:
        if not seen.issuperset(way.kinds.items()):
            seen.update(way.kinds.items())
            chosen.append(way)
    return (chosen or ways)[:MOST]


def choices(number: int) -> Iterable[tuple[bool, ...]]:
    if number <= MOST_FIELDS:
        return product((True, False), repeat=number)
    alone = [tuple(place == one for place in range(number)) for one in range(number)]
    others = [tuple(not each for each in choice) for choice in alone]
    return [(True,) * number, (False,) * number, *alone, *others]
