"""Contacts and companies with their addresses."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction

from ..models import Company, Contact, Origin
from .table import Loaded, Row, Upsert, Written, as_json, loaded, log, news

COMMON = {
    "amo_id": "bigint",
    "name": "text",
    "responsible": "bigint",
    "tags": "text[]",
    "custom": "jsonb",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
}
COMMON_COLUMNS = {
    "name": "coalesce(i.name, '')",
    "responsible_id": "responsible.id",
    "tags": "coalesce(i.tags, '{}')::varchar[]",
    "custom": "coalesce(i.custom, '{}'::jsonb)",
    "created_at": "coalesce(i.created_at, %(now)s)",
    "updated_at": "coalesce(i.updated_at, %(now)s)",
    "deleted_at": "NULL::timestamptz",
}
FRESH = {"lifecycle": "'new'", "sync_state": "'synced'", "sync_reason": "''"}
RESPONSIBLE = "LEFT JOIN accounts_user responsible ON responsible.amo_id = i.responsible"

COMPANIES = Upsert(Company, COMMON, COMMON_COLUMNS, RESPONSIBLE, kept=FRESH)
CONTACTS = Upsert(
    Contact,
    COMMON | {"first_name": "text", "last_name": "text", "company": "bigint", "source": "text"},
    COMMON_COLUMNS
    | {
        "first_name": "coalesce(i.first_name, '')",
        "last_name": "coalesce(i.last_name, '')",
        "company_id": "company.id",
        "source": "coalesce(i.source, '')",
    },
    f"{RESPONSIBLE} LEFT JOIN pipelines_company company ON company.amo_id = i.company",
    kept=FRESH,
)


def load_contacts(rows: Sequence[Row], origin: Origin | str, now: datetime) -> Loaded:
    with transaction.atomic():
        return _load(CONTACTS, "contact", rows, origin, now)


def load_companies(rows: Sequence[Row], origin: Origin | str, now: datetime) -> Loaded:
    with transaction.atomic():
        return _load(COMPANIES, "company", rows, origin, now)


def _load(how: Upsert, entity: str, rows: Sequence[Row], origin: Origin | str, now: datetime) -> Loaded:
    written = how.run(rows, origin, now)
    pointed = replace_points(entity, rows, {row.amo_id for row in written if row.is_new})
    written = _with_points(how, written, pointed, rows, now)
    log(news(entity, written), origin)
    return loaded(rows, written)


def _with_points(
    how: Upsert, written: list[Written], pointed: dict[int, list[str]], rows: Sequence[Row], now: datetime
) -> list[Written]:
    """Rows of which an address changed have changed, whether the row itself did or not."""
    merged = [
        replace(row, fields=row.fields + tuple(pointed.pop(row.id))) if row.id in pointed else row for row in written
    ]
    if pointed:
        how.model._default_manager.filter(pk__in=pointed).update(changed_at=now)
        known = how.model._default_manager.filter(pk__in=pointed).values_list("pk", "amo_id", "updated_at")
        merged += [Written(pk, amo_id, False, tuple(pointed[pk]), at) for pk, amo_id, at in known]
    return merged


def replace_points(entity: str, rows: Sequence[Row], new: Collection[int] = ()) -> dict[int, list[str]]:
    """Make the addresses of these people what the rows say; → who changed, and what (emails, phones).

    ``new``: amoCRM ids of rows made just now, which have no addresses to lose and nothing to tell.
    """
    points = [{**point, "amo_id": row["amo_id"]} for row in rows for point in row.get("points", ())]
    owner = f"{entity}_id"
    sql = f"""
        WITH known AS MATERIALIZED (SELECT id FROM pipelines_{entity} WHERE amo_id = ANY(%(known)s)),
        i AS MATERIALIZED (
            SELECT DISTINCT ON (p.id, i.kind, i.value)
                   p.id, i.kind, i.value, i.raw, i.label, i.position, i.is_valid
            FROM json_to_recordset(%(points)s::json) AS i(amo_id bigint, kind text, value text, raw text, label text,
                                                         position smallint, is_valid boolean)
            JOIN pipelines_{entity} p ON p.amo_id = i.amo_id
            ORDER BY p.id, i.kind, i.value, i.position),
        gone AS (
            DELETE FROM pipelines_contactpoint x
            WHERE x.{owner} = ANY(ARRAY(SELECT id FROM known))
              AND NOT EXISTS (SELECT FROM i WHERE i.id = x.{owner} AND i.kind = x.kind AND i.value = x.value)
            RETURNING x.{owner} AS id, x.kind),
        put AS (
            INSERT INTO pipelines_contactpoint AS x ({owner}, kind, value, raw, label, position, is_valid)
            SELECT id, kind, value, raw, label, position, is_valid FROM i ORDER BY id, position
            ON CONFLICT ({owner}, kind, value) WHERE {owner} IS NOT NULL DO UPDATE
            SET raw = excluded.raw, label = excluded.label, position = excluded.position, is_valid = excluded.is_valid
            WHERE (x.raw, x.label, x.position, x.is_valid)
                  IS DISTINCT FROM (excluded.raw, excluded.label, excluded.position, excluded.is_valid)
            RETURNING x.{owner} AS id, x.kind)
        SELECT id, array_agg(DISTINCT kind || 's') FROM (SELECT * FROM gone UNION SELECT * FROM put) AS changed
        WHERE id IN (SELECT id FROM known) GROUP BY id"""  # noqa: S608 – the entity is one of ours
    with connection.cursor() as cursor:
        known = [row["amo_id"] for row in rows if row["amo_id"] not in new]
        cursor.execute(sql, {"points": as_json(points), "known": known})
        return {pk: sorted(kinds) for pk, kinds in cursor.fetchall()}
