"""The preview is the very letter a person gets, with what came from the fields marked in it."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liquid.exceptions import LiquidError

from segments.campaigns import personal, preview, rendering, trial
from segments.campaigns.liquid.dialect import HTML, PLAIN
from segments.campaigns.liquid.highlights import marked, unmarked
from segments.campaigns.liquid.nothing import shown as with_nothing
from segments.campaigns.liquid.printed import Day, Number
from tests.factories import NOW, CustomFieldFactory, DealFactory

MARKS = re.compile("</?mark>")


def shown(campaign, html, subject="Тема"):
    """As the preview shows it, without the marks; as it is sent; the body with the marks."""
    template = {"subject": subject, "html": html, "text": ""}
    look = preview.show(campaign, template, who=None)
    letter = rendering.render(template, personal.people([look.person.pk])[look.person.pk], trial.link())
    seen = (unescape(MARKS.sub("", look.subject)), MARKS.sub("", look.body))
    return seen, (letter.subject, letter.body), look.body


@pytest.fixture
def anna(campaign, person):
    for key, form in (("area", "number"), ("visit", "date"), ("sum", "money"), ("house", "text")):
        CustomFieldFactory(entity="deal", key=key, form=form)
    contact = person("a@mail.example", name="Анна Петрова", first_name="анна", last_name="", custom={})
    custom = {"area": 120.5, "visit": "2026-11-21", "sum": 1500, "house": "7"}
    DealFactory(contact=contact, name="Дом & <баня>", price=7_030_000, custom=custom)
    return contact


@pytest.mark.parametrize(
    "source",
    [
        "{% if contact.first_name == 'анна' %}да{% else %}нет{% endif %}",
        "{% capture who %}{{ contact.first_name }}{% endcapture %}{% if who == 'анна' %}да{% endif %}{{ who }}",
        "{% for pair in deal.custom %}{% cycle deal.name, 'б' %}{{ pair[0] }}: {{ pair[1] }}{% endfor %}",
        "<a href='{{ contact.first_name }}'>x</a><a href='https://a.example/{{ contact.first_name }}'>y</a>",
    ],
)
def test_preview_shows_the_letter_that_is_sent(campaign, anna, source):
    seen, sent, _body = shown(campaign, source, f"Тема {source}")
    assert seen == sent


def test_what_came_from_the_fields_is_marked(campaign, anna):
    source = "<p>Здравствуйте, {{ contact.first_name | capitalize }}! {{ 'и' }} {% echo deal.price %}</p>"
    body = shown(campaign, source)[2]
    assert "<p>Здравствуйте, <mark>Анна</mark>! и <mark>7\u202f030\u202f000\u202f₽</mark></p>" in body


def test_an_attribute_is_not_marked_and_the_words_beside_it_are(campaign, anna):
    body = shown(campaign, "<p><a href='https://a.example/{{ deal.price }}'>{{ contact.first_name }}</a></p>")[2]
    assert (body.count("<mark>"), "><mark>анна</mark></a>" in body) == (1, True)


def test_marks_close_where_a_tag_begins(campaign, anna):
    body = shown(campaign, "<p>{{ '<b>' | append: contact.first_name | append: '</b> и' }}</p>")[2]
    assert "<p><b><mark>анна</mark></b><mark> и</mark></p>" in body


def test_a_link_made_of_a_value_cannot_act(campaign, person):
    person("a@mail.example", first_name="javascript:alert(1)")
    seen, sent, body = shown(campaign, '<p><a href="{{ contact.first_name }}">x</a></p>')
    assert seen == sent
    assert 'href="javascript' not in body


NAMES = st.sampled_from(["contact.name", "contact.first_name", "deal.price", "deal.visit", "x", "deal.none"])
LITERALS = st.sampled_from(["'анна'", "'а'", "'7'", "7", "0.5", "blank", "true", "'<b>'", "' '"])
FILTERS = st.sampled_from(
    ["capitalize", "upcase", "truncate: 3", "first", "size", "strip", "escape", "default: 'а'", "append: '<i>'",
     "prepend: contact.name", "remove: 'а'", "strip_html", "newline_to_br", "url_encode", "squish", "truncatewords: 1"]
)  # fmt: skip
VALUES = st.builds(
    lambda value, filters: " | ".join([value, *filters]), NAMES | LITERALS, st.lists(FILTERS, max_size=2)
)
SIGNS = st.sampled_from(["==", "!=", "<", ">", "<=", ">=", "contains"])
CONDITIONS = st.builds("{} {} {}".format, NAMES, SIGNS, NAMES | LITERALS)
TEXTS = st.sampled_from(
    ["анна", " ", "\n", "<p>", "</p>", "<b>", "</b>", '<a href="', "'", '"', ">", "<", "<table>", "&"]
)
LEAVES = TEXTS | st.builds("{{{{ {} }}}}".format, VALUES) | st.builds("{{% echo {} %}}".format, VALUES)
WRITTEN = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, CONDITIONS, inner, inner)
        | st.builds("{{% capture x %}}{}{{% endcapture %}}".format, inner)
        | st.builds("{{% assign x = {} %}}{}".format, VALUES, inner)
        | st.builds("{{% case {} %}}{{% when {} %}}{}{{% endcase %}}".format, NAMES, LITERALS, inner)
        | st.builds("{{% for x in deal %}}{{% cycle contact.name, 'б' %}}{}{{% endfor %}}".format, inner)
        | st.builds("{{% ifchanged %}}{}{{% endifchanged %}}".format, inner)
        | st.lists(inner, min_size=2, max_size=4).map("".join)
    ),
    max_leaves=12,
)
SAID = st.sampled_from(
    ["", " ", "анна", "Анна Петрова", "<b>", "&lt;", "a\nb", " а ", "javascript:x", '"', "'", "\ue000", "\x07"]
)
PRICES = st.sampled_from(["", Number("7\u202f₽", 7), Number("0", 0)])
DAYS = st.sampled_from(["", Day.of("21 ноября 2026", NOW)])
PEOPLE = st.builds(
    lambda name, first, price, visit: {
        "contact": {"name": name, "first_name": first}, "deal": {"price": price, "visit": visit, "none": ""}
    },
    SAID, SAID, PRICES, DAYS,
)  # fmt: skip


def outcome(act, *given):
    try:
        return act(*given)
    except (rendering.TemplateFailed, LiquidError):
        return None


@given(source=WRITTEN, values=PEOPLE)
def test_preview_of_any_letter_is_that_letter(source, values):
    template = {"subject": source, "html": source, "text": ""}
    letter, lit = (outcome(act, template, values, "#") for act in (rendering.render, rendering.lit))
    assert (letter is None) == (lit is None)
    if lit:
        assert lit.letter == letter
        assert MARKS.sub("", lit.body) == letter.body
        assert unescape(MARKS.sub("", lit.subject)) == letter.subject


@given(source=WRITTEN, values=PEOPLE)
def test_marks_change_nothing_that_is_written(source, values):
    values = with_nothing(values)
    for environment in (HTML, PLAIN):
        template = environment.from_string(source)
        written = outcome(lambda made: made.render(**values), template)
        if written is not None:
            found = marked(template, values, is_html=environment is HTML)
            assert unmarked(found) == unmarked(written)


FILLED = {
    "contact": {"name": "Анна", "first_name": "Анна"},
    "deal": {"price": Number("5 ₽", 5), "visit": Day.of("21 ноября 2026", NOW), "none": "Дом"},
    "unsubscribe_url": "#",
}


@given(source=WRITTEN, values=PEOPLE)
def test_what_passes_the_review_fails_for_nobody(source, values):
    html = f"<p>x</p>{source}"
    if not rendering.problems("Тема", html, "", names=FILLED):
        rendering.render({"subject": "Тема", "html": html, "text": ""}, values, "#")
