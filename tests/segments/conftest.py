"""The cast, and asking a rule for the names it selects."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from pipelines.models import Contact
from segments.rules.compile import matching
from segments.rules.parse import parse
from tests import database

from .cast import NOW, Cast, make_cast


@pytest.fixture(scope="session")
def troupe(django_db_setup: None, django_db_blocker: Any) -> tuple[bytes, dict[str, bytes]]:
    """Everyone, made once and taken back: as Python knows them, and their rows."""
    with django_db_blocker.unblock(), transaction.atomic():
        before = database.rows()
        known = pickle.dumps(make_cast())
        made = {table: rows for table, rows in database.rows().items() if table not in before}
        transaction.set_rollback(True)
    return known, made


@pytest.fixture
def cast(db: None, troupe: tuple[bytes, dict[str, bytes]]) -> Cast:
    """Their rows are put back: making a hundred of them anew for every test takes many times as long."""
    known, made = troupe
    database.put(made)
    return pickle.loads(known)


def names(rule: Any, **options: Any) -> str:
    """Who is selected, by first letters in the order of the alphabet: «АБ»."""
    found = matching(parse(rule), **{"now": NOW, "base": Contact.objects.all()} | options)
    return "".join(sorted(name[0] for name in found.values_list("name", flat=True)))


@pytest.fixture
def who(cast: Cast) -> Callable[..., str]:
    return names
