"""Random rules: the database and a plain reading of the language agree, and ``none`` is the exact complement."""

import contextlib
import itertools
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.models import Contact
from segments.rules.compile import matching
from segments.rules.fields import Known
from segments.rules.operators import OPERATORS, Operator, Shape, Type
from segments.rules.parse import RuleRefused, parse
from segments.rules.registry import FIELDS, RELATIONS
from tests.factories import MembershipFactory, SegmentFactory
from tests.segments.cast import NOW, Cast, ago

from .brute import World

ABSENT = object()
TEXTS = ["анна", "Королев", "кор", "ВА", "сайт", "%", "_", "дом", "б", "mail.example", "наука"]
NUMBERS = [-1, 0, 0.5, 1, 2, 3, 5, 17.5, 41, 90, 800_000, 5_000_000, 2_592_000]
DATES = ["2026-11-21", "2026-11-01", "2025-10-27", "2026-11-11T11:00:00Z", "2026-11-21T14:00:00+03:00", "1992-02-29"]
SPANS = ["0d", "36h", "10d", "4w", "1m", "30d", "98d", "99d", "1y", "30y"]
PERIODS = ["today", "this_week", "last_week", "this_month", "last_month", "last_quarter", "this_year", "last_year"]
PHONES = ["8 (912) 345-67-89", "912", "+7 912", "0000", "89260001122"]
POOLS: dict[Type, list[Any]] = {
    Type.TEXT: TEXTS,
    Type.NUMBER: NUMBERS,
    Type.MONEY: NUMBERS,
    Type.DATE: DATES,
    Type.DATETIME: DATES,
    Type.DURATION: SPANS,
    Type.BOOLEAN: [True, False],
    Type.SET: ["баня", "гараж", "терраса"],
    Type.CHOICE: ["баня", "гараж", "терраса"],
}
CUSTOM = {
    "contact": {
        "custom.about": Type.TEXT,
        "custom.age": Type.NUMBER,
        "custom.income": Type.MONEY,
        "custom.vip": Type.BOOLEAN,
        "custom.city": Type.CHOICE,
        "custom.wishes": Type.SET,
        "custom.birthday": Type.DATE,
        "custom.visit_at": Type.DATETIME,
    },
    "deal": {"custom.area": Type.NUMBER, "custom.material": Type.CHOICE},
    "company": {"custom.inn": Type.TEXT, "custom.staff": Type.NUMBER},
}
SUMS = {
    "deal": ["price", "custom.area"],
    "stage_visit": ["duration", "since_created", "skipped", "visit_number"],
    "contact": ["won_count", "won_total", "open_deals", "touches", "rfm_recency", "custom.age"],
    "company": ["custom.staff"],
    "task": [],
}


class Rules:
    """Strategies over the names of one cast."""

    def __init__(self, cast: Cast, segment: int) -> None:
        self.segment = segment
        self.ids = {
            "user": [cast.julia.pk, cast.oleg.pk],
            "company": [cast.north.pk],
            "pipeline": [cast.pipeline.pk, cast.repairs.pk],
            "stage": [stage.pk for stage in cast.stages.values()],
            "loss_reason": [cast.expensive.pk, cast.far.pk],
        }

    def node(self, entity: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        leaves = self.condition(entity)
        if entity == "contact":
            leaves = st.one_of(leaves, leaves, self.in_segment())
        if depth == 0:
            return leaves
        below = st.deferred(lambda: self.node(entity, depth - 1))
        groups = st.builds(
            lambda junction, nodes: {junction: nodes},
            st.sampled_from(["all", "any", "none"]),
            st.lists(below, min_size=1, max_size=3),
        )
        relations = [self.has(entity, one, depth - 1) for one in RELATIONS[entity]]
        return st.one_of(leaves, groups, *relations)

    def condition(self, entity: str) -> st.SearchStrategy[dict[str, Any]]:
        types = {key: field.type for key, field in FIELDS[entity].items()} | CUSTOM.get(entity, {})
        kinds = [(key, type, op) for key, type in types.items() for op in OPERATORS[type].values()]
        return st.sampled_from(kinds).flatmap(lambda kind: self._filled(entity, *kind))

    def _filled(self, entity: str, key: str, type: Type, op: Any) -> st.SearchStrategy[dict[str, Any]]:
        rule = {"field": key, "op": op.key}
        one = self.value(entity, key, type)
        shapes = {
            Shape.ONE: one,
            Shape.MANY: st.lists(one, min_size=1, max_size=3),
            Shape.PAIR: st.tuples(one, one).map(list),
            Shape.DAY: st.sampled_from([text for text in DATES if len(text) == 10]),
            Shape.DURATION: st.sampled_from(SPANS),
            Shape.PERIOD: st.sampled_from(PERIODS),
        }
        return st.just(rule) if op.shape == Shape.NONE else shapes[op.shape].map(lambda value: rule | {"value": value})

    def value(self, entity: str, key: str, type: Type) -> st.SearchStrategy[Any]:
        return st.sampled_from(self.pool(entity, key, type))

    def pool(self, entity: str, key: str, type: Type) -> list[Any]:
        field = FIELDS[entity].get(key)
        if field and field.reference:
            return self.ids[field.reference]
        if field and field.options:
            return [option for option, _label in field.options]
        named = {"phone": PHONES, "custom.city": ["Москва", "Истра"], "tags": ["эскроу", "VIP", "нет"]}
        return named.get(key) or POOLS[type]

    def sample(self, entity: str, key: str) -> Any:
        return self.pool(entity, key, FIELDS[entity][key].type)[0]

    def has(self, entity: str, relation: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        target = RELATIONS[entity][relation].target
        keys: dict[str, Any] = {"where": st.deferred(lambda: self.node(target, depth))}
        if RELATIONS[entity][relation].has_picks:
            keys["pick"] = st.sampled_from(["latest", "largest"])
        some = st.fixed_dictionaries({"has": st.just(relation)}, optional=keys)
        return st.builds(lambda one, compared: one | compared, some, self._compared(SUMS[target]))

    def _compared(self, sums: list[str]) -> st.SearchStrategy[dict[str, Any]]:
        count = st.sampled_from([{}, {"op": "eq", "value": 0}, {"op": "lt", "value": 2}, {"op": "in", "value": [0, 2]}])
        if not sums:
            return count
        op = st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte"])
        agg = st.sampled_from(["sum", "avg", "min", "max"])
        number = {"op": op, "value": st.sampled_from(NUMBERS)}
        summed = st.fixed_dictionaries({"agg": agg, "of": st.sampled_from(sums), **number})
        return st.one_of(count, summed, st.fixed_dictionaries({**number, "value": st.sampled_from([0, 1, 2, 3])}))

    def in_segment(self) -> st.SearchStrategy[dict[str, Any]]:
        required = {"segment": st.just(self.segment), "op": st.sampled_from(["in", "not_in"])}
        return st.fixed_dictionaries(required, optional={"for": st.sampled_from(SPANS)})


def member_segment(cast: Cast) -> int:
    segment = SegmentFactory()
    MembershipFactory(segment=segment, contact=cast.people["Анна"], entered_at=ago(20))
    MembershipFactory(segment=segment, contact=cast.people["Борис"], entered_at=ago(5), left_at=ago(1))
    MembershipFactory(segment=segment, contact=cast.people["Глеб"], entered_at=ago(10))
    return segment.pk


def ids(rule: dict[str, Any], **options: Any) -> set[int]:
    found = list(matching(parse(rule), now=NOW, base=Contact.objects.all(), **options).values_list("pk", flat=True))
    assert len(found) == len(set(found)), "nobody stands twice"
    return set(found)


def shaped(key: str, op: Operator, values: list[Any]) -> list[Any]:
    """Three values for an operator, other ones for each field; or lists and pairs of neighbours."""
    if op.shape == Shape.NONE:
        return [ABSENT]
    fixed = {Shape.DAY: [text for text in DATES if len(text) == 10], Shape.DURATION: SPANS, Shape.PERIOD: PERIODS}
    pairs = [[one, other] for one, other in itertools.pairwise([*values, values[0]])]
    found = fixed.get(op.shape) or (values if op.shape == Shape.ONE else pairs)
    return random.Random(f"{key} {op.key}").sample(found, min(3, len(found)))


WRAPPERS: dict[str, list[dict[str, Any]]] = {
    "contact": [],
    "deal": [{"has": "deals"}, {"has": "deals", "pick": "latest"}, {"has": "deals", "pick": "largest"}],
    "stage_visit": [{"has": "stage_visits"}],
    "task": [{"has": "tasks"}],
    "company": [{"has": "company"}],
}


@pytest.mark.parametrize("entity", WRAPPERS)
def test_every_condition_agrees_with_a_plain_reading(cast: Cast, entity: str) -> None:
    rules, world, known, wrong = Rules(cast, member_segment(cast)), World(NOW), Known(), []
    wrappers = WRAPPERS[entity]
    for key, field in known.fields(entity).items():
        for op in field.operators.values():
            for place, value in enumerate(shaped(key, op, rules.pool(entity, key, field.type))):
                rule = {"field": key, "op": op.key} | ({} if value is ABSENT else {"value": value})
                rule = wrappers[place % len(wrappers)] | {"where": rule} if wrappers else rule
                with contextlib.suppress(RuleRefused):  # a reversed pair
                    found = matching(parse(rule, known), now=NOW, base=Contact.objects.all())
                    if set(found.values_list("pk", flat=True)) != world.selected(rule):
                        wrong.append(rule)
    assert wrong == []


def test_random_rules_agree_with_a_plain_reading(cast: Cast) -> None:
    segment = member_segment(cast)
    world = World(NOW)
    everyone = {contact.pk for contact in world.contacts}

    @settings(max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(Rules(cast, segment).node("contact", 3))
    def check(rule: dict[str, Any]) -> None:
        try:
            found = ids(rule)
        except RuleRefused as refused:
            if {error.code for error in refused.errors} != {"reversed"}:
                raise
            return
        assert found == world.selected(rule)
        assert ids({"none": [rule]}) == everyone - found
        some = sorted(everyone)[:2]
        assert ids(rule, within=some) == found & set(some)

    check()
