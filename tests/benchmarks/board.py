"""How long the board and the list of contacts take with many rows in them.

Deals, people, their phones and tasks are written by COPY. Then each page is asked for through the whole of Django, as
a browser asks, next to SQL written by hand for the same figures and the same cards: the ratio says what the layers
between cost, and drifts less from machine to machine than the milliseconds do. Medians of warm runs.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from crmseg.accounts.models import Role, User
from pipelines.models import Pipeline, Stage

LIMIT_MS = 250  # of the board at 50,000 open deals
PEOPLE = 20
NORMS = (None, 2, 7, 7, 14, 14, 5, None)  # of the open stages, the incoming one first
CLOSED = 0.2  # beside the open deals
NAMES = ("Савина", "Ковалёв", "Гусева", "Орлов", "Фёдорова", "Лебедев", "Зайцева", "Морозов")
HOUSES = ("Каркасный дом", "Дом из газобетона", "Баня", "Дом по проекту «Фьорд»", "Барнхаус")

FIGURES = """
SELECT d.stage_id, count(*), sum(d.price),
  count(*) FILTER (WHERE d.stage_entered_at < now() - s.max_days * 2 * interval '1 day'),
  percentile_disc(0.5) WITHIN GROUP (ORDER BY d.stage_entered_at)
FROM pipelines_deal d JOIN pipelines_stage s ON s.id = d.stage_id
WHERE d.deleted_at IS NULL AND d.pipeline_id = %(pipeline)s GROUP BY d.stage_id
"""
CARDS = """
SELECT d.*, c.name, t.text, t.due_at FROM pipelines_stage s
CROSS JOIN LATERAL (
  SELECT * FROM pipelines_deal WHERE stage_id = s.id AND deleted_at IS NULL ORDER BY stage_entered_at, id LIMIT 16
) d
LEFT JOIN pipelines_dealcontact l ON l.deal_id = d.id AND l.is_main
LEFT JOIN pipelines_contact c ON c.id = l.contact_id
LEFT JOIN LATERAL (
  SELECT text, due_at FROM pipelines_task WHERE deal_id = d.id AND NOT is_done AND deleted_at IS NULL
  ORDER BY due_at, id LIMIT 1
) t ON true
WHERE s.pipeline_id = %(pipeline)s AND s.kind IN ('incoming', 'open')
"""
CHIPS = """
WITH tasks AS (
  SELECT deal_id, bool_or(due_at < now()) AS overdue FROM pipelines_task
  WHERE NOT is_done AND deleted_at IS NULL AND deal_id IS NOT NULL GROUP BY deal_id
)
SELECT count(*) FILTER (WHERE t.overdue), count(*) FILTER (WHERE t.deal_id IS NULL)
FROM pipelines_deal d JOIN pipelines_stage s ON s.id = d.stage_id LEFT JOIN tasks t ON t.deal_id = d.id
WHERE d.deleted_at IS NULL AND d.pipeline_id = %(pipeline)s AND s.kind IN ('incoming', 'open')
"""
PAGE = """
SELECT c.*, p.value, d.total FROM (
  SELECT * FROM pipelines_contact WHERE deleted_at IS NULL ORDER BY name_key, id LIMIT 51
) c
LEFT JOIN pipelines_contactpoint p ON p.contact_id = c.id
LEFT JOIN LATERAL (
  SELECT sum(price) AS total FROM pipelines_deal d JOIN pipelines_dealcontact l ON l.deal_id = d.id
  WHERE l.contact_id = c.id
) d ON true
"""
# By looking at every name: what an index is worth shows in a ratio below one.
FOUND_DEALS = """
SELECT d.stage_id, count(*), sum(d.price) FROM pipelines_deal d
WHERE d.deleted_at IS NULL AND d.pipeline_id = %(pipeline)s AND (d.name_key LIKE %(name)s OR EXISTS (
  SELECT 1 FROM pipelines_dealcontact l JOIN pipelines_contact c ON c.id = l.contact_id
  WHERE l.deal_id = d.id AND c.name_key LIKE %(name)s
)) GROUP BY d.stage_id
"""
FOUND = """
SELECT c.* FROM pipelines_contact c WHERE c.deleted_at IS NULL AND (c.name_key LIKE %(name)s OR EXISTS (
  SELECT 1 FROM pipelines_contactpoint p WHERE p.contact_id = c.id AND p.value LIKE %(value)s
)) ORDER BY c.name_key, c.id LIMIT 51
"""


def run(deals: int = 50_800, times: int = 7) -> Iterator[dict[str, Any]]:
    settings.DEBUG = False  # else Django keeps the text of every statement
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.ALLOWED_HOSTS.append("testserver")
    pipeline, users = fill(deals)
    head = Client()
    head.force_login(users[0])
    manager = Client()
    manager.force_login(users[-1])
    for what, client, url, by_hand, values in pages(pipeline, users, head, manager):
        ms, bare = timed(lambda c=client, u=url: opened(c, u), times), None
        line = {"what": what, "deals": deals, "ms": round(ms, 1)}
        if by_hand:
            bare = timed(lambda s=by_hand, v=values: asked(s, v), times)
            line |= {"by_hand_ms": round(bare, 1), "ratio": round(ms / bare, 1)}
        yield line | ({"limit_ms": LIMIT_MS} if url.startswith(reverse("deals:board")) else {})


Page = tuple[str, Client, str, Sequence[str], dict[str, Any]]


def pages(pipeline: Pipeline, users: Sequence[User], head: Client, manager: Client) -> list[Page]:
    board, contacts, chosen = reverse("deals:board"), reverse("contacts:list"), {"pipeline": pipeline.pk}
    name, one, phone = (
        {"name": f"%{part}%", "value": f"%{part}%", **chosen} for part in ("гусева", "гусева 4712", "0004712")
    )
    return [
        ("board", head, board, (FIGURES, CARDS, CHIPS), chosen),
        ("board, one manager", manager, board, (), {}),
        ("board, no tasks", head, f"{board}?task=none", (), {}),
        ("board, a frequent name", head, f"{board}?q=гусева", (FOUND_DEALS,), name),
        ("board, a rare name", head, f"{board}?q=гусева 4712", (FOUND_DEALS,), one),
        ("contacts", head, contacts, (PAGE,), {}),
        ("contacts, a frequent name", head, f"{contacts}?q=гусева", (FOUND,), name),
        ("contacts, a rare name", head, f"{contacts}?q=гусева 4712", (FOUND,), one),
        ("contacts, by phone", head, f"{contacts}?q=0004712", (FOUND,), phone),
        ("contacts, one manager", manager, contacts, (), {}),
    ]


def timed(work: Callable[[], object], times: int) -> float:
    """Milliseconds: the median of some runs after the first."""
    work()
    spans = []
    for _ in range(times):
        began = perf_counter()
        work()
        spans.append(perf_counter() - began)
    return median(spans) * 1000


def opened(client: Client, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 200, answer


def asked(statements: Sequence[str], values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
            cursor.fetchall()


def fill(number: int) -> tuple[Pipeline, list[User]]:
    """A pipeline with so many open deals, each with a person of its own; the same rows every time."""
    dice = random.Random(1)
    roles = [Role.HEAD, *[Role.MANAGER] * (PEOPLE - 1)]
    users = [
        User.objects.create_user(f"user{n}@example.org", role=role, name=f"Юлия Щербакова {n}")
        for n, role in enumerate(roles)
    ]
    pipeline = Pipeline.objects.create(name="Строительство коттеджей", is_main=True)
    stages = lay_stages(pipeline)
    total = int(number * (1 + CLOSED))
    copy("pipelines_contact", contacts(total, users, dice))
    copy("pipelines_contactpoint", points(total))
    copy("pipelines_deal", deals(number, total, users, stages, dice))
    links = ({"id": n, "deal_id": n, "contact_id": n, "is_main": True} for n in range(1, total + 1))
    copy("pipelines_dealcontact", links)
    copy("pipelines_task", tasks(number, users, dice))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return pipeline, users


def lay_stages(pipeline: Pipeline) -> list[Stage]:
    kinds = [Stage.Kind.INCOMING, *[Stage.Kind.OPEN] * (len(NORMS) - 1), Stage.Kind.WON, Stage.Kind.LOST]
    return [
        Stage.objects.create(pipeline=pipeline, name=f"Этап {n}", position=n * 10, kind=kind, max_days=norm)
        for n, (kind, norm) in enumerate(zip(kinds, [*NORMS, None, None], strict=True), 1)
    ]


NOW = datetime.now(UTC)
MIRRORED = {"created_at": NOW, "updated_at": NOW, "changed_at": NOW, "sync_state": "synced", "sync_reason": ""}
PERSON = MIRRORED | {"tags": "{}", "custom": "{}", "lifecycle": "new"}


def contacts(total: int, users: Sequence[User], dice: random.Random) -> Iterator[dict[str, Any]]:
    for n in range(1, total + 1):
        name, owner = f"{dice.choice(NAMES)} {n}", dice.choice(users).pk
        yield PERSON | {"id": n, "name": name, "responsible_id": owner, "first_name": "", "last_name": "", "source": ""}


def points(total: int) -> Iterator[dict[str, Any]]:
    for n in range(1, total + 1):
        for kind, value in (("phone", f"+7{9_000_000_000 + n}"), ("email", f"client{n}@mail.example")):
            point = {"contact_id": n, "kind": kind, "value": value, "raw": value, "label": "", "position": 0}
            yield point | {"id": n * 2 + (kind == "email"), "is_valid": True}


def deals(
    number: int, total: int, users: Sequence[User], stages: Sequence[Stage], dice: random.Random
) -> Iterator[dict[str, Any]]:
    for n in range(1, total + 1):
        entered = NOW - timedelta(minutes=dice.randrange(1, 43_200))
        stage = dice.choice(stages[:-2] if n <= number else stages[-2:])
        row = MIRRORED | {"id": n, "name": f"{dice.choice(HOUSES)}, {n}", "price": dice.randrange(1, 90) * 100_000}
        row |= {"pipeline_id": stage.pipeline_id, "stage_id": stage.pk, "stage_entered_at": entered}
        row |= {"responsible_id": dice.choice(users).pk, "source": "", "tags": "{рассрочка}", "custom": "{}"}
        yield row | {"closed_at": None if stage.is_open else entered}


def tasks(number: int, users: Sequence[User], dice: random.Random) -> Iterator[dict[str, Any]]:
    """Seven deals of ten have an open task, a third of those overdue."""
    for n in range(1, number + 1):
        if dice.random() < 0.7:
            due = NOW + timedelta(hours=dice.randrange(-100, 200))
            row = MIRRORED | {"id": n, "deal_id": n, "type": "follow_up", "type_name": "", "text": "Перезвонить"}
            yield row | {"result": "", "responsible_id": dice.choice(users).pk, "due_at": due, "is_done": False}


def copy(table: str, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(first)}) FROM STDIN") as into:
        into.write_row(list(first.values()))
        for row in rows:
            into.write_row(list(row.values()))
