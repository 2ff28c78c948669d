"""Blocks that an upper package adds to a lower package's page, without the lower one knowing.

The upper package registers a panel for a place from AppConfig.ready(); the page says where, by
{% panels "segment" segment %}.
"""

from collections.abc import Callable
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
