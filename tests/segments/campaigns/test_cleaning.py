import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import document_fromstring

from segments.campaigns.cleaning import clean
from segments.campaigns.inspection import bare, broken, is_left_out, left_out, unopened

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
        ('<a href="{% if x %}https://a.example{% else %}/b{% endif %}">1</a>', ["/b"]),
        ('<a href="{% if x %}/a{% elsif y %}https://b.example{% else %}{{ z }}{% endif %}">1</a>', ["/a"]),
        ('<a href="https://{% if x %}a{% else %}b{% endif %}.example">1</a>', []),
        ('<a href="{% if x %}https://a.example{% else %}https://b.example{% endif %}/c">1</a>', []),
        ('<a href="#price">1</a><img usemap="#map" src="https://a.example/a.png">', ["#price"]),
        ('{% comment %}<img src="a.png">{% endcomment %}<!-- <img src="a.png"> -->', []),
        ('<a href="{{ contact.custom.site }}">1</a><a href="{% cycle "a", "b" %}">2</a>', []),
        ('<a href="https://{{ x }}">1</a><a href="mailto:{{ x }}">2</a><a href="tel:+7">3</a>', []),
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
        ('<body bgcolor="#222"><p hidden>x</p><td bgcolor="#fff"></td>', ["bgcolor", "hidden"]),
        ("{% # <video></video> %}", []),
        ("{% if deal %}<main><section>{% endif %}<tfoot><font color=red><p class=a id=b>", []),
    ],
)
def test_what_a_letter_does_without(source, names):
    assert left_out(bare(source))[: len(names) or None] == names


@pytest.mark.parametrize("odd", ["", "<!-- ", "<!doctype", "<?xml", "</", "<![CDATA[", "\x00<", "<title>"])
def test_no_source_is_too_odd_to_be_looked_at(odd):
    assert (unopened(odd), left_out(odd)) == ([], [])


@pytest.mark.parametrize(
    ("source", "tags"),
    [
        ("если x <y то\n\nвторой абзац", ["<y то"]),
        ("a <b и c\n\n<p>d</p>", ["<b и c"]),
        ("Первый\n<!-- забыл закрыть\n\nВторой", ["<!-- забыл закрыть"]),
        (
            '<p>Первый <a href="https://a.example>ссылка</a> Второй</p><p>Третий</p>',
            ['<a href="https://a.example>ссылка</a> Вт…'],
        ),
        ('<p style="color:red>Первый</p><p>Второй</p>', ['<p style="color:red>Первый</p><p>Второй<…']),
        ('<a href="{{ x }}" title="a > b">{% if a < b %}c{% endif %}</a> 5 < 7, Я <3, <anna@mail.example>', []),
        ("<!--[if mso]><td><![endif]--><!--[if !mso]><!--><p>x</p><!--<![endif]--><style>a > b {}</style>", []),
        ("<script>if (a<b) go()</script>{% comment %}<p {% endcomment %}{{ '<p' }}<br/><hr />", []),
        ("<p>a</p>\n<textarea><p>b</p>", ["<textarea><p>b</p>"]),
        ("<style>p{}\n<p>b</p>", ["<style>p{}"]),
        ("<noscript>x</noscript><TITLE>Hi", ["<TITLE>Hi"]),
        (PASTED, []),
    ],
)
def test_tags_that_swallow_what_follows(source, tags):
    assert [tag for _place, tag in broken(source)] == tags


def test_look_of_a_page_and_of_old_editors_stays():
    old = '<P STYLE="FONT-SIZE:14px"><font color="red" face="Arial">Дом</font></P>'
    page = f'<html><BODY style="background:#222">{old}</BODY>'
    kept = clean(page)
    assert '<div style="background:#222">' in kept
    assert '<p style="FONT-SIZE:14px"><font color="red" face="Arial">Дом</font></p>' in kept


def test_page_pasted_whole_brings_no_words_from_its_head():
    assert clean(PASTED).strip() == '<div><p style="color:red">Дом</p></div>'


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
