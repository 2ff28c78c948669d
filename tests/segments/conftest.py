"""The cast, and asking a rule for the names it selects."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.models import Contact
from segments.rules.compile import matching
from segments.rules.parse import parse

from .cast import NOW, Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def names(rule: Any, **options: Any) -> str:
    """Who is selected, by first letters in the order of the alphabet: «АБ»."""
    found = matching(parse(rule), **{"now": NOW, "base": Contact.objects.all()} | options)
    return "".join(sorted(name[0] for name in found.values_list("name", flat=True)))


@pytest.fixture
def who(cast: Cast) -> Callable[..., str]:
    return names
