"""The whole account in memory: rows by id, dictionaries, indexes, and a version per collection for caches."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from integrations.amocrm.sandbox.rows import (
    KINDS,
    Entity,
    Event,
    Field,
    FieldGroup,
    Lead,
    LossReason,
    Note,
    Pipeline,
    Status,
    Tag,
    Task,
    User,
    Webhook,
)

T = TypeVar("T")
WORTH_KEEPING, KEPT = 500, 12  # short lists would only push the long ones out

FIRST_IDS = {
    "leads": 31_000_001,
    "contacts": 52_000_001,
    "companies": 53_000_001,
    "tasks": 71_000_001,
    "notes": 81_000_001,
    "fields": 920_001,
    "enums": 640_001,
    "tags": 210_001,
    "pipelines": 8_140_001,
    "statuses": 68_100_001,
    "loss_reasons": 17_400_001,
    "webhooks": 839_001,
    "groups": 1,
}


class Store:
    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self.user_groups: dict[int, str] = {0: "Отдел продаж"}
        self.sources: dict[int, str] = {}
        self.pipelines: dict[int, Pipeline] = {}
        self.loss_reasons: dict[int, LossReason] = {}
        self.fields: dict[str, dict[int, Field]] = {kind: {} for kind in KINDS}
        self.field_groups: dict[str, dict[str, FieldGroup]] = {kind: {} for kind in KINDS}
        self.tags: dict[str, dict[int, Tag]] = {kind: {} for kind in KINDS}
        self.entities: dict[str, dict[int, Any]] = {kind: {} for kind in KINDS}
        self.trash: dict[str, dict[int, Any]] = {kind: {} for kind in KINDS}
        self.tasks: dict[int, Task] = {}
        self.tasks_of: dict[int, list[int]] = {}
        self.notes: dict[str, dict[int, Note]] = {kind: {} for kind in KINDS}
        self.notes_of: dict[str, dict[int, list[int]]] = {kind: {} for kind in KINDS}
        self.events: list[Event] = []
        self.webhooks: dict[int, Webhook] = {}
        self.versions: Counter[str] = Counter()
        self.next_ids = dict(FIRST_IDS)
        self._sorted: dict[tuple[Any, ...], tuple[int, list[Any]]] = {}

    def new_id(self, name: str) -> int:
        taken = self.next_ids[name]
        self.next_ids[name] = taken + 1
        return taken

    def find(self, kind: str, entity_id: Any) -> Entity | None:
        return self.entities[kind].get(entity_id)

    def touch(self, collection: str) -> None:
        self.versions[collection] += 1

    def touched(self, entity: Entity) -> None:
        entity.head = None
        self.versions[entity.kind] += 1

    def forget_heads(self, *kinds: str) -> None:
        """A dictionary changed, so serialised rows that quote it are stale."""
        for kind in kinds or KINDS:
            for entity in self.entities[kind].values():
                entity.head = None

    def arranged(self, collection: str, key: tuple[Any, ...], build: Callable[[], Iterable[T]]) -> list[T]:
        """The rows of one query, kept until the collection changes: paging must not sort anew per page."""
        version = self.versions[collection]
        cached = self._sorted.get((collection, *key))
        if cached and cached[0] == version:
            return cached[1]
        rows = list(build())
        if len(rows) < WORTH_KEEPING:
            return rows
        if len(self._sorted) >= KEPT:
            self._sorted.pop(next(iter(self._sorted)))
        self._sorted[collection, *key] = (version, rows)
        return rows

    def main_pipeline(self) -> Pipeline:
        return next(pipeline for pipeline in self.pipelines.values() if pipeline.is_main)

    def status(self, pipeline_id: int, status_id: int) -> Status | None:
        pipeline = self.pipelines.get(pipeline_id)
        return pipeline.statuses.get(status_id) if pipeline else None

    def pipeline_of(self, status_id: int) -> int | None:
        return next((p.id for p in self.pipelines.values() if status_id in p.statuses), None)

    def leads_in(self, pipeline_id: int, status_id: int | None = None) -> list[Lead]:
        return [
            lead
            for lead in self.entities["leads"].values()
            if lead.pipeline_id == pipeline_id and status_id in (None, lead.status_id)
        ]

    def tag_named(self, kind: str, name: str) -> Tag:
        """The tag of this name, made on the spot when the dictionary lacks it."""
        for tag in self.tags[kind].values():
            if tag.name == name:
                return tag
        tag = Tag(self.new_id("tags"), name)
        self.tags[kind][tag.id] = tag
        self.touch(f"{kind}/tags")
        return tag

    def field_coded(self, kind: str, code: str) -> Field | None:
        return next((field for field in self.fields[kind].values() if field.code == code), None)

    def group_of(self, user_id: int) -> int:
        user = self.users.get(user_id)
        return user.group_id if user else 0

    def plan_closest_task(self, entity: Entity) -> None:
        open_tasks = [
            task.complete_till
            for task in map(self.tasks.__getitem__, self.tasks_of.get(entity.id, ()))
            if not task.is_completed
        ]
        entity.closest_task_at = min(open_tasks, default=None)
        self.touched(entity)
