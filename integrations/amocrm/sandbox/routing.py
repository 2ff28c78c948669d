"""Paths below /api/v4. `{kind}` is leads, contacts or companies, `{n}` a number, `{id}` any text."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrations.amocrm.sandbox import (
    account,
    entities,
    events,
    field_groups,
    fields,
    links,
    loss_reasons,
    notes,
    pipelines,
    statuses,
    tags,
    tasks,
    users,
    webhooks,
)
from integrations.amocrm.sandbox.http import Response

Handler = Callable[[Any, Any], Response]


@dataclass(slots=True)
class Match:
    handlers: dict[str, Handler]
    is_admin_only: bool
    is_admin_writes: bool
    kind: str
    ids: tuple[Any, ...]


ALL, WRITES, NOBODY = "all", "writes", ""
TABLE: tuple[tuple[str, str, dict[str, Handler]], ...] = (
    ("/account", NOBODY, {"GET": account.detail}),
    ("/users", ALL, {"GET": users.index}),
    ("/users/{n}", ALL, {"GET": users.detail}),
    ("/webhooks", ALL, {"GET": webhooks.index, "POST": webhooks.subscribe, "DELETE": webhooks.unsubscribe}),
    ("/events", NOBODY, {"GET": events.index}),
    ("/events/types", NOBODY, {"GET": events.types}),
    ("/events/{id}", NOBODY, {"GET": events.detail}),
    ("/tasks", NOBODY, {"GET": tasks.index, "POST": tasks.create, "PATCH": tasks.change_many}),
    ("/tasks/{n}", NOBODY, {"GET": tasks.detail, "PATCH": tasks.change_one, "DELETE": tasks.forbidden}),
    ("/leads/pipelines", WRITES, {"GET": pipelines.index, "POST": pipelines.create}),
    (
        "/leads/pipelines/{n}",
        WRITES,
        {"GET": pipelines.detail, "PATCH": pipelines.change, "DELETE": pipelines.delete},
    ),
    ("/leads/pipelines/{n}/statuses", WRITES, {"GET": statuses.index, "POST": statuses.create}),
    (
        "/leads/pipelines/{n}/statuses/{n}",
        WRITES,
        {"GET": statuses.detail, "PATCH": statuses.change, "DELETE": statuses.delete},
    ),
    ("/leads/loss_reasons", WRITES, {"GET": loss_reasons.index, "POST": loss_reasons.create}),
    (
        "/leads/loss_reasons/{n}",
        WRITES,
        {"GET": loss_reasons.detail, "PATCH": loss_reasons.change, "DELETE": loss_reasons.delete},
    ),
    ("/{kind}", NOBODY, {"GET": entities.index, "POST": entities.create, "PATCH": entities.change_many}),
    ("/{kind}/{n}", NOBODY, {"GET": entities.detail, "PATCH": entities.change_one}),
    (
        "/{kind}/custom_fields",
        WRITES,
        {"GET": fields.index, "POST": fields.create, "PATCH": fields.change_many},
    ),
    (
        "/{kind}/custom_fields/{n}",
        WRITES,
        {"GET": fields.detail, "PATCH": fields.change_one, "DELETE": fields.delete},
    ),
    ("/{kind}/custom_fields/groups", WRITES, {"GET": field_groups.index, "POST": field_groups.create}),
    (
        "/{kind}/custom_fields/groups/{id}",
        WRITES,
        {"GET": field_groups.detail, "PATCH": field_groups.change, "DELETE": field_groups.delete},
    ),
    ("/{kind}/tags", NOBODY, {"GET": tags.index, "POST": tags.create, "PATCH": tags.change}),
    ("/{kind}/links", NOBODY, {"GET": links.of_many}),
    ("/{kind}/link", NOBODY, {"POST": links.link}),
    ("/{kind}/unlink", NOBODY, {"POST": links.unlink}),
    ("/{kind}/{n}/links", NOBODY, {"GET": links.of_one}),
    ("/{kind}/{n}/link", NOBODY, {"POST": links.link}),
    ("/{kind}/{n}/unlink", NOBODY, {"POST": links.unlink}),
    ("/{kind}/notes", NOBODY, {"GET": notes.index, "POST": notes.create, "PATCH": notes.change_many}),
    ("/{kind}/notes/{n}", NOBODY, {"GET": notes.detail, "PATCH": notes.change_one}),
    ("/{kind}/{n}/notes", NOBODY, {"GET": notes.index, "POST": notes.create, "PATCH": notes.change_many}),
    ("/{kind}/{n}/notes/{n}", NOBODY, {"GET": notes.detail, "PATCH": notes.change_one}),
    ("/{kind}/{n}/notes/{n}/pin", NOBODY, {"POST": notes.pin}),
    ("/{kind}/{n}/notes/{n}/unpin", NOBODY, {"POST": notes.pin}),
)


def _pattern(path: str) -> re.Pattern[str]:
    known = {"{kind}": r"(?P<kind>leads|contacts|companies)", "{n}": r"(\d+)", "{id}": r"(\w+)"}
    return re.compile("/".join(known.get(part, re.escape(part)) for part in path.split("/")))


def _converters(path: str) -> list[Callable[[str], Any]]:
    return [int if part == "{n}" else str for part in path.split("/") if part in ("{n}", "{id}")]


PATTERNS = [(_pattern(path), _converters(path), rights, handlers) for path, rights, handlers in TABLE]


def find(path: str) -> Match | None:
    for pattern, converters, rights, handlers in PATTERNS:
        if found := pattern.fullmatch(path):
            kind = found.groupdict().get("kind") or ""
            parts = found.groups()[1:] if kind else found.groups()
            ids = tuple(convert(part) for convert, part in zip(converters, parts, strict=True))
            return Match(handlers, rights == ALL, rights == WRITES, kind, ids)
    return None
