"""Tasks and notes: each hangs on one contact, company or deal, or on nobody."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ..models import Note, Origin, Task
from .table import Loaded, News, Row, Upsert, loaded, log, news

SUBJECT = {"subject": "text", "subject_id": "bigint", "author": "bigint"}
SUBJECT_COLUMNS = {
    "contact_id": "contact.id",
    "company_id": "company.id",
    "deal_id": "deal.id",
    "author_id": "author.id",
}
JOINS = """
    LEFT JOIN accounts_user author ON author.amo_id = i.author
    LEFT JOIN pipelines_contact contact ON i.subject = 'contact' AND contact.amo_id = i.subject_id
    LEFT JOIN pipelines_company company ON i.subject = 'company' AND company.amo_id = i.subject_id
    LEFT JOIN pipelines_deal deal ON i.subject = 'deal' AND deal.amo_id = i.subject_id"""
STAMPS = {"created_at": "timestamptz", "updated_at": "timestamptz"}
FRESH = {"created_at": "coalesce(i.created_at, %(now)s)", "sync_state": "'synced'", "sync_reason": "''"}
UPDATED = {"updated_at": "coalesce(i.updated_at, %(now)s)", "deleted_at": "NULL::timestamptz"}

TASKS = Upsert(
    Task,
    {
        "amo_id": "bigint",
        **SUBJECT,
        **STAMPS,
        "responsible": "bigint",
        "type": "text",
        "type_name": "text",
        "text": "text",
        "result": "text",
        "due_at": "timestamptz",
        "is_done": "boolean",
        "completed_at": "timestamptz",
    },
    {
        **SUBJECT_COLUMNS,
        "responsible_id": "responsible.id",
        "type": "i.type",
        "type_name": "coalesce(i.type_name, '')",
        "text": "coalesce(i.text, '')",
        "result": "coalesce(i.result, '')",
        "due_at": "coalesce(i.due_at, %(now)s)",
        "is_done": "i.is_done",
        # amoCRM tells no moment of completion: the first sight of it done stays, whatever is edited later
        "completed_at": "CASE WHEN i.is_done THEN coalesce(old.completed_at, i.completed_at) END",
        **UPDATED,
    },
    f"{JOINS} LEFT JOIN accounts_user responsible ON responsible.amo_id = i.responsible",
    kept=FRESH,
    extra=("r.is_done AND coalesce(NOT was.is_done, true)",),
)
NOTES = Upsert(
    Note,
    {"amo_id": "bigint", **SUBJECT, **STAMPS, "kind": "text", "text": "text", "params": "jsonb"},
    {
        **{name: sql for name, sql in SUBJECT_COLUMNS.items() if name != "author_id"},
        "kind": "i.kind",
        "text": "coalesce(i.text, '')",
        "params": "coalesce(i.params, '{}'::jsonb)",
        **UPDATED,
    },
    JOINS,
    only="coalesce(contact.id, company.id, deal.id) IS NOT NULL",  # what nobody can be shown is left out
    kept={"author_id": "author.id", **FRESH},  # a note written here was sent by the token's user: its author stays
)


def load_tasks(rows: Sequence[Row], origin: Origin | str, now: datetime) -> Loaded:
    with transaction.atomic():
        written = TASKS.run(rows, origin, now)
        done: list[News] = [("task.done", row.id, row.at, {}) for row in written if row.at and row.extra[0]]
        log(news("task", written) + done, origin)
        return loaded(rows, written)


def load_notes(rows: Sequence[Row], origin: Origin | str, now: datetime) -> Loaded:
    with transaction.atomic():
        written = NOTES.run(rows, origin, now)
        return loaded(rows, written)
