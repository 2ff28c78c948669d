"""Blocks that an upper package adds to a lower package's page, without the lower one knowing.

The upper package registers a panel for a place from AppConfig.ready(); the page says where, by
{% panels "segment" segment %}.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True)
class PanelContent:
    template: str
    context: dict[str, Any] = field(default_factory=dict)


Panel = Callable[[HttpRequest, Any], PanelContent | None]

_panels: dict[str, list[tuple[int, Panel]]] = {}


def register(place: str, panel: Panel, position: int = 100) -> None:
    """Show the panel at that place; a panel that has nothing to say for an object returns None."""
    here = _panels.setdefault(place, [])
    if all(known is not panel for _, known in here):
        here.append((position, panel))
        here.sort(key=lambda entry: entry[0])


def panels_for(place: str, request: HttpRequest, subject: Any) -> list[PanelContent]:
    answers = (panel(request, subject) for _, panel in _panels.get(place, []))
    return [content for content in answers if content is not None]


@dataclass(frozen=True)
class Column:
    """One more column of a lower package's list; `cells` answers for a whole page of rows at once, by row id."""

    label: Any  # a lazy translation
    cells: Callable[[HttpRequest, Sequence[Any]], Mapping[int, Any]]


@dataclass(frozen=True)
class FilledColumn:
    label: Any
    cells: Mapping[int, Any]


_columns: dict[str, list[tuple[int, Column]]] = {}


def register_column(place: str, column: Column, position: int = 100) -> None:
    here = _columns.setdefault(place, [])
    if all(known.cells is not column.cells for _, known in here):
        here.append((position, column))
        here.sort(key=lambda entry: entry[0])


def columns_for(place: str, request: HttpRequest, rows: Sequence[Any]) -> list[FilledColumn]:
    """The columns of a list, filled for the rows of one page."""
    return [FilledColumn(column.label, column.cells(request, rows)) for _, column in _columns.get(place, [])]
