"""Numbers and dates of a letter print as people read them and compare as what they are."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from segments.campaigns import delivery, personal
from segments.campaigns.liquid.printed import Day, Flag, Moment, Number
from segments.campaigns.models import Message
from segments.campaigns.obstacles import of_letter
from segments.campaigns.rendering import render
from tests.factories import NOW, CustomFieldFactory, DealFactory

from ..conftest import started

PRICE = Number("7\u202f030\u202f000\u202f₽", Decimal("7030000.00"))
HERS = {
    "area": Number("120.5", Decimal("120.5")),
    "zero": Number("0", Decimal(0)),
    "part": Number("0.1", Decimal("0.1")),
}
DAYS = {"visit": Day.of("21 ноября 2026", date(2026, 11, 21)), "start": Day.of("3 декабря 2026", date(2026, 12, 3))}
TIMES = {
    "meeting": Moment.of("21 ноября 2026, 14:32", datetime(2026, 11, 21, 14, 32)),
    "call": Moment.of("21 ноября 2026, 09:05", datetime(2026, 11, 21, 9, 5)),
}
CHECKED = {"yes": Flag("да", True), "no": Flag("нет", False)}
EMPTY = {"name": "", "price": "", "custom": {"area": "", "visit": ""}}
PERSON = {
    "contact": EMPTY,
    "deal": {"price": PRICE, "name": "Дом", "none": "", "custom": HERS | DAYS | CHECKED | TIMES},
}


def body(html):
    return render({"subject": "Тема", "html": html, "text": ""}, PERSON, "#").body


def is_true(condition):
    return "<p>да</p>" in body(f"{{% if {condition} %}}<p>да</p>{{% else %}}<p>нет</p>{{% endif %}}")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("deal.price > 7000000", True),
        ("7000000 < deal.price", True),
        ("deal.price > 7030000", False),
        ("deal.price >= 7030000", True),
        ("deal.price <= 7029999.99", False),
        ("deal.price == 7030000", True),
        ("deal.price != 7030000", False),
        ("deal.price > '900 000'", True),  # as texts it is less
        ("deal.price > '900000 ₽'", True),
        ("deal.price == '7030000'", True),
        ("deal.price == '7\u202f030\u202f000\u202f₽'", True),
        ("deal.price contains '030'", True),
        ("deal.price == true", False),
        ("deal.price == blank or deal.price == empty or deal.price == ''", False),
        ("deal.price > deal.custom.area", True),
        ("deal.custom.area > 100 and deal.custom.area < 120.6", True),
        ("deal.custom.area == '120.5'", True),
        ("deal.custom.part == 0.1 and deal.custom.part >= 0.1 and deal.custom.part <= 0.1", True),
        ("deal.custom.zero", True),
        ("deal.custom.zero == 0 and deal.custom.zero != blank", True),
        ("deal.custom.visit < deal.custom.start", True),  # as texts it is not
        ("deal.custom.visit >= '2026-11-21'", True),
        ("deal.custom.visit == '2026-11-21'", True),
        ("deal.custom.visit == '21 ноября 2026'", True),
        ("deal.custom.visit < '1 декабря 2026' and deal.custom.visit < '01.12.2026'", True),
        ("deal.custom.visit > '1 декабря 2026' or deal.custom.visit > '01.12.2026'", False),
        ("deal.custom.visit == '21.11.2026'", True),
        ("deal.custom.visit == 'завтра'", False),
        ("deal.none > 5 or deal.none < 5 or 5 > deal.none or deal.none >= 5 or deal.none <= 5", False),
        ("deal.none > deal.price or deal.none < deal.price or deal.none <= deal.custom.visit", False),
        ("deal.none < deal.name or deal.none < '2026-01-01' or deal.none < '7 000 000'", False),
        ("deal.name >= 5 or deal.name <= 5", False),  # refused before a launch; what runs goes on
        ("deal.nothing > 5 or contact.nothing < 5", False),
    ],
)
def test_values_compare_as_what_they_are(condition, expected):
    assert is_true(condition) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("deal.custom.meeting > '2026-11-21 12:00'", True),
        ("deal.custom.meeting > '2026-11-21 14:32'", False),
        ("deal.custom.meeting >= '2026-11-21T14:32' and deal.custom.meeting <= '2026-11-21T14:32:59'", True),
        ("deal.custom.meeting == '21.11.2026 14:32' and deal.custom.meeting == '21 ноября 2026, 14:32'", True),
        ("deal.custom.meeting < '21 ноября 2026 15:00' and deal.custom.meeting > '21.11.2026, 9:05'", True),
        ("deal.custom.meeting == '2026-11-21T11:32:00+00:00'", True),
        ("deal.custom.meeting > deal.custom.call and deal.custom.call < deal.custom.meeting", True),
        ("deal.custom.meeting == deal.custom.call", False),
        # a day is the whole of it, as in the rules of segments
        ("deal.custom.meeting == '2026-11-21' and deal.custom.meeting == deal.custom.visit", True),
        ("deal.custom.visit == deal.custom.meeting and deal.custom.visit >= deal.custom.call", True),
        ("deal.custom.meeting > '2026-11-21' or deal.custom.meeting < '21.11.2026'", False),
        ("deal.custom.meeting > '2026-11-20' and deal.custom.meeting < deal.custom.start", True),
        ("deal.custom.meeting == 'завтра' or deal.custom.meeting == '2026-11-21 25:00'", False),
        ("deal.custom.meeting and deal.custom.meeting != '' and deal.custom.meeting contains '14:32'", True),
    ],
)
def test_a_day_and_time_compare_as_both(condition, expected):
    assert is_true(condition) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("deal.custom.yes", True),
        ("deal.custom.no", False),
        ("deal.custom.yes == true and deal.custom.no == false", True),
        ("true == deal.custom.yes and false == deal.custom.no", True),
        ("deal.custom.yes == false or deal.custom.no == true", False),
        ("deal.custom.yes != true or deal.custom.no != false", False),
        ("deal.custom.yes == 'да' and deal.custom.no == 'нет'", True),
        ("'да' == deal.custom.yes and 'Нет' == deal.custom.no", True),
        ("deal.custom.yes == 'нет' or deal.custom.no == 'да' or deal.custom.no == ''", False),
        ("deal.custom.no == nil or deal.custom.no == blank or deal.custom.no == deal.custom.yes", False),
        ("deal.custom.yes contains 'д' and deal.custom.no contains 'нет'", True),
        ("deal.none == true", False),
        ("deal.none == false", True),  # as in the rules of segments
    ],
)
def test_a_checkbox_is_what_it_says(condition, expected):
    assert is_true(condition) is expected


def test_a_checkbox_prints_its_word_and_takes_no_fallback():
    assert "<p>да нет нет</p>" in body(
        "<p>{{ deal.custom.yes }} {{ deal.custom.no }} {{ deal.custom.no | default: '?' }}</p>"
    )


@pytest.mark.parametrize("name", ["deal.none", "contact.price", "contact.custom.area", "contact", "contact.custom"])
@pytest.mark.parametrize("empty", ["nil", "null", "''", "blank", "empty"])
def test_nothing_is_the_same_as_every_empty_word(name, empty):
    assert is_true(f"{name} == {empty} and {empty} == {name}")
    assert not is_true(f"{name} != {empty} or {empty} != {name}")
    assert "<p>да</p>" in body(f"{{% case {name} %}}{{% when {empty} %}}<p>да</p>{{% endcase %}}")


@pytest.mark.parametrize("name", ["deal.price", "deal.name", "deal.custom.zero", "deal", "deal.custom"])
@pytest.mark.parametrize("empty", ["nil", "null", "''", "blank", "empty", "false"])
def test_a_value_is_the_same_as_no_empty_word(name, empty):
    assert not is_true(f"{name} == {empty} or {empty} == {name}")
    assert is_true(f"{name} and {name} != {empty} and {empty} != {name}")


def test_a_group_without_a_value_is_false_and_has_no_fields_to_repeat():
    assert not is_true(
        "contact or contact.custom or contact.name or contact.custom.area or contact.custom.area.size > 0"
    )
    source = "{% for pair in contact.custom %}{{ pair }}{% else %}<p>пусто</p>{% endfor %}{{ contact.size }}"
    assert "<p>пусто</p>0" in body(source)


@pytest.mark.parametrize(
    "source",
    ["{{ deal }}", "{{ deal.custom }}", "{{ deal | upcase }}", "{% assign a = deal %}{{ a }}", "{% echo deal.custom %}",
     "{{ deal.custom | first }}", "{% for pair in deal.custom %}{{ pair }}{% endfor %}", "{% cycle deal %}",
     "{{ '' | append: deal }}"],
)  # fmt: skip
def test_a_group_of_fields_prints_nothing(source):
    assert "<p>[]</p>" in body(f"<p>[{source}]</p>")


def test_case_takes_a_checkbox():
    html = "{% case deal.custom.no %}{% when true %}<p>а</p>{% when false %}<p>б</p>{% endcase %}"
    assert "<p>б</p>" in body(html)


def test_case_takes_a_number_and_its_text():
    html = "{% case deal.custom.area %}{% when 120.5 %}<p>а</p>{% endcase %}" * 2
    assert body(html.replace("120.5 %", "'120.5' %", 1)).count("<p>а</p>") == 2


@pytest.mark.parametrize(
    ("source", "text"), [("deal.custom.zero | default: 'x'", "0"), ("deal.none | default: 'x'", "x")]
)
def test_zero_takes_no_fallback(source, text):
    assert f"<p>{text}</p>" in body(f"<p>{{{{ {source} }}}}</p>")


def test_values_print_as_before(db, person):
    for key, form in (("area", "number"), ("sum", "money"), ("odd", "number"), ("visit", "date"), ("at", "datetime")):
        CustomFieldFactory(entity="deal", key=key, form=form)
    CustomFieldFactory(entity="deal", key="ok", form="boolean")
    contact = person("a@mail.example")
    custom = {"area": 120.5, "sum": 1500, "odd": "около 100", "visit": "2026-11-21", "ok": False}
    custom["at"] = "2026-11-21T22:00:00+00:00"
    DealFactory(contact=contact, price=Decimal("7030000"), custom=custom)
    deal = personal.people([contact.pk])[contact.pk]["deal"]
    assert f"{deal['price']}" == "7\u202f030\u202f000\u202f₽"
    assert list(map(str, deal["custom"].values())) == [
        "120.5",
        "1\u202f500\u202f₽",
        "около 100",
        "21 ноября 2026",
        "22 ноября 2026, 01:00",
        "нет",
    ]


def test_a_day_and_time_is_told_in_the_zone_of_the_installation_whoever_reads(db, person):
    CustomFieldFactory(entity="contact", key="at", form="datetime")
    contact = person("a@mail.example", custom={"at": "2026-11-21T22:00:00+00:00"})
    with timezone.override("Asia/Vladivostok"):
        assert personal.people([contact.pk])[contact.pk]["contact"]["custom"]["at"] == "22 ноября 2026, 01:00"


CONDITION = "{% if deal.price > 7000000 %}дорого{% elsif deal.custom.area > 100 %}просторно{% else %}просто{% endif %}"


def test_a_condition_on_a_number_reaches_everybody(campaign, person, memory):
    CustomFieldFactory(entity="deal", key="area", form="number")
    DealFactory(contact=person("a@mail.example"), price=7_030_000)
    DealFactory(contact=person("b@mail.example"), price=None, custom={"area": 120})
    person("c@mail.example")
    campaign.steps.update(html=f"<p>{CONDITION}</p>")
    assert of_letter(campaign.steps.get().as_template()) == []
    started(campaign)
    delivery.send_planned(10, worker="w", now_fn=lambda: NOW)
    got = {letter.to[0]: letter.text.split()[0] for letter in memory.letters}
    assert got == {"a": "дорого", "b": "просторно", "c": "просто"}
    assert set(Message.objects.values_list("state", flat=True)) == {"accepted"}


@pytest.mark.parametrize(
    ("condition", "sides"),
    [
        ("deal.custom.house > 100", "слева текст, справа число"),
        ("deal.price > '7 млн'", "слева число, справа текст"),
        ("deal.price < contact.first_name", "слева число, справа текст"),
        ("deal.custom.visit > '2026-02-31'", "слева дата, справа текст"),
        ("deal.custom.visit > deal.price", "слева дата, справа число"),
        ("deal.custom.at > deal.price", "слева дата, справа число"),
        ("deal.custom.at > 'завтра'", "слева дата, справа текст"),
    ],
)
def test_a_comparison_that_cannot_work_is_refused_before_the_launch(db, condition, sides):
    CustomFieldFactory(entity="deal", key="house", form="text")
    CustomFieldFactory(entity="deal", key="visit", form="date")
    CustomFieldFactory(entity="deal", key="at", form="datetime")
    html = f"<p>а</p>\n{{% if {condition} %}}{{% endif %}}"
    (obstacle,) = of_letter({"subject": "Тема", "html": html, "text": ""})
    assert obstacle.field == "html"
    assert f"строка 2: «{condition}» не сравнить: {sides}" in str(obstacle.reason)
