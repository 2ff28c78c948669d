"""The reference for people names everything the language has, and its example is a rule."""

import re
from pathlib import Path

import pytest

from segments.rules.dates import PERIODS
from segments.rules.operators import OPERATORS
from segments.rules.parse import parse
from segments.rules.registry import FIELDS, RELATIONS
from segments.rules.tree import Agg, Junction, Pick
from tests.factories import StageFactory

DOCS = (Path(__file__).parents[3] / "docs" / "rules.md").read_text()
QUOTED = re.findall(r"`[^`\n]+`|\"[a-z_]+\"", DOCS)
NAMED = {word for quoted in QUOTED for word in re.findall(r"[a-z_]+", quoted)}


def test_every_operator_is_documented() -> None:
    assert {key for table in OPERATORS.values() for key in table} - NAMED == set()


@pytest.mark.parametrize("entity", ["contact", "deal", "stage_visit", "task", "company"])
def test_every_field_is_documented(entity: str) -> None:
    assert set(FIELDS[entity]) - NAMED == set()


def test_relations_and_words_of_nodes_are_documented() -> None:
    relations = {key for relations in RELATIONS.values() for key in relations} - {"messages"}
    assert relations | {*PERIODS, *Agg, *Junction, *Pick} <= NAMED


@pytest.mark.django_db
def test_the_example_is_a_rule() -> None:
    example = re.findall(r"```json\n(.+?)```", DOCS, re.DOTALL)[0]
    text = example.replace('"value": 4', f'"value": {StageFactory().pk}')
    assert parse(text)
