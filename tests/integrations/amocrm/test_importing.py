"""integrations.amocrm.importing: everything comes in, once, whatever happens on the way."""

import pytest

from integrations.amocrm.importing import run_import
from integrations.amocrm.models import ImportStep, StageEvent
from pipelines.models import Company, Contact, Deal, Note, StageVisit, Task


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
