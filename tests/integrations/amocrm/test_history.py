"""integrations.amocrm.history: reading everything again leaves the moves made here whose they are."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crmseg.accounts.models import User
from integrations.amocrm.importing import run_import
from integrations.amocrm.models import Push
from integrations.amocrm.plan import plan_pushes
from integrations.amocrm.pull import pull
from integrations.amocrm.push import push
from integrations.amocrm.sandbox.faults import Fault
from pipelines import changes
from pipelines.models import Change, Deal, Stage, StageVisit
from tests.factories import UserFactory

from .conftest import NOW, edit

LATER = NOW + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _uncommitted_is_read_too(monkeypatch):
    monkeypatch.setattr(changes, "safe_horizon", lambda: 2**62)


@pytest.fixture
def person(imported):
    return UserFactory(name="Ольга Белова")


@pytest.fixture
def deal(imported) -> Deal:
    rows = Deal.objects.open().filter(stage__kind="open").select_related("stage__pipeline")
    return rows.order_by("-created_at").first()


def others(deal: Deal) -> list[Stage]:
    return list(deal.pipeline.stages.filter(kind="open").exclude(pk=deal.stage_id).order_by("position"))


def write(client) -> None:
    plan_pushes(timezone.now())
    push(client, timezone.now())


def read_again(client) -> None:
    assert run_import(client, clock=lambda: LATER, is_fresh=True)


def told(deal: Deal) -> list[tuple]:
    return list(deal.visits.values_list("stage", "by", "source").order_by("entered_at", "id"))


def ours(deal: Deal) -> list[tuple]:
    """The visits that the log's moves of this deal point at."""
    lines = Change.objects.filter(type="deal.moved", subject_id=deal.pk, data__has_key="visit").order_by("id")
    visits = StageVisit.objects.in_bulk([line.data["visit"] for line in lines])
    found = [(visits.get(line.data["visit"]), line.actor_id) for line in lines]
    return [(visit and (visit.pk, visit.stage_id, visit.by_id, visit.entered_at), actor) for visit, actor in found]


def there(box, deal: Deal, stage: Stage, minutes: int = 1) -> None:
    """Somebody else moves the deal at amoCRM."""
    box.advanced += 60 * minutes
    edit(box, "leads", id=deal.amo_id, status_id=stage.amo_id)
    box.advanced += 60


def test_move_made_and_written_here_stays_as_it_was_made(imported, person, deal):
    visit = deal.move_to(others(deal)[0], by=person, now=timezone.now())
    write(imported)
    before = ours(deal)
    read_again(imported)
    assert ours(deal) == before == [((visit.pk, visit.stage_id, person.pk, visit.entered_at), person.pk)]
    assert deal.visits.get(left_at=None) == visit


def test_reading_a_second_time_changes_nothing(imported, box, person, deal):
    deal.move_to(others(deal)[0], by=person, now=timezone.now())
    write(imported)
    there(box, deal, others(deal)[1])
    read_again(imported)
    visits, log = list(StageVisit.objects.order_by("id").values()), Change.objects.count()
    read_again(imported)
    assert list(StageVisit.objects.order_by("id").values()) == visits
    assert Change.objects.count() == log


def test_move_that_amocrm_has_yet_to_hear_of_stays(imported, box, person, deal):
    stages = others(deal)
    there(box, deal, stages[2])
    deal.move_to(stages[0], by=person, now=timezone.now())
    deal.move_to(stages[1], by=person, now=timezone.now())
    before = ours(deal)
    plan_pushes(timezone.now())
    read_again(imported)
    assert ours(deal) == before
    assert deal.visits.get(left_at=None).pk == before[-1][0][0]
    assert "gap" not in {source for _stage, _by, source in told(deal)}


def test_strangers_move_between_two_of_ours_comes_in(imported, box, person, deal):
    stages = others(deal)
    deal.move_to(stages[0], by=person, now=timezone.now())
    write(imported)
    there(box, deal, stages[1])
    deal.move_to(stages[2], by=person, now=timezone.now())
    write(imported)
    before = ours(deal)
    read_again(imported)
    assert ours(deal) == before
    *_, first, between, last = told(deal)
    assert first == (stages[0].pk, person.pk, "observed")
    admin = next(user.id for user in box.store.users.values() if user.is_admin)
    assert between == (stages[1].pk, User.objects.get(amo_id=admin).pk, "history")
    assert last == (stages[2].pk, person.pk, "observed")


def test_strangers_move_that_was_pulled_between_two_of_ours_stands_once(imported, box, person, deal):
    stages = others(deal)
    deal.move_to(stages[0], by=person, now=timezone.now())
    write(imported)
    there(box, deal, stages[1])
    pull(imported, LATER)
    deal.refresh_from_db()
    deal.move_to(stages[0], by=person, now=timezone.now())
    write(imported)
    before = ours(deal)
    read_again(imported)
    assert ours(deal) == before
    assert [stage for stage, *_ in told(deal)][-3:] == [stages[0].pk, stages[1].pk, stages[0].pk]


def test_moves_written_as_one_all_stay(imported, person, deal):
    for stage in others(deal)[:3]:
        deal.move_to(stage, by=person, now=timezone.now())
    write(imported)
    before = ours(deal)
    read_again(imported)
    assert ours(deal) == before
    assert len(before) == 3


def test_move_whose_answer_was_lost_stays(imported, box, person, deal):
    deal.move_to(others(deal)[0], by=person, now=timezone.now())
    box.faults.waiting.append(Fault("504_html", path_prefix="/api/v4/leads", method="PATCH", after=True))
    write(imported)
    assert Push.objects.get().state == "unknown"
    before = ours(deal)
    read_again(imported)
    assert ours(deal) == before


def test_undone_move_leaves_the_visit_before_it(imported, person, deal):
    stages = others(deal)
    kept = deal.move_to(stages[0], by=person, now=timezone.now())
    write(imported)
    undone = deal.move_to(stages[1], by=person, now=timezone.now())
    write(imported)
    deal.undo_move(undone.pk, by=person, now=timezone.now())
    write(imported)
    read_again(imported)
    visit = deal.visits.get(left_at=None)
    assert (visit.pk, visit.by_id, visit.entered_at) == (kept.pk, person.pk, kept.entered_at)
    assert deal.visits.filter(entered_at__gte=kept.entered_at).count() == 1
