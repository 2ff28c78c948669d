"""The norms of the demo beside the deals that the stand-in plants: late is a few, not everybody."""

from collections import defaultdict

import pytest
from django.db import IntegrityError

from crmseg.demo import circle
from crmseg.demo.circle import NORMS
from crmseg.demo.stand import CONTACTS
from crmseg.management.commands.demo import LEAST_CONTACTS, LEAST_DEALS
from integrations.amocrm.sandbox import Sandbox
from integrations.amocrm.sandbox.rows import CLOSED
from pipelines.models import Stage
from pipelines.models.pipeline import STUCK_AFTER
from tests.factories import StageFactory

DAY = 86400
NOW = 1_790_000_000
MOVES = ("lead_added", "lead_status_changed")


def days_waited(contacts, deals):
    """Days on the stage of every open deal, by the name of the stage."""
    store = Sandbox(contacts=contacts, deals=deals, limits=False, now=NOW).store
    names = {status.id: status.name for pipeline in store.pipelines.values() for status in pipeline.statuses.values()}
    came = {event.entity_id: event.created_at for event in store.events if event.type in MOVES}
    days = defaultdict(list)
    for lead in store.entities["leads"].values():
        if lead.status_id not in CLOSED:
            days[names[lead.status_id]].append((NOW - came[lead.id]) / DAY)
    return days


@pytest.fixture(scope="module")
def waited():
    return days_waited(CONTACTS, CONTACTS * 3 // 2)


@pytest.mark.parametrize("contacts", [LEAST_CONTACTS, 60, 365, CONTACTS])
def test_the_smallest_circle_has_somebody_to_write_to(contacts):
    """The segment of the circle is of the fullest stage: those who have waited there for two weeks."""
    stages = days_waited(contacts, LEAST_DEALS).values()
    fullest = max(map(len, stages), default=0)
    assert [sum(day > 14 for day in stage) > 2 for stage in stages if len(stage) == fullest] == [True]


def test_every_open_stage_has_a_norm(waited):
    assert waited.keys() == NORMS.keys()


@pytest.mark.parametrize("stage", ["Расчёт с сайта", "Первичный контакт", "Отправлен расчёт", "Заключение договора"])
def test_most_deals_keep_the_norm_and_a_few_are_stuck(waited, stage):
    norm, days = NORMS[stage][0], waited[stage]
    assert sum(day <= norm for day in days) / len(days) > 0.5
    assert 0.1 <= sum(day > norm * STUCK_AFTER for day in days) / len(days) <= 0.2


@pytest.mark.django_db(transaction=True)
def test_norms_are_set_all_or_none(monkeypatch):
    """Whoever reads them meanwhile must not find a half."""
    for name in NORMS:
        StageFactory(name=name)
    monkeypatch.setitem(circle.NORMS, "Работы", (-1, 90))
    with pytest.raises(IntegrityError):
        circle.set_norms()
    assert not Stage.objects.exclude(max_days=None).exists()
