import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import document_fromstring

from segments.campaigns.cleaning import bare, clean, is_left_out, left_out, unopened

PASTED = """<?xml version="1.0" encoding="utf-8"?><!doctype html>
<html><head><meta charset="utf-8"><title>Акция</title><style>p { background: url(x.png) }</style></head>
<body background="b.png"><p style="mso-line-height-rule: exactly; -webkit-hyphens: none; color: red">Дом</p></body>"""


@pytest.mark.parametrize(
    ("source", "addresses"),
    [
        ('<img src="дом.png"><img src="дом.png">', ["дом.png"]),
        ("<a href='/catalog?a=1&amp;b=2'>1</a>", ["/catalog?a=1&b=2"]),
        ('<p style="background-image: url(фон.png)">', ["фон.png"]),
        ('<img src="data:image/png;base64,AAAA">', ["data:image/png;base64,AAAA"]),
        ('<img src="cid:logo">', ["cid:logo"]),
        ('<a href="JavaScript:go()">', ["JavaScript:go()"]),
        ('<a href="https://">1</a><a href="http:/a.example">2</a>', ["https://", "http:/a.example"]),
        ('<a href="//a.example">1</a><a href="mailto:">2</a>', ["//a.example", "mailto:"]),
        ('<a href="">1</a><img>', [""]),
        ("<a>1</a>", [""]),
        ("{% if deal %}<img src='a.png'>{% else %}<img src='b.png'>{% endif %}", ["a.png", "b.png"]),
        ('<img src="/img/{{ deal.id }}.png">', ["/img/….png"]),
        ('{% comment %}<img src="a.png">{% endcomment %}<!-- <img src="a.png"> -->', []),
        ('<a href="{{ contact.custom.site }}">1</a><a href="{% cycle "a", "b" %}">2</a>', []),
        ('<a href="https://{{ x }}">1</a><a href="mailto:{{ x }}">2</a><a href="tel:+7">3</a><a href="#a">4</a>', []),
        ('<a name="top"></a><img srcset="https://a.example/a.png 2x"><form action="/go"></form>', []),
        (PASTED, []),
    ],
)
def test_addresses_nobody_can_open(source, addresses):
    assert unopened(bare(source)) == addresses


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (PASTED, ["<style>", "background"]),
        ('<form><input><button onclick="x()">Да</button></form><video></video>', ["<form>", "<input>", "<button>"]),
        ('<td background="a.png"><img srcset="a.png 2x"><img src="a.png" srcset="a.png 2x">', ["background", "srcset"]),
        ('<p style="POSITION: fixed; color: red; box-shadow: 0 0 1px">', ["position", "box-shadow"]),
        ('<p style="background: url(data:image/png;base64,AA:AA)">', []),
        ("{% # <video></video> %}", []),
        ("{% if deal %}<main><section>{% endif %}<tfoot><font color=red><p class=a id=b>", []),
    ],
)
def test_what_a_letter_does_without(source, names):
    assert left_out(bare(source))[: len(names) or None] == names


@pytest.mark.parametrize("broken", ["", "<!-- ", "<!doctype", "<?xml", "</", "<![CDATA[", "\x00<", "<title>"])
def test_no_source_is_too_broken_to_be_looked_at(broken):
    assert (unopened(broken), left_out(broken)) == ([], [])


def test_page_pasted_whole_brings_no_words_from_its_head():
    assert clean(PASTED).strip() == '<p style="color:red">Дом</p>'


TAGS = st.sampled_from(["a", "img", "p", "td", "style", "form", "title", "svg", "section"])
ATTRIBUTES = st.sampled_from(["href", "src", "background", "style", "srcset", "onclick", "name"])
VALUES = st.sampled_from(
    ["https://a.example", "a.png", "data:x", "javascript:x", "", "color:red", "position:fixed", "background:url(a.png)"]
)
ELEMENTS = st.tuples(TAGS, st.dictionaries(ATTRIBUTES, VALUES, max_size=3))


@given(st.lists(ELEMENTS, max_size=4))
def test_every_address_of_a_letter_stays_or_is_told(elements):
    html = "".join(f"<{tag}{''.join(map(_attribute, has.items()))}>x</{tag}>" for tag, has in elements)
    kept = {link for _element, _name, link, _place in document_fromstring("<html>" + clean(html)).iterlinks()}
    for tag, has in elements:
        address = has.get({"a": "href", "img": "src"}.get(tag, ""))
        if address is not None:
            assert (address in kept and not is_left_out(address)) or address in unopened(html)


def _attribute(pair):
    return f' {pair[0]}="{pair[1]}"'
