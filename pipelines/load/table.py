"""One statement per page: rows as JSON → what differs is written → what was written comes back.

A page of 250 travels as one JSON parameter and becomes a row set inside the statement. ``was`` is read from the same
snapshot, so the statement itself says which fields changed, without a second look at the table. What it makes anew it
also tells the log.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, models

from ..models import Origin

Row = dict[str, Any]
News = tuple[str, int, datetime, dict[str, Any]]  # type, subject, when, data


@dataclass(slots=True)
class Loaded:
    """Ids of the mirror rows that are new or changed, and how many rows were as they are."""

    created: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    unchanged: int = 0

    @property
    def touched(self) -> list[int]:
        return self.created + self.updated

    def add(self, other: "Loaded") -> None:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged


@dataclass(frozen=True, slots=True)
class Written:
    """A row that was written; of one that was here before also what changed, when, and what more was asked for."""

    id: int
    amo_id: int
    is_new: bool
    fields: tuple[str, ...]
    at: datetime | None
    extra: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Upsert:
    """How rows of one table are written.

    ``incoming``: columns of the JSON rows with their types. ``columns``: column of the table → expression over
    ``i`` (incoming), ``old`` (the row as it is, if any) and the joins. A change of a column in ``quiet`` alone updates
    the row and is no news. ``kept`` columns are set on insert and left alone afterwards.
    """

    model: type[models.Model]
    incoming: Mapping[str, str]
    columns: Mapping[str, str]
    joins: str = ""
    only: str = "true"
    kept: Mapping[str, str] = field(default_factory=dict)
    quiet: frozenset[str] = frozenset({"updated_at", "deleted_at"})
    extra: Sequence[str] = ()  # more expressions to return, over ``was`` (before) and ``r`` (resolved)

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def sql(self) -> str:
        names = list(self.columns)
        all_names = ["amo_id", *names, *self.kept]
        values = ", ".join(f"{sql} AS {name}" for name, sql in {**self.columns, **self.kept}.items())
        news = [name for name in names if name not in self.quiet]
        differing = ", ".join(f"CASE WHEN was.{n} IS DISTINCT FROM r.{n} THEN '{n}' END" for n in news)
        extra = "".join(f", CASE WHEN NOT w.is_new THEN {sql} END" for sql in self.extra)
        return f"""
            WITH i AS MATERIALIZED (SELECT * FROM json_to_recordset(%(rows)s::json) AS i({recordset(self.incoming)})),
            r AS MATERIALIZED (
                SELECT DISTINCT ON (i.amo_id) i.amo_id, {values}
                FROM i LEFT JOIN {self.table} old ON old.amo_id = i.amo_id {self.joins}
                WHERE {self.only} ORDER BY i.amo_id),
            was AS MATERIALIZED (
                SELECT t.id, t.amo_id, {prefixed("t", names)} FROM {self.table} t JOIN r USING (amo_id)),
            written AS (
                INSERT INTO {self.table} AS t ({", ".join(all_names)}, changed_at)
                SELECT {prefixed("r", all_names)}, %(now)s::timestamptz FROM r ORDER BY r.amo_id
                ON CONFLICT (amo_id) DO UPDATE
                SET {", ".join(f"{n} = excluded.{n}" for n in names)}, changed_at = excluded.changed_at
                WHERE ({prefixed("t", names)}) IS DISTINCT FROM ({prefixed("excluded", names)})
                RETURNING t.id, t.amo_id, t.xmax = 0 AS is_new),
            told AS (
                INSERT INTO pipelines_change (type, subject_id, occurred_at, origin, data)
                SELECT '{self.model._meta.model_name}.created', w.id, {self._moment("created_at")}, %(origin)s, '{{}}'
                FROM written w JOIN r USING (amo_id) WHERE w.is_new)
            SELECT w.id, w.amo_id, w.is_new,
                   CASE WHEN w.is_new THEN '{{}}' ELSE array_remove(ARRAY[{differing}]::text[], NULL) END,
                   CASE WHEN NOT w.is_new THEN {self._moment("updated_at")} END{extra}
            FROM written w JOIN r USING (amo_id) LEFT JOIN was USING (amo_id)
            ORDER BY w.amo_id"""  # noqa: S608 – every name is one of ours

    def _moment(self, name: str) -> str:
        is_known = name in self.columns or name in self.kept
        return f"coalesce(r.{name}, %(now)s)" if is_known else "%(now)s::timestamptz"

    def run(self, rows: Sequence[Row], origin: Origin | str, now: datetime) -> list[Written]:
        if not rows:
            return []
        with connection.cursor() as cursor:
            cursor.execute(self.sql, {"rows": as_json(rows), "now": now, "origin": str(origin)})
            return [
                Written(pk, amo_id, is_new, tuple(name.removesuffix("_id") for name in fields), at, tuple(rest))
                for pk, amo_id, is_new, fields, at, *rest in cursor.fetchall()
            ]


def analyze(*written: type[models.Model]) -> None:
    """Let the planner know what came: autovacuum looks once a minute, and an import is over sooner."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in written)}")


def recordset(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


def prefixed(alias: str, names: Iterable[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


def as_json(rows: Any) -> str:
    return orjson.dumps(rows, default=str).decode()


def log(
    entries: Iterable[News],
    origin: Origin | str,
) -> None:
    """The set-wise twin of changes.record."""
    rows = [{"type": a, "subject_id": b, "occurred_at": c, "data": d} for a, b, c, d in entries]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO pipelines_change (type, subject_id, occurred_at, origin, data)
               SELECT type, subject_id, occurred_at, %s, data FROM json_to_recordset(%s::json)
               AS i(type text, subject_id bigint, occurred_at timestamptz, data jsonb)""",
            [str(origin), as_json(rows)],
        )


def news(entity: str, written: Iterable[Written]) -> list[News]:
    """What the log says of rows that were here before; one of which nothing but a stamp changed is no news."""
    return [
        (f"{entity}.updated", row.id, row.at, {"fields": list(row.fields)})
        for row in written
        if row.at and row.fields and not row.is_new
    ]


def loaded(rows: Sequence[Row], written: Sequence[Written]) -> Loaded:
    return Loaded(
        [row.id for row in written if row.is_new],
        [row.id for row in written if not row.is_new],
        len(rows) - len(written),
    )
