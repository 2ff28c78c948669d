"""Operators × types as tables: (field, operator, value) → first letters of the names selected.

The cast: А Б В Г Д; Е is deleted and never selected.
"""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.models import Contact, CustomField
from segments.rules.compile import matching
from tests.factories import MembershipFactory, SegmentFactory
from tests.segments.cast import NOW, Cast, ago

Who = Callable[..., str]
ABSENT = object()

TEXTS = [
    ("last_name", "eq", " КОРОЛЕВ ", "Б"),
    ("last_name", "eq", "королЁва", "А"),
    ("last_name", "ne", "Королев", "АВГД"),
    ("last_name", "contains", "ёл", ""),
    ("last_name", "contains", "ЛЁВ", "АБ"),
    ("last_name", "not_contains", "лев", "ВГД"),
    ("last_name", "starts_with", "кор", "АБ"),
    ("last_name", "ends_with", "ВА", "А"),
    ("last_name", "in", ["нет", "КОРОЛЕВ"], "Б"),
    ("last_name", "not_in", ["нет", "КОРОЛЕВ"], "АВГД"),
    ("last_name", "is_set", ABSENT, "АБ"),
    ("last_name", "is_not_set", ABSENT, "ВГД"),
    ("name", "eq", "анна", "А"),
    ("name", "starts_with", "в", "В"),
    ("source", "eq", "сайт", "АБ"),
    ("custom.about", "contains", "%", "А"),
    ("custom.about", "contains", "_", "Б"),
    ("custom.about", "contains", "\\", "Б"),
    ("custom.about", "eq", "a%c", ""),
    ("custom.about", "ends_with", "КЛЮЧ", "А"),
    ("custom.about", "is_set", ABSENT, "АБ"),
    ("custom.about", "is_not_set", ABSENT, "ВГД"),
    ("custom.about", "ne", "нет такого", "АБВГД"),
]
POINTS = [
    ("email", "eq", "Anna@Mail.example", "А"),
    ("email", "eq", "anna@домен.рф", "А"),
    ("email", "eq", "anna@почта.рф", ""),
    ("email", "ends_with", "@shop.example", "В"),
    ("email", "not_contains", "mail.example", "БВГД"),
    ("email", "in", ["vera@shop.example", "никто@нигде"], "В"),
    ("email", "is_set", ABSENT, "АВ"),
    ("email", "is_not_set", ABSENT, "БГД"),
    ("phone", "eq", "8 (912) 345-67-89", "А"),
    ("phone", "eq", "+7 912 345 67 89", "А"),
    ("phone", "ne", "89123456789", "БВГД"),
    ("phone", "contains", "912-345", "АВ"),
    ("phone", "starts_with", "+7 912", "АВ"),
    ("phone", "ends_with", "11-22", "Б"),
    ("phone", "in", ["8 926 000 11 22"], "Б"),
    ("phone", "is_set", ABSENT, "АБВ"),
]
NUMBERS = [
    ("rfm_recency", "eq", 5, "А"),
    ("rfm_recency", "eq", 4.5, ""),
    ("rfm_recency", "ne", 5, "БВГД"),
    ("rfm_recency", "lt", 4.5, "Г"),
    ("rfm_recency", "lte", 1, "Г"),
    ("rfm_recency", "gt", 0, "АГ"),
    ("rfm_recency", "gte", 4.5, "А"),
    ("rfm_recency", "between", [1, 5], "АГ"),
    ("rfm_recency", "in", [1, 2, 3], "Г"),
    ("rfm_recency", "is_set", ABSENT, "АГ"),
    ("rfm_recency", "is_not_set", ABSENT, "БВД"),
    ("custom.age", "eq", 0, "Б"),
    ("custom.age", "gt", 17, "АВ"),
    ("custom.age", "between", [17.5, 41], "АВ"),
    ("custom.age", "ne", 41, "БВГД"),
    ("custom.age", "is_set", ABSENT, "АБВ"),
    ("custom.income", "gte", 250000.5, "А"),
    ("won_count", "eq", 0, "БВГД"),
    ("won_count", "gte", 2, "А"),
    ("won_count", "ne", 2, "БВГД"),
    ("won_count", "between", [0, 1], "БВГД"),
    ("won_count", "in", [0, 7], "БВГД"),
    ("won_count", "is_set", ABSENT, "АБВГД"),
    ("won_count", "is_not_set", ABSENT, ""),
    ("won_total", "eq", 5800000, "А"),
    ("won_total", "lt", 1, "БВГД"),
    ("open_deals", "gt", 1, "А"),
    ("open_deals", "eq", 1, "ВГ"),
    ("open_deals", "lte", 0, "БД"),
    ("touches", "eq", 1, "АБВ"),
    ("touches", "eq", 0, "ГД"),
    ("touches", "gte", 2, ""),
]
DATES = [
    ("created_at", "before", "2026-11-21", "АБВГ"),
    ("created_at", "before", "2026-11-11", "АБГ"),
    ("created_at", "before", "2026-11-11T14:00:00+03:00", "АБГ"),
    ("created_at", "before", "2026-11-11T14:00:01+03:00", "АБВГ"),
    ("created_at", "after", "2026-11-20", "Д"),
    ("created_at", "after", "2026-11-11T11:00:00Z", "Д"),
    ("created_at", "on", "2026-11-21", "Д"),
    ("created_at", "between", ["2026-11-11", "2026-11-21"], "ВД"),
    ("created_at", "between", ["2026-11-11T11:00:00Z", "2026-11-21T11:00:00Z"], "ВД"),
    ("created_at", "within_last", "10d", "ВД"),
    ("created_at", "within_last", "239h", "Д"),
    ("created_at", "more_than_ago", "10d", "АБГ"),
    ("created_at", "more_than_ago", "1y", "А"),
    ("created_at", "within_next", "1d", "Д"),
    ("created_at", "more_than_ahead", "0d", ""),
    ("created_at", "in_period", "today", "Д"),
    ("created_at", "in_period", "last_week", "В"),
    ("created_at", "in_period", "this_year", "БВГД"),
    ("created_at", "is_set", ABSENT, "АБВГД"),
    ("last_won_at", "within_last", "30d", "А"),
    ("first_won_at", "more_than_ago", "200d", "А"),
    ("last_won_at", "is_not_set", ABSENT, "БВГД"),
    ("last_contact_at", "within_last", "10d", "В"),
    ("last_contact_at", "more_than_ago", "14d", "АБ"),
    ("last_contact_at", "is_not_set", ABSENT, "ГД"),
    ("custom.visit_at", "on", "2026-11-21", "А"),
    ("custom.visit_at", "in_period", "today", "А"),
    ("custom.visit_at", "is_set", ABSENT, "А"),
    ("custom.birthday", "on", "2000-11-21", "В"),
    ("custom.birthday", "before", "1992-02-29", "А"),
    ("custom.birthday", "after", "1992-02-28T23:00:00Z", "В"),
    ("custom.birthday", "between", ["1985-02-28", "1992-02-29"], "АБ"),
    ("custom.birthday", "more_than_ago", "30y", "АБ"),
    ("custom.birthday", "anniversary_within_next", "0d", "В"),
    ("custom.birthday", "anniversary_within_next", "100d", "АБВ"),
    ("custom.birthday", "anniversary_within_next", "98d", "В"),
    ("custom.birthday", "anniversary_within_next", "2y", "АБВ"),
    ("custom.birthday", "is_not_set", ABSENT, "ГД"),
]
CHOICES = [
    ("lifecycle", "eq", "refused", "Б"),
    ("lifecycle", "ne", "refused", "АВГД"),
    ("lifecycle", "in", ["refused", "in_work"], "БВ"),
    ("lifecycle", "not_in", ["refused", "in_work"], "АГД"),
    ("lifecycle", "is_set", ABSENT, "АБВГД"),
    ("custom.city", "eq", "Москва", "А"),
    ("custom.city", "ne", "Москва", "БВГД"),
    ("custom.city", "in", ["Москва", "Истра"], "АБ"),
    ("custom.city", "is_set", ABSENT, "АБ"),
    ("custom.city", "is_not_set", ABSENT, "ВГД"),
    ("company", "is_set", ABSENT, "А"),
    ("responsible", "is_not_set", ABSENT, "ГД"),
    ("tags", "any_of", ["эскроу", "VIP"], "АБГ"),
    ("tags", "any_of", ["Эскроу"], ""),
    ("tags", "all_of", ["эскроу", "Ипотека"], "А"),
    ("tags", "none_of", ["эскроу"], "ВГД"),
    ("tags", "is_set", ABSENT, "АБГ"),
    ("tags", "is_not_set", ABSENT, "ВД"),
    ("custom.wishes", "any_of", ["баня", "терраса"], "АБ"),
    ("custom.wishes", "all_of", ["баня", "гараж"], "А"),
    ("custom.wishes", "none_of", ["гараж"], "БВГД"),
    ("custom.wishes", "is_set", ABSENT, "АБ"),
    ("custom.wishes", "is_not_set", ABSENT, "ВГД"),
    ("custom.vip", "eq", True, "А"),
    ("custom.vip", "eq", False, "БВГД"),
]


def condition(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op} | ({} if value is ABSENT else {"value": value})


@pytest.mark.parametrize("table", [TEXTS, POINTS, NUMBERS, DATES, CHOICES])
def test_operators_select_by_their_table(who: Who, table: list[tuple[str, str, Any, str]]) -> None:
    wrong = [(row, found) for *row, names in table if (found := who(condition(*row))) != names]
    assert wrong == []


@pytest.mark.parametrize("table", [TEXTS, POINTS, NUMBERS, DATES, CHOICES])
def test_none_is_the_exact_complement(who: Who, table: list[tuple[str, str, Any, str]]) -> None:
    for field, op, value, names in table:
        assert who({"none": [condition(field, op, value)]}) == "".join(sorted(set("АБВГД") - set(names)))


def test_references_are_compared_by_id(who: Who, cast: Cast) -> None:
    assert who({"field": "responsible", "op": "eq", "value": cast.julia.pk}) == "АВ"
    assert who({"field": "responsible", "op": "not_in", "value": [cast.julia.pk]}) == "БГД"
    assert who({"field": "company", "op": "eq", "value": cast.north.pk}) == "А"


def test_groups_join_their_nodes(who: Who) -> None:
    tag, refused = condition("tags", "any_of", ["эскроу"]), condition("lifecycle", "eq", "refused")
    assert who({"all": [tag, refused]}) == "Б"
    assert who({"any": [tag, refused]}) == "АБ"
    assert who({"none": [tag, refused]}) == "ВГД"
    assert who({"none": [{"none": [tag]}]}) == "АБ"


def test_a_rule_narrows_its_base(who: Who, cast: Cast) -> None:
    base = Contact.objects.filter(responsible=cast.julia)
    assert who({"none": [condition("lifecycle", "eq", "refused")]}, base=base) == "АВ"


def test_without_a_rule_nobody_is_selected(cast: Cast) -> None:
    assert not matching(None, now=NOW, base=Contact.objects.all()).exists()


def test_a_restricted_evaluation_gives_the_same_answer(who: Who, cast: Cast) -> None:
    some = [cast.people["Анна"].pk, cast.people["Вера"].pk]
    for field, op, value, names in [*NUMBERS, *DATES]:
        assert who(condition(field, op, value), within=some) == "".join(sorted(set(names) & set("АВ")))
    assert who(condition("won_count", "eq", 0), within=[]) == ""


def test_segments_read_their_stored_members(who: Who, cast: Cast) -> None:
    segment = SegmentFactory()
    MembershipFactory(segment=segment, contact=cast.people["Анна"], entered_at=ago(20))
    MembershipFactory(segment=segment, contact=cast.people["Борис"], entered_at=ago(5))
    MembershipFactory(segment=segment, contact=cast.people["Вера"], entered_at=ago(9), left_at=ago(3))
    rule = {"segment": segment.pk, "op": "in"}
    assert who(rule) == "АБ"
    assert who(rule | {"op": "not_in"}) == "ВГД"
    assert who(rule | {"for": "20d"}) == "А"
    assert who(rule | {"for": "20d", "op": "not_in"}) == "БВГД"
    assert who({"has": "deals", "where": {"has": "contacts", "where": rule}}) == "АБГ"


def test_lists_too_long_for_the_index_give_the_same_answer(who: Who) -> None:
    others = [f"тег {n}" for n in range(9_999)]
    assert who(condition("tags", "any_of", ["эскроу", *others])) == "АБ"
    assert who(condition("last_name", "in", ["королев", *others])) == "Б"


def test_long_lists_of_custom_options_give_the_same_answer(who: Who) -> None:
    options = [{"id": n, "text": f"вариант {n}"} for n in range(60)] + [{"id": 99, "text": "баня"}]
    CustomField.objects.filter(key__in=["wishes", "city"]).update(options=[*options, {"id": 98, "text": "Москва"}])
    many = [f"вариант {n}" for n in range(60)]
    assert who(condition("custom.wishes", "any_of", [*many, "баня"])) == "АБ"
    assert who(condition("custom.wishes", "none_of", [*many, "баня"])) == "ВГД"
    assert who(condition("custom.city", "not_in", [*many, "Москва"])) == "БВГД"
