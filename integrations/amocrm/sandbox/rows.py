"""Rows of the account. Entities keep custom field values compact; `values` turns them into JSON."""

from dataclasses import dataclass, field
from typing import Any

WON, LOST = 142, 143
CLOSED = (WON, LOST)
KINDS = ("leads", "contacts", "companies")
SINGULAR = {"leads": "lead", "contacts": "contact", "companies": "company"}


class Entity:
    """What leads, contacts and companies share. `head` is the serialised row, dropped on every write."""

    __slots__ = (
        "closest_task_at", "company", "contacts", "created_at", "created_by", "head", "id", "leads", "name",
        "responsible_user_id", "tags", "updated_at", "updated_by", "values",
    )  # fmt: skip
    kind = ""

    def __init__(self, entity_id: int, now: int, user_id: int) -> None:
        self.id = entity_id
        self.name: str | None = None
        self.responsible_user_id = user_id
        self.created_by = self.updated_by = user_id
        self.created_at = self.updated_at = now
        self.closest_task_at: int | None = None
        self.values: dict[int, Any] = {}
        self.tags: tuple[int, ...] = ()
        self.contacts: tuple[int, ...] = ()
        self.leads: tuple[int, ...] = ()
        self.company: int | None = None
        self.head: bytes | None = None


class Lead(Entity):
    __slots__ = ("closed_at", "loss_reason_id", "main", "pipeline_id", "price", "source_id", "status_id")
    kind = "leads"

    def __init__(self, entity_id: int, now: int, user_id: int) -> None:
        super().__init__(entity_id, now, user_id)
        self.price: float | None = 0
        self.pipeline_id = self.status_id = 0
        self.loss_reason_id: int | None = None
        self.closed_at: int | None = None
        self.source_id: int | None = None
        self.main: int | None = None  # the main one of `contacts`


class Contact(Entity):
    __slots__ = ("first_name", "last_name")
    kind = "contacts"

    def __init__(self, entity_id: int, now: int, user_id: int) -> None:
        super().__init__(entity_id, now, user_id)
        self.first_name: str | None = ""
        self.last_name: str | None = ""


class Company(Entity):
    __slots__ = ()
    kind = "companies"


CLASSES: dict[str, type[Entity]] = {"leads": Lead, "contacts": Contact, "companies": Company}


@dataclass(slots=True)
class User:
    id: int
    name: str
    email: str
    group_id: int
    is_admin: bool = False
    is_active: bool = True


@dataclass(slots=True)
class Status:
    id: int
    name: str
    sort: int
    color: str
    type: int = 0
    is_editable: bool = True


@dataclass(slots=True)
class Pipeline:
    id: int
    name: str
    sort: int
    is_main: bool = False
    is_unsorted_on: bool = True
    statuses: dict[int, Status] = field(default_factory=dict)

    def ordered(self) -> list[Status]:
        return sorted(self.statuses.values(), key=lambda status: (status.sort, status.id))

    def first_stage(self) -> Status:
        """Where a lead lands when nobody names a stage: the first that a person could drag it to."""
        return next(status for status in self.ordered() if status.type == 0)


@dataclass(slots=True)
class LossReason:
    id: int
    name: str
    sort: int
    created_at: int
    updated_at: int


@dataclass(slots=True)
class Tag:
    id: int
    name: str
    color: str | None = None


@dataclass(slots=True)
class Field:
    id: int
    name: str
    type: str
    code: str | None = None
    sort: int = 500
    enums: dict[int, dict[str, Any]] = field(default_factory=dict)
    is_predefined: bool = False
    is_api_only: bool = False
    is_computed: bool = False
    group_id: str | None = None
    currency: str | None = None
    remind: str | None = None
    required_statuses: list[dict[str, int]] = field(default_factory=list)
    hidden_statuses: list[dict[str, int]] = field(default_factory=list)
    chained_lists: list[dict[str, Any]] | None = None
    settings: Any = None

    def enum_by(self, key: str, wanted: Any) -> int | None:
        """The id of the enum whose `value` or `code` is exactly this."""
        return next((enum_id for enum_id, enum in self.enums.items() if enum.get(key) == wanted), None)


@dataclass(slots=True)
class FieldGroup:
    id: str
    name: str
    sort: int
    is_predefined: bool = False


@dataclass(slots=True)
class Task:
    id: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    responsible_user_id: int
    text: str
    complete_till: int
    entity_id: int | None = None
    entity_type: str | None = None
    duration: int = 0
    is_completed: bool = False
    task_type_id: int = 1
    result: str | None = None


@dataclass(slots=True)
class Note:
    id: int
    entity_id: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    responsible_user_id: int
    note_type: str
    params: dict[str, Any]
    is_pinned: bool = False


@dataclass(slots=True)
class Event:
    """`before` and `after` are kept bare (an id, a pair, a text); `events` knows the shape of each type."""

    type: str
    entity_type: str
    entity_id: int
    created_by: int
    created_at: int
    before: Any = None
    after: Any = None


@dataclass(slots=True)
class Webhook:
    id: int
    destination: str
    settings: list[str]
    created_at: int
    updated_at: int
    created_by: int
    sort: int = 0
    disabled: bool = False
