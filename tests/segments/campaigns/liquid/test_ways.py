"""What fails for somebody is refused before the launch, whichever way through the template leads to it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segments.campaigns import rendering
from segments.campaigns.liquid import ways
from segments.campaigns.liquid.printed import Day, Flag, Number
from tests.factories import NOW

NAMES = {
    "contact": {
        "first_name": "Анна",
        "company": "Ромашка",
        "custom": {"city": "Псков", "ok": Flag("да", True), "n": Number("5", 5)},
    },
    "deal": {"name": "Дом", "price": Number("5 000 ₽", 5000), "custom": {"visit": Day.of("21 ноября 2026", NOW)}},
    "unsubscribe_url": "#",
}
ELENA = '{% if contact.first_name == "Елена" %}'
PRICE = '{% assign p = deal.price | default: "по запросу" %}'


def problems(source):
    return [str(problem) for problem in rendering.problems("Тема", source, "", names=NAMES)]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        # who has no value, behind a condition
        ("{% if contact.first_name %}\n" + PRICE + "\n{% if p > 1000 %}{% endif %}{% endif %}", "строка 3: «p > 1000»"),
        (PRICE + "{% if contact.first_name %}{% if p > 1000 %}{% endif %}{% endif %}", "«p > 1000» не"),
        ("{% if contact.custom.ok %}" + PRICE + "{% if p > 1000 %}{% endif %}{% endif %}", "«p > 1000» не"),
        # two names, of which only one has a value
        (PRICE + "{% assign q = contact.custom.n | default: '-' %}{% if p > q %}{% endif %}", "«p > q» не сравнить"),
        # a kind handed on
        (ELENA + '{% assign a = "x" %}{% else %}{% assign a = 5 %}{% endif %}{% assign b = a %}'
         "{% if b > 3 %}{% endif %}", "«b > 3» не сравнить: слева текст"),
        (ELENA + '{% assign a = "x" %}{% else %}{% assign a = "7" %}{% endif %}{% if deal.price > a %}{% endif %}',
         "справа текст"),
        (ELENA + "{% capture a %}x{% endcapture %}{% else %}{% assign a = 5 %}{% endif %}{% if a > 3 %}{% endif %}",
         "«a > 3» не"),
        ("{% capture a %}" + ELENA + "x{% else %}5{% endif %}{% endcapture %}{% if deal.price > a %}{% endif %}",
         "справа текст"),
        ("{% case deal.name %}{% when 'а' %}{% assign a = 'x' %}{% else %}{% assign a = 5 %}{% endcase %}"
         "{% if a > 3 %}{% endif %}", "«a > 3» не"),
        # what a loop gives
        (ELENA + '{% for i in (1..3) %}{% if i > "два" %}{% endif %}{% endfor %}{% endif %}', "справа текст"),
        (ELENA + '{% for i in (1..3) %}{% if forloop.index > "2" %}{% endif %}{% endfor %}{% endif %}', "справа текст"),
        (ELENA + "{% for w in contact.custom %}{% if w > 5 %}{% endif %}{% endfor %}{% endif %}", "«w > 5» не"),
        (ELENA + "{% for w in contact.custom %}{% if w[1] > 5 %}{% endif %}{% endfor %}{% endif %}", "«w[1] > 5» не"),
        ("{% assign a = 5 %}{% for i in (1..2) %}{% if a > 3 %}{% endif %}" + ELENA + "{% assign a = 'x' %}{% endif %}"
         "{% endfor %}", "«a > 3» не"),
        (ELENA + "а\n{% for i in (1..5000) %}x{% endfor %}{% endif %}", "строка 2: слишком много повторов"),
        (ELENA + "а\n{{ deal.name | truncate: deal.name }}{% endif %}", "строка 2: фильтр «truncate»"),
    ],
)  # fmt: skip
def test_what_fails_for_somebody_is_refused(source, words):
    (problem,) = problems(source)
    assert words in problem


@pytest.mark.parametrize(
    "source",
    [
        # names that go together
        "{% if contact.first_name %}{% assign a=5 %}{% assign b=5 %}{% else %}{% assign a='x' %}{% assign b='y' %}"
        "{% endif %}{% if a < b %}{% endif %}",
        # what a condition rules out
        PRICE + "{{ p }}{% if deal.price %}{% if p > 1000 %}{% endif %}{% endif %}",
        PRICE + "{% if deal.price != '' and p > 1000 %}{% endif %}",
        PRICE + "{% unless deal.price == blank %}{% if p > 1000 %}{% endif %}{% endunless %}",
        PRICE + "{% if p != 'по запросу' %}{% if p > 1000 %}{% endif %}{% endif %}",
        PRICE + "{% if p == 'по запросу' or p > 1000 %}{% endif %}",
        PRICE + "{% if p >= 1000 %}дорого{% endif %}",
        PRICE + "{% case p %}{% when 'по запросу' %}{% else %}{% if p > 1000 %}{% endif %}{% endcase %}",
        "{% if deal %}{% assign p = deal.price %}{% else %}{% assign p = 0 %}{% endif %}{% if p > 1000 %}{% endif %}",
        "{% assign p = deal.price | default: 0 %}{% if p > 1000 %}{% endif %}",
        "{% for i in (1..3) %}{% if i > 2 and forloop.index > 1 and forloop.first %}{% endif %}{% endfor %}",
        "{% for w in contact.custom %}{{ w[0] }}: {{ w[1] }}{% unless forloop.last %}, {% endunless %}{% endfor %}",
        "{% capture a %}{% if deal.price %}5{% else %}7{% endif %}{% endcapture %}{% if deal.price > a %}{% endif %}",
    ],
)
def test_what_fails_for_nobody_is_no_problem(source):
    assert problems(source) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ contact }}", "«contact» — это группа полей. Возьмите одно: contact.first_name, contact.company"),
        ("а\n{{ deal.custom }}", "строка 2: «deal.custom» — это группа полей. Возьмите одно: deal.custom.visit"),
        ("{{ deal | default: 'x' }}", "«deal» — это группа полей"),
        ("{{ contact | upcase }}", "«contact» — это группа полей"),
        ("{{ 'x' | append: deal }}", "«deal» — это группа полей"),
        ("{% assign a = deal %}{{ a }}", "«deal» — это группа полей"),
        ("{% if deal.name == 'x' %}{% echo contact %}{% endif %}", "«contact» — это группа полей"),
        ("{% cycle 'а', deal %}", "«deal» — это группа полей"),
        ("{% for w in deal %}{{ w }}{% endfor %}", "Возьмите одно: w[0], w[1]"),
    ],
)
def test_a_group_of_fields_is_not_to_be_printed(source, words):
    (problem,) = problems(source)
    assert words in problem


def test_a_group_of_fields_may_be_counted_and_asked_for():
    assert not problems(
        "{{ deal.custom | size }}{% if deal %}{{ deal.size }}{% endif %}{% assign a = deal %}{{ a.name }}"
    )


@pytest.mark.parametrize(
    "source",
    [
        "{% if deal.name == 'x' %}" + "{% for w in deal %}" * 9 + "{{ w[0] }}" + "{% endfor %}" * 9 + "{% endif %}",
        "".join(f"{{% for w{n} in deal %}}{{% assign a{n} = w{n}[1] %}}" for n in range(6)) + "{% endfor %}" * 6,
        "".join(f"{{% assign a{n} = deal.price | default: 'x' %}}{{% if a{n} %}}{{% endif %}}" for n in range(300)),
        "{% if deal.name == 'x' %}{% assign s = 'xx' %}" + "{% assign s = s | append: s %}" * 60 + "{% endif %}",
        "{% capture a %}" + "{% if deal.name == 'x' %}а{% endif %}" * 300 + "{% endcapture %}",
    ],
)
def test_ways_without_end_are_not_gone_to_the_end(source, monkeypatch):
    taken = []
    through = ways._Walk._through
    monkeypatch.setattr(ways._Walk, "_through", lambda *given: taken.append(1) or through(*given))
    problems(source)
    assert len(taken) < 2 * ways.STEPS


FIELDS = ["contact.first_name", "deal.price", "contact.custom.n", "contact.custom.ok", "deal.custom.visit", "x", "y"]
WORDS = ["'а'", "'7'", "7", "0.5", "blank", "nil", "true", "false", "'по запросу'", "'2026-01-01'", "''"]
SIGNS = ["==", "!=", "<", ">", "<=", ">=", "contains"]
NAME, WORD = st.sampled_from(FIELDS), st.sampled_from(WORDS)
FILTERS = st.sampled_from(["", " | default: 'а'", " | default: 5", " | default: '7'", " | append: 'а'", " | size"])
SIMPLE = NAME | st.builds("{} {} {}".format, NAME, st.sampled_from(SIGNS), NAME | WORD)
CONDITION = SIMPLE | st.builds("{} {} {}".format, SIMPLE, st.sampled_from(["and", "or"]), SIMPLE)
LEAF = st.builds("{{% assign {} = {}{} %}}".format, st.sampled_from(["x", "y"]), NAME | WORD, FILTERS) | st.builds(
    "{{% if {} %}}да{{% endif %}}".format, CONDITION
)
SOURCE = st.recursive(
    LEAF,
    lambda inner: (
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, CONDITION, inner, inner)
        | st.builds("{{% if {} %}}{}{{% elsif {} %}}{}{{% endif %}}".format, CONDITION, inner, CONDITION, inner)
        | st.builds("{{% unless {} %}}{}{{% endunless %}}".format, CONDITION, inner)
        | st.builds("{{% case {} %}}{{% when {} %}}{}{{% else %}}{}{{% endcase %}}".format, NAME, WORD, inner, inner)
        | st.builds("{{% capture x %}}{}{{% endcapture %}}".format, inner | WORD)
        | st.builds("{{% for y in {} %}}{}{{% endfor %}}".format, st.sampled_from(["(1..3)", "contact.custom"]), inner)
        | st.builds("{{% for p in contact.custom %}}{{% assign y = p[1] %}}{}{{% endfor %}}".format, inner)
        | st.lists(inner, min_size=2, max_size=4).map("".join)
    ),
    max_leaves=10,
)  # fmt: skip
PEOPLE = st.builds(
    lambda name, price, number, ok, visit: {
        "contact": {"first_name": name, "company": "", "custom": {"city": "", "ok": ok, "n": number}},
        "deal": {"name": "", "price": price, "custom": {"visit": visit}},
    },
    st.sampled_from(["", "Анна", "а", "7", "7 а"]),
    st.sampled_from(["", Number("7 ₽", 7), Number("5 000 ₽", 5000)]),
    st.sampled_from(["", Number("7", 7), Number("0", 0)]),
    st.sampled_from(["", Flag("да", True), Flag("нет", False)]),
    st.sampled_from(["", Day.of("21 ноября 2026", NOW)]),
)


@settings(max_examples=80)
@given(source=SOURCE, people=st.lists(PEOPLE, min_size=6, max_size=6))
def test_what_passes_fails_for_nobody(source, people):
    if problems(source):
        return
    for values in people:
        rendering.render({"subject": "Тема", "html": f"<p>а</p>{source}", "text": ""}, values, "#")
