"""What an upper room does from its ``AppConfig.ready()``: a set kept in rows of its own, a relation of contacts."""

from collections.abc import Callable

import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat

from pipelines.models import Note
from segments.rules.access import Among, Column
from segments.rules.operators import Type
from segments.rules.parse import RuleRefused, parse
from segments.rules.registry import FIELDS, RELATIONS, Field, Relation, register_field, register_relation
from tests.factories import ConsentFactory, NoteFactory
from tests.segments.cast import Cast

Who = Callable[..., str]
OPTIONS = (("email:advertising", "почта: реклама"), ("sms:advertising", "СМС: реклама"))


@pytest.fixture(autouse=True)
def _forget_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FIELDS, "contact", dict(FIELDS["contact"]))
    monkeypatch.setitem(FIELDS, "note", {})
    monkeypatch.setitem(RELATIONS, "contact", dict(RELATIONS["contact"]))


def test_a_set_of_rows_is_asked_like_any_set(who: Who, cast: Cast) -> None:
    from segments.campaigns.models import Consent

    def in_force(clock: object) -> object:
        return Consent.objects.filter(address="x").annotate(basis=Concat(F("channel"), Value(":"), F("purpose")))

    register_field(
        "contact", Field("consent", "согласия", Type.SET, Among(in_force, "contact", "basis"), options=OPTIONS)
    )
    for name, channel in [("Анна", "email"), ("Анна", "sms"), ("Борис", "email")]:
        ConsentFactory(contact=cast.people[name], channel=channel, address="x")
    both = ["email:advertising", "sms:advertising"]
    assert who({"field": "consent", "op": "any_of", "value": both}) == "АБ"
    assert who({"field": "consent", "op": "all_of", "value": both}) == "А"
    assert who({"field": "consent", "op": "none_of", "value": both[1:]}) == "БВГД"
    assert who({"field": "consent", "op": "is_set"}) == "АБ"
    with pytest.raises(RuleRefused):
        parse({"field": "consent", "op": "any_of", "value": ["fax:advertising"]})


def test_a_relation_can_be_added(who: Who, cast: Cast) -> None:
    register_field("note", Field("text", "текст", Type.TEXT, Column("text")))
    rows = Note.objects.alive
    register_relation(Relation("contact", "notes", "note", "запись", "записей", lambda clock: rows(), "contact"))
    NoteFactory(contact=cast.people["Вера"], text="Ждёт смету")
    assert who({"has": "notes", "where": {"field": "text", "op": "contains", "value": "СМЕТУ"}}) == "В"
    assert who({"has": "notes", "op": "eq", "value": 2}) == "А"
