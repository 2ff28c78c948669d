"""A rule document as people read it: one sentence, and a tree of sentences."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from .models import Segment
from .rules.describe import sentence
from .rules.fields import Known
from .rules.parse import RuleRefused, parse
from .rules.tree import Group, Node


@dataclass(frozen=True)
class Said:
    """A group with what stands in it, or one condition in words."""

    text: SafeString = field(default_factory=lambda: mark_safe(""))
    junction: str = ""
    nodes: "tuple[Said, ...]" = ()


def tree(document: Any, known: Known | None = None) -> Said | None:
    """The rule for reading; None where it cannot be read (broken)."""
    try:
        return _said(parse(document, known), known or Known())
    except RuleRefused:
        return None


def one_sentence(document: Any, known: Known | None = None) -> SafeString | None:
    try:
        return sentence(parse(document, known), known)
    except RuleRefused:
        return None


def with_sentences(segments: Iterable[Segment]) -> list[tuple[Segment, SafeString | None]]:
    """Each segment with its sentence; names are asked of the database once for all."""
    known = Known()
    return [(one, _who(one, known)) for one in segments]


def _who(segment: Segment, known: Known) -> SafeString | None:
    said = one_sentence(segment.rules, known) if segment.rules is not None else None
    return said and _without_subject(said)


def _said(node: Node, known: Known) -> Said:
    if isinstance(node, Group):
        return Said(junction=node.junction.value, nodes=tuple(_said(child, known) for child in node.nodes))
    return Said(text=_without_subject(sentence(node, known)))


def _without_subject(said: SafeString) -> SafeString:
    """A condition in a tree needs no «Контакты:» before it."""
    return mark_safe(said.removeprefix(_("Контакты:") + " "))  # noqa: S308 (a part of what was safe)
