"""Tags on an entity: the whole set replaced, or single tags added and taken away."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations.amocrm.sandbox.rows import Entity
from integrations.amocrm.sandbox.validation import Item, is_int

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.state import Store


@dataclass(slots=True)
class Wish:
    """References are names or ids; `whole` is None when the set is not replaced."""

    whole: list[int | str] | None
    added: list[int | str]
    deleted: list[int | str]


def wish(store: "Store", kind: str, item: Item, *, is_new: bool) -> Wish:
    embedded = item.data.get("_embedded")
    whole = None
    if isinstance(embedded, dict) and "tags" in embedded:
        whole = _references(store, kind, item, embedded["tags"], "_embedded.tags")
    added = _references(store, kind, item, item.data.get("tags_to_add"), "tags_to_add")
    deleted = [] if is_new else _references(store, kind, item, item.data.get("tags_to_delete"), "tags_to_delete")
    return Wish(whole, added, deleted)


def _references(store: "Store", kind: str, item: Item, raw: Any, path: str) -> list[int | str]:
    if raw is None:  # `_embedded.tags: null` takes every tag away, like an empty list
        return []
    if not isinstance(raw, list):
        item.wrong_type(path, "array")
        return []
    found: list[int | str] = []
    for index, entry in enumerate(raw):
        known = entry if isinstance(entry, dict) else {}
        if known.get("id") is not None:
            if is_int(known["id"]) and known["id"] in store.tags[kind]:
                found.append(known["id"])
            else:
                item.not_a_choice(f"{path}.{index}.id")
        elif isinstance(known.get("name"), str) and known["name"].strip():
            found.append(known["name"].strip())
        else:
            item.missing(f"{path}.{index}.name")
    return found


def granted(store: "Store", entity: Entity, wish: Wish) -> tuple[int, ...]:
    """The tags the entity ends up with; unknown names enter the dictionary of its kind."""
    tags = list(entity.tags) if wish.whole is None else _ids(store, entity.kind, wish.whole)
    tags += _ids(store, entity.kind, wish.added)
    known = {tag.name: tag.id for tag in store.tags[entity.kind].values()}
    gone = {known.get(reference) if isinstance(reference, str) else reference for reference in wish.deleted}
    return tuple(tag_id for tag_id in dict.fromkeys(tags) if tag_id not in gone)


def _ids(store: "Store", kind: str, references: list[int | str]) -> list[int]:
    return [
        reference if isinstance(reference, int) else store.tag_named(kind, reference).id for reference in references
    ]
