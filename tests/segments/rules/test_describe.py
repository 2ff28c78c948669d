"""A rule as a sentence: every operator said, cases right, what people typed escaped."""

import re
from typing import Any

import pytest
from django.utils import translation
from django.utils.safestring import SafeString

from segments.rules.describe import sentence
from segments.rules.operators import OPERATORS, Shape
from segments.rules.parse import parse
from segments.rules.registry import FIELDS
from tests.factories import SegmentFactory
from tests.segments.cast import Cast

from .test_against_brute import Rules

THIN, NBSP = "\u202f", "\u00a0"


def said(rule: dict[str, Any]) -> str:
    return re.sub("</?b>", "", sentence(parse(rule))).replace(THIN, " ").replace(NBSP, " ").removeprefix("Контакты: ")


def c(field: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": field, "op": op} | ({"value": value[0]} if value else {})


SENTENCES = [
    (c("name", "eq", "Анна"), "имя — «Анна»"),
    (c("name", "in", ["Анна", "Ира", "Юля"]), "имя — «Анна», «Ира» или «Юля»"),
    (c("name", "not_in", ["Анна", "Ира"]), "имя — ни «Анна», ни «Ира»"),
    (c("phone", "contains", "912-34"), "телефон содержит «91234»"),
    (c("phone", "eq", "89123456789"), "телефон — +7 (912) 345-67-89"),
    (c("email", "is_set"), "почта — есть"),
    (c("lifecycle", "ne", "refused"), "статус клиента не «Отказник»"),
    (c("tags", "none_of", ["a", "b"]), "теги — нет ни «a», ни «b»"),
    (c("tags", "any_of", list("abcdefg")), "теги — «a», «b», «c», «d», «e» и ещё 2"),
    (c("won_total", "gte", 1500000.5), "сумма покупок не меньше 1 500 000,5 ₽"),
    (c("won_count", "between", [1, 3]), "число покупок от 1 до 3"),
    (c("created_at", "before", "2026-11-21"), "создан раньше 21 ноя 2026"),
    (c("created_at", "after", "2026-11-21T11:00:00Z"), "создан позже 21 ноя 2026, 14:00"),
    (c("created_at", "more_than_ago", "21d"), "создан больше 21 дня назад"),
    (c("created_at", "more_than_ago", "22d"), "создан больше 22 дней назад"),
    (c("created_at", "within_last", "21d"), "создан за последние 21 день"),
    (c("created_at", "within_last", "3m"), "создан за последние 3 месяца"),
    (c("created_at", "within_last", "1m"), "создан за последний месяц"),
    (c("created_at", "within_last", "1w"), "создан за последнюю неделю"),
    (c("created_at", "within_next", "1d"), "создан в ближайший день"),
    (c("open_deals", "eq", 0), "число открытых сделок равно 0"),
    (c("last_won_at", "in_period", "this_quarter"), "последняя покупка в этом квартале"),
    ({"has": "deals"}, "есть сделка"),
    ({"has": "deals", "op": "eq", "value": 0}, "нет сделок"),
    (
        {"has": "deals", "pick": "latest", "where": c("price", "gt", 1)},
        "есть последняя сделка, где (бюджет больше 1 ₽)",
    ),
    (
        {"has": "deals", "where": c("stage_kind", "eq", "won"), "op": "gte", "value": 2},
        "число сделок, где (вид этапа — «Успешно») не меньше 2",
    ),
    (
        {"has": "stage_visits", "agg": "sum", "of": "duration", "op": "gt", "value": 3600},
        "сумма «время на этапе» у заходов на этап больше 3 600 с",
    ),
    (
        {"has": "stage_visits", "where": {"all": [c("is_current", "eq", True), c("duration", "gt", "2w")]}},
        "есть заход на этап, где (сейчас на этапе — да <i>и</i> время на этапе дольше 2 недель)",
    ),
    (
        {"all": [c("email", "is_set"), {"none": [c("tags", "is_set"), c("won_count", "eq", 0)]}]},
        'почта — есть <i>и</i> <i class="neg">кроме тех, у кого</i> (теги — есть <i>или</i> число покупок равно 0)',
    ),
    (
        {"all": [{"none": [c("tags", "is_set")]}, c("email", "is_set")]},
        '<i class="neg">кроме тех, у кого</i> (теги — есть) <i>и</i> почта — есть',
    ),
    ({"none": [c("tags", "is_set")]}, '<i class="neg">кроме тех, у кого</i> теги — есть'),
    (c("created_at", "on", "2026-11-21"), "создан — 21 ноя 2026"),
    (
        {"has": "deals", "where": c("stage_entered_at", "more_than_ago", "3d")},
        "есть сделка, где (перешла на этап больше 3 дней назад)",
    ),
    (
        {"any": [c("email", "is_set"), {"all": [c("phone", "is_set"), c("tags", "is_not_set")]}]},
        "почта — есть <i>или</i> (телефон — есть <i>и</i> теги — нет)",
    ),
]


@pytest.mark.django_db
def test_rules_are_said_by_their_table() -> None:
    assert [(found, wanted) for rule, wanted in SENTENCES if (found := said(rule)) != wanted] == []


def test_references_are_said_by_name(cast: Cast) -> None:
    where = c("stage", "in", [cast.stages["Смета"].pk, cast.stages["Договор"].pk])
    assert said({"has": "deals", "where": where}) == "есть сделка, где (этап — «Смета» или «Договор»)"
    assert said(c("responsible", "eq", cast.julia.pk)) == "ответственный — «Юлия»"


def test_segments_are_said_by_name(cast: Cast) -> None:
    rule = {"segment": SegmentFactory(name="Молчат").pk, "op": "in"}
    assert said(rule) == "в сегменте «Молчат»"
    assert said(rule | {"for": "5d"}) == "в сегменте «Молчат» не меньше 5 дней"
    assert said(rule | {"op": "not_in", "for": "1d"}) == "не в сегменте «Молчат» или там меньше 1 дня"


@pytest.mark.django_db
def test_ready_segment_is_said_in_the_language_of_the_reader() -> None:
    ready = SegmentFactory(name="Засыпающие покупатели", ready_key="rfm_fading")
    with translation.override("en"):
        assert ready.title in sentence(parse({"segment": ready.pk, "op": "in"}))
        assert ready.title != ready.name


@pytest.mark.django_db
def test_what_people_typed_is_escaped() -> None:
    segment = SegmentFactory(name="<script>").pk
    found = sentence(parse({"all": [c("name", "in", ["<b>%s</b>", "a&b", "%(x)s"]), {"segment": segment, "op": "in"}]}))
    assert isinstance(found, SafeString)
    assert "«&lt;b&gt;%s&lt;/b&gt;», «a&amp;b» или «%(x)s»" in found
    assert "&lt;script&gt;" in found


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_operator_of_every_field_can_be_said(cast: Cast, language: str) -> None:
    rules = Rules(cast, 1)
    with translation.override(language):
        for entity, wrapped in {
            "contact": None,
            "deal": "deals",
            "stage_visit": "stage_visits",
            "task": "tasks",
        }.items():
            for key, field in FIELDS[entity].items():
                for op in OPERATORS[field.type].values():
                    rule = _example(rules, entity, key, op)
                    assert "%(" not in sentence(parse({"has": wrapped, "where": rule} if wrapped else rule))


def _example(rules: Rules, entity: str, key: str, op: Any) -> dict[str, Any]:
    fixed = {Shape.DAY: "2026-11-21", Shape.DURATION: "21d", Shape.PERIOD: "this_week"}
    if op.shape == Shape.NONE:
        return c(key, op.key)
    value = fixed.get(op.shape) or rules.sample(entity, key)
    shaped = {Shape.MANY: [value], Shape.PAIR: [value, value]}
    return c(key, op.key, shaped.get(op.shape, value))


def test_english_durations_have_english_plurals(cast: Cast) -> None:
    with translation.override("en"):
        found = sentence(parse(c("created_at", "within_last", "1d")))
    assert "in the last day" in found
