"""Names of the rule language: fields, relations, references. Upper rooms add theirs from ``AppConfig.ready()``.

``fields`` fills the registry with what the mirror has; campaigns add the messages relation and ``consent``.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from .access import Access, Clock
from .operators import OPERATORS, Operator, Type
from .texts import PLAIN, TextForm

Text = str | Promise
Options = tuple[tuple[str, Text], ...]


@dataclass(frozen=True)
class Field:
    key: str
    label: Text
    type: Type
    access: Access
    reference: str | None = None  # the key of REFERENCES, where values are ids
    options: Options | None = None  # None: any text
    text: TextForm = PLAIN

    @property
    def by_id(self) -> bool:
        return self.reference is not None

    @property
    def operators(self) -> dict[str, Operator]:
        return OPERATORS[self.type]

    @property
    def is_summable(self) -> bool:
        return self.type in {Type.NUMBER, Type.MONEY, Type.DURATION}


@dataclass(frozen=True)
class Relation:
    """Rows of ``target`` that belong to a row of ``source``: ``owner`` leads from them back to its id."""

    source: str
    key: str
    target: str
    label: Text  # «сделка»: there is one
    many: Text  # «сделок»: how many of them
    rows: Callable[[Clock], QuerySet[Any]]
    owner: str
    via: tuple[str, str] | None = None  # (column of the row, column of the owner) where that is shorter

    @property
    def has_picks(self) -> bool:
        return (self.source, self.key) == ("contact", "deals")


@dataclass(frozen=True)
class Reference:
    """What ids may point at. What was deleted is not there: a rule that names it is broken."""

    rows: Callable[[], QuerySet[Any]]
    name: Callable[[Any], str] = str


FIELDS: dict[str, dict[str, Field]] = defaultdict(dict)
RELATIONS: dict[str, dict[str, Relation]] = defaultdict(dict)
REFERENCES: dict[str, Reference] = {}


def register_field(entity: str, *fields: Field) -> None:
    FIELDS[entity].update({one.key: one for one in fields})


def register_relation(*relations: Relation) -> None:
    for relation in relations:
        RELATIONS[relation.source][relation.key] = relation


def register_reference(key: str, rows: Callable[[], QuerySet[Any]], name: Callable[[Any], str] = str) -> None:
    REFERENCES[key] = Reference(rows, name)
