"""integrations.amocrm.importing: everything comes in, once, whatever happens on the way."""

from collections import Counter
from contextlib import nullcontext
from datetime import timedelta

import pytest

from integrations.amocrm import intake, session, tasks
from integrations.amocrm.client import AmoClient, TokenRefused
from integrations.amocrm.importing import run_import, start_over
from integrations.amocrm.limiter import Unlimited
from integrations.amocrm.models import ImportStep, StageEvent
from integrations.amocrm.sandbox.faults import Fault
from integrations.amocrm.sandbox.transport import transport
from pipelines.models import Change, Company, Contact, Deal, Note, StageVisit, Task
from segments.models import Segment
from segments.tasks import refresh_all


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch):
    monkeypatch.setattr(intake, "PAGE", 25)


def counts() -> dict[str, int]:
    return {
        "contacts": Contact.objects.count(),
        "companies": Company.objects.count(),
        "leads": Deal.objects.count(),
        "tasks": Task.objects.count(),
        "notes": Note.objects.count(),
    }


def expected(box) -> dict[str, int]:
    kinds = ("contacts", "companies", "leads")
    return {kind: len(box.store.entities[kind]) for kind in kinds} | {
        "tasks": len(box.store.tasks),
        "notes": sum(len(box.store.notes[kind]) for kind in kinds),
    }


@pytest.mark.django_db
def test_import_brings_all_there_is(client, box):
    assert run_import(client)
    assert counts() == expected(box)
    assert StageVisit.objects.filter(left_at=None).count() == len(box.store.entities["leads"])
    assert StageEvent.objects.count() == 0


@pytest.mark.django_db
def test_ready_segments_come_when_the_history_is_read(client):
    before = []
    run_import(client, progress=lambda step: before.append(Segment.objects.count()))
    assert set(before) == {0}
    assert Segment.objects.filter(ready_key="lifecycle_new").exists()


@pytest.mark.django_db
def test_a_worker_that_completes_it_has_everything_counted(client, monkeypatch, django_capture_on_commit_callbacks):
    woken = []
    monkeypatch.setattr(session, "working", lambda: nullcontext(client))
    monkeypatch.setattr(refresh_all, "delay", lambda: woken.append(Segment.objects.count()))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.continue_import()
        tasks.continue_import()
    assert woken == [Segment.objects.count()]


class SimulatedKill(BaseException):
    """The process is gone: nobody catches this."""


def killed_after(pages: int):
    seen = []

    def progress(step: ImportStep) -> None:
        seen.append(step.entity)
        if len(seen) == pages:
            raise SimulatedKill

    return progress


@pytest.mark.django_db
def test_import_killed_at_every_page_goes_on_and_doubles_nothing(client, box):
    kills = 0
    while True:
        try:
            run_import(client, progress=killed_after(1))
            break
        except SimulatedKill:
            kills += 1
    assert kills > 2 * ImportStep.objects.count() - 10
    assert counts() == expected(box)
    assert ImportStep.objects.exclude(state="done").count() == 0


@pytest.mark.django_db
def test_import_killed_inside_a_page_takes_the_page_whole_or_not_at_all(client, box, monkeypatch):
    advance = ImportStep.advance

    def die(step, cursor, count, now):
        if step.entity == "contacts" and not step.attempts:
            raise SimulatedKill
        return advance(step, cursor, count, now)

    monkeypatch.setattr(ImportStep, "advance", die)
    with pytest.raises(SimulatedKill):
        run_import(client)
    assert Contact.objects.count() == 0
    monkeypatch.undo()
    assert run_import(client)
    assert counts() == expected(box)


FAULTS = ["429", "403_html", "500", "502_html", "504_html", "truncated", "empty", "close"]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", FAULTS)
def test_import_waits_out_what_amocrm_throws_at_it(client, box, settings, kind):
    settings.AMOCRM_BREAKER_SECONDS = 0
    for path in ("leads/pipelines", "contacts", "leads", "events"):
        box.faults.waiting.append(Fault(kind, count=2, path_prefix=f"/api/v4/{path}"))
    waits: list[float] = []
    assert run_import(client, wait=waits.append)
    assert len(waits) == 8
    assert counts() == expected(box)


@pytest.mark.django_db
def test_worker_leaves_a_waiting_step_for_later(client, box):
    box.faults.waiting.append(Fault("500", path_prefix="/api/v4/contacts"))
    assert not run_import(client, wait=None)
    step = ImportStep.objects.get(entity="contact_fields")
    assert step.next_try_at
    assert step.error
    assert not run_import(client, wait=None, clock=lambda: step.next_try_at - timedelta(seconds=1))
    assert run_import(client, wait=None, clock=lambda: step.next_try_at)


@pytest.mark.django_db
def test_refused_token_stops_everything_and_says_why(client, box):
    box.grants.clear()
    with pytest.raises(TokenRefused):
        run_import(client)
    client.account.refresh_from_db()
    assert client.account.state == "needs_repair"
    assert client.account.state_reason


@pytest.mark.django_db
def test_missing_right_ends_one_step_only(account, box):
    account.token = box.manager_token
    with AmoClient(account, limiter=Unlimited(), transport=transport(box)) as manager:
        assert run_import(manager)
    assert ImportStep.objects.get(entity="users").error
    assert counts() == expected(box)


@pytest.mark.django_db
def test_product_is_usable_before_the_history_is_in(client):
    def stop_at_history(step: ImportStep) -> None:
        if step.entity == "history":
            raise SimulatedKill

    with pytest.raises(SimulatedKill):
        run_import(client, progress=stop_at_history)
    client.account.refresh_from_db()
    assert client.account.imported_at
    assert client.account.is_importing


@pytest.mark.django_db
def test_history_becomes_visits(client, box):
    run_import(client)
    events = [event for event in box.store.events if event.type == "lead_status_changed"]
    per_deal = Counter(event.entity_id for event in events)
    amo_id, moves = per_deal.most_common(1)[0]
    visits = StageVisit.objects.filter(deal__amo_id=amo_id)
    assert visits.count() == moves + 1
    assert visits.filter(source="history").count() == moves + 1


@pytest.mark.django_db
def test_second_import_changes_nothing(client):
    run_import(client)
    before = Change.objects.count()
    start_over(client.account)
    assert client.account.is_importing
    assert run_import(client)
    assert not [
        change.type for change in Change.objects.order_by("id")[before:] if change.data != {"fields": ["visits"]}
    ]
