"""Deals, stage visits, tasks, people of a deal, companies: what binds to one row, what is counted and summed."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.segments.cast import Cast

Who = Callable[..., str]


def has(relation: str, **keys: Any) -> dict[str, Any]:
    return {"has": relation} | keys


def is_(field: str, value: Any, op: str = "eq") -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


WON, LOST = is_("stage_kind", "won"), is_("stage_kind", "lost")
DEALS: list[tuple[dict[str, Any], str]] = [
    (has("deals"), "АБВГ"),
    (has("deals", op="eq", value=0), "Д"),
    (has("deals", op="gt", value=0.5), "АБВГ"),
    (has("deals", op="lt", value=1), "Д"),
    (has("deals", op="gte", value=0), "АБВГД"),
    (has("deals", op="lte", value=1), "БВГД"),
    (has("deals", op="ne", value=1), "АД"),
    (has("deals", op="in", value=[0, 4]), "АД"),
    (has("deals", op="between", value=[2, 4]), "А"),
    (has("deals", value=2), "А"),
    (has("deals", where=WON, op="gte", value=2), "А"),
    (has("deals", where=LOST), "Б"),
    (has("deals", where={"all": [WON, is_("price", 2_000_000, "lt"), is_("name", "дом")]}), ""),
    (has("deals", where={"none": [WON]}), "АБВГ"),
    ({"none": [has("deals", where=WON)]}, "БВГД"),
    (has("deals", where=is_("name", "КОТТЕДЖ")), "Б"),
    (has("deals", where=is_("tags", ["эскроу"], "any_of")), "Б"),
    (has("deals", where=is_("custom.area", 90)), "В"),
    (has("deals", where=is_("custom.material", "баня", "ne")), "АВГ"),
    (has("deals", where={"field": "closed_at", "op": "is_not_set"}), "АВГ"),
    (has("deals", where=is_("closed_at", "30d", "within_last")), "АБ"),
    (has("deals", where=is_("stage_entered_at", "14d", "more_than_ago")), "АБВ"),
    (has("deals", where={"field": "price", "op": "is_not_set"}), "А"),
    (has("deals", where=is_("source", "САЙТ")), "А"),
    (has("deals", agg="sum", of="price", op="gte", value=6_800_000), "АБ"),
    (has("deals", agg="sum", of="price", op="eq", value=0), "Д"),
    (has("deals", agg="sum", of="price", op="lt", value=3_000_000), "ГД"),
    (has("deals", agg="avg", of="price", op="between", value=[2_000_000, 4_000_000]), "АВ"),
    (has("deals", agg="min", of="price", op="ne", value=1), "АБВГ"),
    (has("deals", agg="max", of="price", op="ne", value=5_000_000), "БВГ"),
    (has("deals", agg="sum", of="custom.area", op="gt", value=100), "Б"),
    (has("deals", agg="min", of="custom.area", op="gte", value=0), "БВ"),
    (has("deals", pick="latest", where=WON), ""),
    (has("deals", pick="latest", where=is_("name", "забор")), "А"),
    (has("deals", pick="largest", where=WON), "А"),
    (has("deals", pick="largest", op="eq", value=0), "Д"),
    (has("deals", pick="largest", agg="sum", of="price", op="eq", value=5_000_000), "А"),
    ({"none": [has("deals", pick="latest", where={"field": "price", "op": "is_set"})]}, "АД"),
    (has("company", where=is_("name", "ООО «севердом»")), "А"),
    (has("company", where=is_("custom.inn", "7701")), "А"),
    (has("company", op="eq", value=0), "БВГД"),
    (has("company", agg="sum", of="custom.staff", op="gt", value=30), "А"),
    (has("tasks"), "БВ"),
    (has("tasks", where=is_("is_overdue", True)), "В"),
    (has("tasks", where=is_("is_done", False), op="gte", value=2), "В"),
    (has("tasks", where=is_("type", "meeting")), "БВ"),
    (has("tasks", where=is_("completed_at", "2m", "within_last")), "Б"),
    (has("tasks", where=is_("due_at", "3d", "within_next")), "В"),
    (has("deals", where=has("tasks", where=is_("is_overdue", True))), "В"),
    (has("deals", where=has("contacts", op="gte", value=2)), "АГ"),
    (has("deals", where=has("contacts", where=is_("won_count", 2, "gte"))), "АГ"),
    (has("deals", where=has("contacts", agg="sum", of="won_total", op="eq", value=5_800_000)), "АГ"),
    (has("deals", where=has("contacts", agg="max", of="touches", op="eq", value=1)), "АБВГ"),
    (has("deals", where=has("contacts", agg="sum", of="touches", op="eq", value=0)), ""),
    (has("deals", where=has("contacts", agg="sum", of="open_deals", op="gte", value=3)), "АГ"),
]


def test_relations_select_by_their_table(who: Who) -> None:
    assert [(rule, found) for rule, names in DEALS if (found := who(rule)) != names] == []


def test_every_relation_has_its_complement(who: Who) -> None:
    for rule, names in DEALS:
        assert who({"none": [rule]}) == "".join(sorted(set("АБВГД") - set(names))), rule


def visits(**keys: Any) -> dict[str, Any]:
    return has("stage_visits", **keys)


def on(cast: Cast, stage: str) -> dict[str, Any]:
    return is_("stage", cast.stages[stage].pk)


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ([is_("direction", "backward")], "АГ"),
        ([is_("direction", "transfer")], "АГ"),
        ([is_("direction", "start"), is_("is_current", True)], "А"),
        ([is_("skipped", 2)], "АГ"),
        ([is_("skipped", 0, "gt"), is_("direction", "backward")], "АГ"),
        ([is_("visit_number", 1, "gt")], ""),
        ([is_("duration", "29d", "gt"), is_("is_current", False)], "АБ"),
        ([is_("duration", "30d", "gte"), is_("is_current", True)], "АБВ"),
        ([is_("duration", "30d", "gt"), is_("is_current", True)], "А"),
        ([is_("duration", ["20d", "24d"], "between")], "АГ"),
        ([is_("duration", "1m", "lt"), is_("direction", "start")], "АВГ"),
        ([is_("duration", "50d", "gte"), is_("duration", "2m", "lt")], "АБ"),
        ([is_("since_created", "0d", "lte")], "АБВГ"),
        ([is_("since_created", "3m", "gte")], ""),
        ([is_("since_created", "90d", "gte")], "А"),
        ([is_("left_at", "25d", "within_last")], "АГ"),
        ([{"field": "left_at", "op": "is_not_set"}], "АБВГ"),
        ([{"field": "previous_stage", "op": "is_not_set"}, is_("is_current", True)], "А"),
        ([{"field": "skipped_stages", "op": "is_set"}], "АБГ"),
        ([is_("entered_at", "2026-11-19", "on")], "АГ"),
    ],
)
def test_stage_visits_select_by_their_table(who: Who, conditions: list[dict[str, Any]], names: str) -> None:
    assert who(visits(where={"all": conditions})) == names


def test_conditions_on_visits_bind_to_one_visit(who: Who, cast: Cast) -> None:
    long_at_estimate = {"all": [on(cast, "Смета"), is_("duration", "29d", "gt")]}
    assert who(visits(where=long_at_estimate)) == "БВ"
    assert who(visits(where={"all": [on(cast, "Отказ"), is_("is_current", False)]})) == ""


def test_visits_name_stages(who: Who, cast: Cast) -> None:
    stage = {name: row.pk for name, row in cast.stages.items()}
    assert who(visits(where=is_("stage", [stage["Заявка"], stage["Осмотр"]], "in"))) == "АГ"
    assert who(visits(where=is_("previous_stage", stage["Договор"]))) == "АГ"
    assert who(visits(where=is_("skipped_stages", [stage["Расчёт"], stage["Смета"]], "all_of"))) == "АГ"
    assert who(visits(where=is_("skipped_stages", [stage["Договор"]], "any_of"))) == "АБ"
    assert who(visits(where=is_("pipeline", cast.repairs.pk))) == "АГ"


def test_visits_inside_deals_are_of_that_deal(who: Who, cast: Cast) -> None:
    returned = visits(where=is_("direction", "backward"))
    assert who(has("deals", where={"all": [WON, returned]})) == ""
    assert who({"all": [has("deals", where=WON), returned]}) == "А"
    assert who(has("deals", where=visits(op="gte", value=4))) == "АГ"
    assert who(has("deals", where={"all": [on(cast, "Смета"), visits(op="eq", value=2)]})) == "В"


def test_seconds_at_stages_are_summed(who: Who, cast: Cast) -> None:
    day = 24 * 3600
    assert who(visits(where=on(cast, "Смета"), agg="sum", of="duration", op="eq", value=30 * day)) == "В"
    assert who(has("deals", where=visits(agg="sum", of="duration", op="between", value=[40 * day, 79 * day]))) == "АВГ"
    assert who(visits(agg="max", of="since_created", op="gt", value=80 * day)) == "А"


def test_visits_of_all_deals_are_counted_together(who: Who) -> None:
    assert who(visits(op="gte", value=8)) == "А"
    assert who(visits(op="eq", value=0)) == "Д"
