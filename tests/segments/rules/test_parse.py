"""Everything the language refuses: (document, path, code)."""

import json
from typing import Any

import pytest
from django.utils import timezone

from segments.models import Segment
from segments.rules.fields import Known
from segments.rules.parse import RuleRefused, parse
from tests.factories import CompanyFactory, CustomFieldFactory, PipelineFactory, SegmentFactory, StageFactory
from tests.segments.cast import Cast

pytestmark = pytest.mark.django_db

GOOD = {"field": "won_count", "op": "eq", "value": 0}


def c(field: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": field, "op": op} | ({"value": value[0]} if value else {})


def nested(levels: int) -> dict[str, Any]:
    return {"all": [nested(levels - 1)]} if levels > 1 else GOOD


REFUSED: list[tuple[Any, str, str]] = [
    (None, "", "not_a_node"),
    ({}, "", "not_a_node"),
    ([GOOD], "", "not_a_node"),
    ({"or": [GOOD]}, "", "unknown_node"),
    ({"all": []}, "all", "empty_group"),
    ({"all": GOOD}, "all", "not_a_list"),
    ({"all": [GOOD], "any": [GOOD]}, "any", "unknown_key"),
    ({"all": [GOOD, {"any": [GOOD, {}]}]}, "all.1.any.1", "not_a_node"),
    (GOOD | {"comment": "x"}, "comment", "unknown_key"),
    (GOOD | {"has": "deals"}, "has", "unknown_key"),
    (c("nickname", "eq", "x"), "field", "unknown_field"),
    (c("custom.nothing", "eq", "x"), "field", "unknown_field"),
    ({"field": ["name"], "op": "eq", "value": "x"}, "field", "unknown_field"),
    (c("price", "eq", 1), "field", "unknown_field"),
    (c("name", "like", "x"), "op", "unknown_operator"),
    ({"field": "name", "value": "x"}, "op", "unknown_operator"),
    (c("won_count", "contains", 1), "op", "unknown_operator"),
    (c("created_at", "eq", "2026-01-01"), "op", "unknown_operator"),
    (c("created_at", "anniversary_within_next", "1d"), "op", "unknown_operator"),
    (c("name", "eq"), "value", "value_missing"),
    (c("name", "eq", ""), "value", "empty_value"),
    (c("name", "eq", "  \t"), "value", "empty_value"),
    (c("name", "eq", 5), "value", "not_a_text"),
    (c("name", "eq", None), "value", "not_a_text"),
    (c("name", "eq", "a\0b"), "value", "bad_text"),
    (c("name", "eq", "\ud800"), "value", "bad_text"),
    (c("phone", "contains", "звонить"), "value", "bad_text"),
    (c("name", "in", []), "value", "empty_list"),
    (c("name", "in", "x"), "value", "not_a_list"),
    (c("name", "in", ["x", ""]), "value.1", "empty_value"),
    (c("name", "in", ["x"] * 10_001), "value", "too_many_values"),
    (c("name", "is_set", True), "value", "value_not_here"),
    (c("name", "is_not_set", None), "value", "value_not_here"),
    (c("won_count", "eq", "1"), "value", "not_a_number"),
    (c("won_count", "eq", True), "value", "not_a_number"),
    (c("won_count", "eq", float("nan")), "value", "bad_number"),
    (c("won_count", "eq", float("inf")), "value", "bad_number"),
    (c("won_count", "between", [2, 1]), "value", "reversed"),
    (c("won_count", "between", [1]), "value", "not_a_pair"),
    (c("won_count", "between", [1, "2"]), "value.1", "not_a_number"),
    (c("created_at", "before", "21.11.2026"), "value", "bad_date"),
    (c("created_at", "before", "2026-02-30"), "value", "bad_date"),
    (c("created_at", "before", "20261121"), "value", "bad_date"),
    (c("created_at", "before", "0001-01-01"), "value", "bad_date"),
    (c("created_at", "before", "2026-11-21T10:00:00"), "value", "no_zone"),
    (c("created_at", "on", "2026-11-21T10:00:00Z"), "value", "not_a_date"),
    (c("created_at", "between", ["2026-11-22", "2026-11-21"]), "value", "reversed"),
    (c("created_at", "between", ["2026-11-21T10:00:00Z", "2026-11-21T09:00:00Z"]), "value", "reversed"),
    (c("created_at", "within_last", 14), "value", "bad_duration"),
    (c("created_at", "within_last", "14"), "value", "bad_duration"),
    (c("created_at", "within_last", "-1d"), "value", "bad_duration"),
    (c("created_at", "within_last", "1.5d"), "value", "bad_duration"),
    (c("created_at", "within_last", "1D"), "value", "bad_duration"),
    (c("created_at", "within_last", "٣d"), "value", "bad_duration"),
    (c("created_at", "in_period", "tomorrow"), "value", "unknown_period"),
    (c("lifecycle", "eq", "rich"), "value", "unknown_option"),
    (c("lifecycle", "in", ["vip", "rich"]), "value.1", "unknown_option"),
    (c("responsible", "eq", "1"), "value", "bad_id"),
    (c("responsible", "eq", True), "value", "bad_id"),
    (c("responsible", "eq", 0), "value", "bad_id"),
    (c("responsible", "eq", 2**80), "value", "bad_id"),
    (c("responsible", "eq", 987654), "value", "unknown_id"),
    (c("company", "in", [987654]), "value.0", "unknown_id"),
    (c("tags", "any_of", []), "value", "empty_list"),
    (c("tags", "eq", "x"), "op", "unknown_operator"),
    ({"has": "visits"}, "has", "unknown_relation"),
    ({"has": "contacts"}, "has", "unknown_relation"),
    ({"has": ["deals"]}, "has", "unknown_relation"),
    ({"has": "deals", "where": None}, "where", "not_a_node"),
    ({"has": "deals", "where": c("last_name", "eq", "x")}, "where.field", "unknown_field"),
    ({"has": "deals", "pick": "first"}, "pick", "unknown_option"),
    ({"has": "tasks", "pick": "latest"}, "pick", "pick_not_here"),
    ({"has": "deals", "agg": "median"}, "agg", "unknown_option"),
    ({"has": "deals", "of": "price"}, "of", "of_not_here"),
    ({"has": "deals", "agg": "sum"}, "of", "of_missing"),
    ({"has": "deals", "agg": "sum", "of": "name"}, "of", "of_not_a_number"),
    ({"has": "deals", "agg": "sum", "of": "won_total"}, "of", "unknown_field"),
    ({"has": "deals", "op": "is_set"}, "op", "unknown_operator"),
    ({"has": "deals", "op": "between"}, "value", "not_a_pair"),
    ({"has": "deals", "value": "1"}, "value", "not_a_number"),
    ({"has": "stage_visits", "where": c("duration", "eq", "1d")}, "where.op", "unknown_operator"),
    ({"has": "stage_visits", "where": c("duration", "gt", 5)}, "where.value", "bad_duration"),
    ({"has": "stage_visits", "where": c("duration", "between", ["2m", "1d"])}, "where.value", "reversed"),
    ({"has": "stage_visits", "where": c("is_current", "eq", 1)}, "where.value", "not_a_boolean"),
    ({"has": "stage_visits", "where": c("is_current", "is_set")}, "where.op", "unknown_operator"),
    ({"has": "stage_visits", "where": c("skipped_stages", "any_of", ["Смета"])}, "where.value.0", "bad_id"),
    ({"has": "tasks", "where": c("type", "eq", "dance")}, "where.value", "unknown_option"),
    ({"segment": 987654, "op": "in"}, "segment", "unknown_id"),
    ({"segment": "1", "op": "in"}, "segment", "bad_id"),
    ({"segment": 1}, "op", "unknown_operator"),
    ({"segment": 1, "op": "eq"}, "op", "unknown_operator"),
    ({"segment": 1, "op": "in", "for": "101y"}, "for", "duration_too_long"),
    ({"has": "stage_visits", "where": c("duration", "gt", "99999y")}, "where.value", "duration_too_long"),
    (
        {"has": "stage_visits", "where": c("duration", "between", ["1d", "99999d"])},
        "where.value.1",
        "duration_too_long",
    ),
    (c("created_at", "within_last", "999999999h"), "value", "duration_too_long"),
    ({"segment": 1, "op": "in", "for": "soon"}, "for", "bad_duration"),
    ({"has": "deals", "where": {"segment": 1, "op": "in"}}, "where", "segment_not_here"),
    (nested(11), ".".join(["all.0"] * 10), "too_deep"),
    ({"all": [GOOD] * 200}, "all.199", "too_many_nodes"),
]


def errors(document: Any, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(RuleRefused) as refused:
        parse(document, **options)
    return [(error.path, error.code) for error in refused.value.errors]


def test_refusals_name_the_path() -> None:
    wrong = [(document, found) for document, *error in REFUSED if (found := errors(document)) != [tuple(error)]]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ('{"field": "name", "op": "eq", "op": "ne", "value": "x"}', "", "duplicate_key"),
        ('{"field": "won_count", "op": "eq", "value": NaN}', "", "bad_json"),
        ('{"field": "won_count", "op": "eq", "value": -Infinity}', "", "bad_json"),
        ('{"field": "won_count", "op": "eq", "value": 1e999999999999999999999}', "value", "bad_number"),
        ('{"field": "won_count", "op": "eq", "value": 1e400}', "value", "bad_number"),
        ('{"field": "won_count", "op": "eq", "value": ' + "9" * 5000 + "}", "value", "bad_number"),
        ('{"field": "responsible", "op": "eq", "value": 1.0}', "value", "bad_id"),
        ('{"field": ', "", "bad_json"),
        ("", "", "bad_json"),
        ('{"all": [' * 100_000, "", "too_deep"),
        (b"\xff\xfe", "", "bad_json"),
    ],
)
def test_text_is_refused_like_a_document(text: str, path: str, code: str) -> None:
    assert errors(text) == [(path, code)]


@pytest.mark.parametrize(("text", "words"), [("", "Начните с одного"), ('{"all": [\n,', "строка 2, знак 1")])
def test_text_that_is_no_rule_yet_says_how_to_go_on(text: str, words: str) -> None:
    with pytest.raises(RuleRefused, match=words):
        parse(text)


def test_refusal_names_the_place_only_where_there_is_one() -> None:
    with pytest.raises(RuleRefused, match=r"^Условий пока нет"):
        parse("")
    with pytest.raises(RuleRefused, match=r"^field: Такого поля здесь нет: nickname$"):
        parse(c("nickname", "eq", "x"))
    with pytest.raises(RuleRefused, match=r"^x: Лишний ключ$"):
        parse(GOOD | {"x": 1})


def test_all_errors_are_reported_at_once() -> None:
    document = {"all": [c("nickname", "eq", "x"), c("name", "eq", ""), {"has": "deals", "where": {"any": []}}]}
    assert {path for path, _code in errors(document)} == {"all.0.field", "all.1.value", "all.2.where.any"}


def test_what_the_limits_allow_is_read() -> None:
    assert parse(nested(10))
    assert parse({"all": [GOOD] * 199})
    assert parse(c("created_at", "within_last", "100y"))
    assert parse(c("name", "in", ["x"] * 10_000))
    assert parse(json.dumps({"has": "deals", "where": {"has": "contacts", "where": GOOD}}))


def test_where_counts_as_depth() -> None:
    rule: dict[str, Any] = {"field": "is_current", "op": "eq", "value": True}
    rule = {"has": "deals", "where": {"has": "stage_visits", "where": rule}}
    for _level in range(7):
        rule = {"all": [rule]}
    assert parse(rule)
    assert errors({"all": [rule]})[0][1] == "too_deep"


def test_custom_fields_know_their_options_and_types(cast: Cast) -> None:
    assert parse(c("custom.city", "eq", "Москва"))
    assert errors(c("custom.city", "eq", "москва")) == [("value", "unknown_option")]
    assert errors(c("custom.wishes", "any_of", ["баня", "пруд"])) == [("value.1", "unknown_option")]
    assert errors(c("custom.blob", "is_set")) == [("field", "unknown_field")]
    assert errors(c("custom.area", "eq", 1)) == [("field", "unknown_field")]


def test_deleted_things_cannot_be_named() -> None:
    gone = timezone.now()
    CustomFieldFactory(key="old", deleted_at=gone)
    stage, pipeline = StageFactory(deleted_at=gone), PipelineFactory(deleted_at=gone)
    segment = SegmentFactory(deleted_at=gone)
    assert errors(c("custom.old", "is_set")) == [("field", "unknown_field")]
    assert errors(c("company", "eq", CompanyFactory(deleted_at=gone).pk)) == [("value", "unknown_id")]
    assert errors({"segment": segment.pk, "op": "in"}) == [("segment", "unknown_id")]
    where = {"all": [c("stage", "eq", stage.pk), c("pipeline", "in", [pipeline.pk])]}
    assert errors({"has": "deals", "where": where})[0][1] == "unknown_id"


def test_references_are_resolved_in_one_query_per_model(cast: Cast, django_assert_num_queries: Any) -> None:
    stages = [stage.pk for stage in cast.stages.values()]
    people = c("responsible", "in", [cast.julia.pk, cast.oleg.pk])
    deals = [{"has": "deals", "where": {"all": [c("stage", "in", stages), people]}} for _time in range(3)]
    known = Known()
    with django_assert_num_queries(2):
        parse({"all": [people, *deals]}, known)
    with django_assert_num_queries(0):
        parse({"any": [people, *deals]}, known)


def test_a_segment_cannot_depend_on_itself() -> None:
    first = SegmentFactory()
    assert errors({"none": [{"segment": first.pk, "op": "in"}]}, segment=first.pk) == [("none.0.segment", "cycle")]


def test_a_cycle_is_refused_with_its_path() -> None:
    first = SegmentFactory()
    second = SegmentFactory(rules={"all": [{"segment": first.pk, "op": "not_in"}]})
    third = SegmentFactory(rules={"has": "deals", "where": {"has": "contacts", "where": _in(second)}})
    with pytest.raises(RuleRefused) as refused:
        parse(_in(third), segment=first.pk)
    assert f"{first.pk} → {third.pk} → {second.pk} → {first.pk}" in refused.value.errors[0].message
    assert parse(_in(second), segment=third.pk)


def test_own_types_of_tasks_may_be_named(cast: Cast) -> None:
    cast.people["Вера"].tasks.update(type="2190382", type_name="Замер")
    assert parse({"has": "tasks", "where": c("type", "eq", "2190382")})


def _in(segment: Segment) -> dict[str, Any]:
    return {"segment": segment.pk, "op": "in"}
