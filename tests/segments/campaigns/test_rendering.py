import pytest
from django.utils import translation

from crmseg.web.reasons import Reason
from segments.campaigns import personal, rendering
from segments.campaigns.liquid.printed import Day, Number
from segments.campaigns.rendering import TemplateFailed, one_line, paragraphs, render
from tests.factories import NOW, ContactFactory, CustomFieldFactory, DealFactory

URL = "https://crm.example/u/1/"
PERSON = {"contact": {"first_name": "Елена", "company": "Рога & <Копыта>", "custom": {"city": "Псков"}}, "deal": {}}


FIELDS = {"name": "Анна", "first_name": "Анна", "company": "Ромашка", "custom": {"city": "Псков", "n": Number("5", 5)}}
DEAL = {"name": "Дом", "price": Number("5 000 ₽", 5000), "custom": {"visit": Day.of("21 ноября 2026", NOW)}}
NAMES = {"contact": FIELDS, "deal": DEAL, "unsubscribe_url": "#"}


def problems(*sources):
    return rendering.problems(*sources, names=NAMES)


def letter(html="<p>Текст</p>", subject="Тема", text="", values=PERSON):
    return render({"subject": subject, "html": html, "text": text}, values, URL)


def test_values_come_into_subject_and_body():
    found = letter("<p>{{ contact.first_name }} из {{ contact.custom.city }}</p>", "{{ contact.first_name }}, смета")
    assert found.subject == "Елена, смета"
    assert "<p>Елена из Псков</p>" in found.html


@pytest.mark.parametrize("source", ["contact.first_name", "contact.nothing", "deal.name", "nobody.name.last"])
def test_missing_value_takes_the_fallback(source):
    found = letter(f'<p>{{{{ {source} | default: "коллега" }}}}</p>', values={"contact": {"first_name": ""}})
    assert "<p>коллега</p>" in found.html


@pytest.mark.parametrize(
    ("price", "words"), [(830_000, "830\u202f000\u202f₽"), (0, "по запросу"), (None, "по запросу")]
)
def test_deal_without_a_budget_takes_the_fallback(db, price, words):
    contact = ContactFactory()
    DealFactory(price=price, contact=contact)
    values = personal.people([contact.pk])[contact.pk]
    found = letter("<p>Смета: {{ deal.price | default: 'по запросу' }}</p>{{ deal.price }}", values=values)
    assert f"<p>Смета: {words}</p>{words if price else '<p'}" in found.html


WAYS_TO_ASK = (
    "if {0}", "if {0} != ''", "if {0} != blank", "if {0} != empty", "if {0} and contact.name",
    "if contact.name and {0}", "unless {0} == ''", "unless {0} == blank",
)  # fmt: skip


@pytest.mark.parametrize("name", ["contact.first_name", "deal.price", "deal.name", "contact.custom.city"])
@pytest.mark.parametrize("is_known", [True, False], ids=["known", "missing"])
def test_a_letter_may_ask_in_any_way_whether_there_is_a_value(db, name, is_known):
    CustomFieldFactory(entity="contact", key="city")
    contact = ContactFactory(name="+7 900 111-22-33", first_name="Анна" if is_known else "")
    if is_known:
        contact.custom = {"city": "Псков"}
        contact.save(update_fields=["custom"])
        DealFactory(price=830_000, contact=contact)
    values = personal.people([contact.pk])[contact.pk]
    for asked in WAYS_TO_ASK:
        tag = asked.split()[0]
        found = letter("{% " + asked.format(name) + " %}есть{% else %}нет{% end" + tag + " %}", values=values)
        assert f"<p>{'есть' if is_known else 'нет'}</p>" in found.html, asked


def test_values_are_escaped_in_html_and_plain_in_text():
    found = letter("<p>{{ contact.company }}</p>", text="{{ contact.company }}")
    assert "<p>Рога &amp; &lt;Копыта&gt;</p>" in found.html
    assert found.text.startswith("Рога & <Копыта>")


def test_subject_is_one_line():
    found = letter(subject="Тема\r\nBcc: all@mail.example")
    assert found.subject == "Тема Bcc: all@mail.example"
    assert one_line("a\x00\u2028b") == "a b"


@pytest.mark.parametrize("name", ["Анна\x07", "Ан\x0cна", "\ufffeАнна"])
def test_a_control_character_in_a_name_hinders_no_letter(name):
    found = letter("<p>{{ contact.first_name }}&#7;!</p>", values={"contact": {"first_name": name}})
    assert "<p>Анна!</p>" in found.body
    assert found.text.startswith("Анна!")


def test_text_is_made_of_html_when_none_is_written():
    assert "Здравствуйте" in letter("<h1>Здравствуйте</h1><p>Дом</p>").text


def test_letter_always_says_how_to_unsubscribe():
    found = letter(text="Привет")
    assert found.html.count(URL) == found.text.count(URL) == 1


@pytest.mark.parametrize("language", ["ru", "en"])
def test_letter_is_written_in_the_language_of_the_installation_whoever_reads_it(db, language, settings):
    settings.LANGUAGE_CODE = "ru"
    field = CustomFieldFactory(entity="contact", key="visit", form="date")
    contact = ContactFactory(custom={field.key: "2026-11-21"})
    with translation.override(language):
        written = letter("<p>{{ contact.custom.visit }}</p>", values=personal.people([contact.pk])[contact.pk])
    assert "21 ноября 2026" in written.body
    assert "отпишитесь" in written.body
    assert "отпишитесь" in written.text


def test_own_unsubscribe_link_is_not_doubled():
    found = letter('<p>Дом <a href="{{ unsubscribe_url }}">Отписаться</a></p>')
    assert found.html.count(URL) == 1
    assert URL in found.text


OWN = '<p>Дом <a href="{{ unsubscribe_url }}">Отписаться</a></p>'


@pytest.mark.parametrize(
    ("html", "text", "added"),
    [
        (OWN, "", (0, 0)),
        ("<p>Дом {{ unsubscribe_url }}</p>", "", (0, 0)),
        (OWN, "Дом", (0, 1)),
        (OWN, "Дом {{ unsubscribe_url }}", (0, 0)),
        ("<p>Дом</p>", "Дом {{ unsubscribe_url }}", (1, 0)),
        ("<p>Дом</p><!-- {{ unsubscribe_url }} -->", "", (1, 1)),
        ("<p>Дом</p>{% comment %}{{ unsubscribe_url }}{% endcomment %}", "", (1, 1)),
        ("{% assign u = unsubscribe_url %}<p>Дом</p>", "", (1, 1)),
        ("{% if unsubscribe_url %}<p>Дом</p>{% endif %}", "", (1, 1)),
        (f"<p>Дом</p>{{% if contact.first_name == 'Анна' %}}{OWN}{{% endif %}}", "", (1, 1)),
        ('<img src="https://a.example/a.png">', "", (1, 1)),
        ("", "Дом", (0, 1)),
        ('<p>Дом</p><a href="{{ unsubscribe_url }}"><img src="https://a.example/a.png"></a>', "", (0, 0)),
    ],
)
def test_whoever_reads_either_part_reads_once_how_to_unsubscribe(html, text, added):
    found = letter(html, text=text)
    assert (found.html.count(URL), found.text.count(URL)) == (int(bool(html)), 1)
    assert (found.html.count("отпишитесь"), found.text.count("отпишитесь")) == added
    assert found.has_own_link == (added == (0, 0))


@pytest.mark.parametrize(
    "link",
    [
        '<a href="{{ unsubscribe_url }}" style="display:none">Отписаться</a>',
        '<p style="color:red; DISPLAY: none">{{ unsubscribe_url }}</p>',
        '<a href="{{ unsubscribe_url }}"></a>',
        '<a href="{{ unsubscribe_url }}"> &#8203;</a>',
        '<img src="{{ unsubscribe_url }}">',
        '<p style="font-size:0">{{ unsubscribe_url }}</p>',
        """<a href="{{ unsubscribe_url | prepend: 'https://other.example/' }}">Отписаться</a>""",
    ],
)
def test_link_that_nobody_sees_is_none(link):
    found = letter(f"<p>Дом</p>{link}", text="Дом")
    assert "отпишитесь" in found.body
    assert not found.has_own_link


def test_html_that_is_empty_for_a_person_leaves_the_text():
    found = letter("{% if deal.price > 900 %}<p>Скидка</p>{% endif %}<p></p>", text="Дом")
    assert (found.html, found.text.startswith("Дом")) == ("", True)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="{{ unsubscribe_url }}">Отписаться</a>',
        "<p>&#8203;</p>",
        "{% if deal.price > 900 %}<p>Скидка</p>{% endif %}",
        "<p> &nbsp;<br></p>",
        "<video src='https://a.example'></video>",
    ],
)
def test_letter_with_nothing_in_it_is_a_template_error(html):
    with pytest.raises(TemplateFailed) as failed:
        letter(html)
    assert failed.value.reason.code == "empty_letter"


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<p hx-get="/x" style="position:fixed;background:url(http://x)">x</p>',
        "<iframe src=http://x></iframe>",
        '{{ "<script>alert(1)" | append: "</script>" }}',
    ],
)
def test_nothing_that_acts_gets_into_a_letter(html):
    found = letter(html + "<p>ok</p>").html.lower()
    body = found.partition("<body")[2].partition(">")[2]
    assert not any(word in body for word in ("<script", "onerror=", "javascript:", "hx-get", "position:", "<iframe"))


@pytest.mark.parametrize(
    "html",
    [
        "{% include 'a' %}",
        "{% render 'a' %}",
        "{{ contact.first_name | safe }}",
        "{{ 2 | times: 3 }}",
        "{{ 'a' | replace: 'a', 'b' }}",
    ],
)
def test_what_is_not_allowed_is_a_problem_at_save(html):
    assert problems("Тема", f"<p>\n{html}</p>", "")[0].line == 2


@pytest.mark.parametrize("source", ["{{ contact.__class__ }}", "{{ contact.first_name.__class__.__mro__ }}"])
def test_nothing_but_plain_values_is_reached(source):
    assert "class" not in letter(f"<p>[{source}]</p>").html.partition("<p>")[2].partition("</p>")[0]


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% for i in (1..900) %}{% for j in (1..900) %}x{% endfor %}{% endfor %}",
        "{% assign s = 'xx' %}{% for i in (1..100) %}{% assign s = s | append: s %}{% endfor %}",
        "{% for i in (1..900) %}" + "x" * 1000 + "{% endfor %}",
        "{% if 1 %}" * 50 + "{% endif %}" * 50,
    ],
)
def test_endless_work_is_cut(source):
    assert problems("Тема", source, "")
    with pytest.raises(TemplateFailed):
        letter(source)


def test_problem_names_field_and_line():
    found = problems("{{ contact.first_name", "<p>\n\n{{ x | nope }}</p>", "{% endif %}")
    assert [problem.field for problem in found] == ["subject", "html", "text"]
    assert "текст, строка 3" in str(found[1])


def test_nothing_is_parsed_where_a_source_is_too_long(monkeypatch):
    monkeypatch.setattr(rendering.LetterEnvironment, "from_string", None)
    (problem,) = problems("{% if %}", "x" * 500_001, "{% if %}")
    assert problem.field == "html"


def test_what_the_library_trips_over_is_a_fault_of_the_template():
    with pytest.raises(TemplateFailed) as failed:
        letter("{% if contact contains contact %}{% endif %}")
    assert failed.value.reason.code == "values_misused"


def test_source_that_is_too_long_is_refused():
    assert problems("Тема", "x" * 500_001, "")[0].field == "html"


def test_empty_subject_is_a_template_error():
    with pytest.raises(TemplateFailed):
        letter(subject="{{ contact.nothing }}")


def test_text_typed_without_markup_becomes_paragraphs():
    assert paragraphs("Первый\nряд\n\nВторой") == "<p>Первый<br>ряд</p><p>Второй</p>"
    assert paragraphs('<b>x</b>\n\n<a href="#">y</a>') == '<p><b>x</b></p><p><a href="#">y</a></p>'
    for piece in ("{% if deal.price <limit %}Да{% endif %}", "{{ '<p>' }}", "{% # <p> %}", "Цена < 5 млн", "Я <3 вас"):
        assert paragraphs(f"Первый\n\n{piece}") == f"<p>Первый</p><p>{piece}</p>"


@pytest.mark.parametrize(
    "source", ["<p>x</p>\n\ny", "x<br>\ny", '<a\nhref="#">x</a>', "{% if 1 < 2 %}<div>x</div>{% endif %}\n\ny"]
)
def test_text_with_blocks_of_its_own_stays_as_it_is(source):
    assert paragraphs(source) == source


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{% if %}", "строка 1: не хватает значения"),
        ("а\n{% if deal.name %}б", "строка 2: нет «{% endif %}» к «{% if %}»"),
        ("{% endfor %}", "«{% endfor %}» стоит без начала"),
        ("{% include 'x' %}", "команды «include» в письмах нет"),
        ("{{ deal.name | money }}", "фильтра «money» нет. Есть: append"),
        ("{{ deal.name", "поле не закрыто. Добавьте после него «}}»"),
        ("а\nб\n{{ deal.name | }}", "строка 3: после «|» нужен фильтр"),
        ("{% if deal.name = 'x' %}{% endif %}", "Для сравнения поставьте два: «==»"),
        ("{{ deal.name | truncate: 'x' }}", "фильтр «truncate» записан неверно"),
        ("{{ deal name }}", "два слова подряд"),
        ("{{ 'abc }}", "кавычка не закрыта"),
        ("{{ deal ?? 1 }}", "лишний знак «?»"),
        ("{% for i in (1..5000) %}x{% endfor %}", "слишком много повторов"),
        ("{% comment %}", "нет «{% endcomment %}»"),
        ("{% %}", "команда не закончена"),
        (
            "а\n{% if contact.first_name > 5 %}{% endif %}",
            "строка 2: «contact.first_name > 5» не сравнить: слева текст",
        ),
        (
            "{% if 5 <= contact.first_name %}{% endif %}",
            "«5 <= contact.first_name» не сравнить: слева число, справа те",
        ),
        (
            "{% unless deal.custom.visit < 5 %}{% endunless %}",
            "слева дата, справа число. Знаком «>» или «<» сравнивают",
        ),
        ("{% if deal.name == 'x' %}{% if deal.price and deal.name > 5 %}{% endif %}{% endif %}", "«deal.name > 5» не"),
        ("{% if deal.name == 'x' %}{% elsif deal.name > 5 %}{% endif %}", "«deal.name > 5» не сравнить"),
        ("{% assign a = deal.name %}{% if deal.name == 'x' %}{% if a > 5 %}{% endif %}{% endif %}", "«a > 5» не"),
        (
            "{% if deal.name == 'x' %}{% assign a = 'б' %}{% else %}{% assign a = 5 %}{% endif %}"
            "{% if a > 3 %}{% endif %}",
            "«a > 3» не сравнить: слева текст",
        ),
        ("{% for x in contact.custom limit: deal.name %}{% endfor %}", "после «limit:» и «offset:» нужно целое число"),
        ("{% for x in contact.custom limit: contact.custom.n %}{% endfor %}", "нужно целое число"),
        ("{% if 5 contains 'a' %}{% endif %}", "«contains» ищет в тексте"),
        ("{{ deal.name | truncate: deal.name }}", "фильтр «truncate» записан неверно"),
        (
            "<p>Дом</p>\n\n{% if deal.name == 'x' %}если x <y то{% endif %}",
            "строка 3: тег «<y то{% endif %}» не закрыт",
        ),
        ("{% if contact contains deal %}{% endif %}", "так эти значения вместе не работают"),
        (
            "{% if deal.name == 'x' %}{% if contact contains blank %}{% endif %}{% endif %}",
            "значения вместе не работают",
        ),
        ("{% for x in contact.name limit: -1 %}{% endfor %}", "так эти значения вместе не работают"),
        ("{% if deal.price > 7 000 000 %}{% endif %}", "два значения подряд"),
        ("{% if deal.price > 7,5 %}{% endif %}", "дробное число пишется с точкой: 7.5"),
        ("{% if deal.price > 7_000_000 %}{% endif %}", "поля «7_000_000» нет"),
        ("{% if deal.price > blank %}{% endif %}", "«deal.price > blank» не сравнить"),
        ("{% if deal.name 'Дом' %}{% endif %}", "Поставьте между ними «==»"),
        ("{% if not deal.name %}{% endif %}", "Начните с «{% unless deal.name %}»"),
        ("{% if !deal.name %}{% endif %}", "«not» в условиях нет"),
        ("{% if (deal.name) %}{% endif %}", "скобок в условиях нет"),
        ("{% if deal.price => 5 %}{% endif %}", "знака «=>» нет. Есть ==, !=, <"),
    ],
)
def test_fault_of_a_template_is_named_in_words(source, words):
    (problem,) = problems("Тема", source, "")
    assert words in str(problem)


@pytest.mark.parametrize("tag", ["if", "unless"])
@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("{% else if deal.name == 'Дом' %}", "«{% else if %}» пишется слитно: {% elsif … %}"),
        ("{% else  deal.name == 'Дом' %}", "вместо «{% else … %}» пишите «{% elsif … %}»"),
        ("{% elseif deal.name == 'Дом' %}", "вместо «{% elseif %}» пишите «{% elsif … %}»"),
        ("{% else %}б{% else %}", "«{% else %}» стоит после «{% else %}»"),
        ("{% else %}б{% elsif deal.name %}", "«{% elsif %}» стоит после «{% else %}»"),
        ("{% end if %}", "«{% end if %}» пишется слитно: {% endif %}"),
        ("{% for x in deal %}{% end for %}", "«{% end for %}» пишется слитно: {% endfor %}"),
        ("{% for x in deal %}{% else if x %}{% endfor %}", "вместо «{% else … %}» пишите «{% else %}»"),
    ],
)
def test_a_branch_liquid_would_pass_over_is_refused(tag, inner, words):
    source = f"а\n{{% {tag} deal.price %}}а\n{inner}б{{% end{tag} %}}"
    (problem,) = problems("Тема", source, "")
    assert f"текст, строка 3: {words}" in str(problem)
    with pytest.raises(TemplateFailed):
        letter(source)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{% case deal.name %}{% when 'а' %}{% else %}б{% else %}в{% endcase %}", "«{% else %}» стоит после"),
        ("{% case deal.name %}{% when 'а' %}{% else %}б{% when 'в' %}{% endcase %}", "«{% when %}» стоит после"),
        ("{% case deal.name %}{% when 'а' %}{% else if deal.name %}{% endcase %}", "пишите «{% when … %}»"),
        ("{% if deal.name %}{% end %}", "вместо «{% end %}» пишите «{% endif %}»"),
        ("{% if deal.name %}{% endif deal.name %}", "вместо «{% endif … %}» пишите «{% endif %}»"),
    ],
)
def test_a_command_with_odd_words_says_how_it_is_written(source, words):
    (problem,) = problems("Тема", source, "")
    assert words in str(problem)


@pytest.mark.parametrize(
    "source",
    [
        "{% if deal.price %}{% if deal.name %}{% else %}{% endif %}{% elsif deal.name %}{% else %}{% endif %}",
        "{% if deal.price %}{% for x in deal %}{% else %}{% endfor %}{% else %}{% endif %}",
        "{% comment %}{% else if %}{% end if %}{% endcomment %}{% # else if %}",
        "{% case deal.name %}{% when 'а' %}{% if deal %}{% else %}{% endif %}{% when 'б' %}{% else %}{% endcase %}",
    ],
)
def test_branches_in_their_order_are_no_problem(source):
    assert problems(source, source, source) == []


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2009", "\u200b"])
def test_a_space_of_a_word_processor_is_a_space_and_stays_within_quotes(space):
    source = "{% if contact.company_!= 'а'_%}{{ 'а_б'_| upcase_}}{% endif %}".replace("_", space)
    assert problems(source, source, source) == []
    assert letter(subject=source, text=source).text.startswith(f"А{space}Б")


@pytest.mark.parametrize(
    "source",
    [
        "{% assign a = 'б' %}{% assign a = 5 %}{% if a > 3 %}{% endif %}",
        "{% if deal.name == 'x' %}{% assign a = 7 %}{% else %}{% assign a = 5 %}{% endif %}{% if a > 3 %}{% endif %}",
        "{% if deal.name == 'x' %}{% assign a = 5 %}{% endif %}{% if a > 3 %}{% endif %}",
        "{% if deal.name == 'x' %}{% assign a = 'б' %}{% endif %}{% assign a = 5 %}{% if a > 3 %}{% endif %}",
    ],
)
def test_name_that_holds_what_it_is_compared_with_is_no_problem(source):
    assert not problems("Тема", source, "")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{% if deal.price &gt; 5 %}{% endif %}", "вместо «&gt;» пишите «>»"),
        ("{% if deal.price&nbsp;> 5 %}{% endif %}", "вместо «&nbsp;» поставьте пробел"),
        ("{% if deal.price && deal.name %}{% endif %}", "вместо «&&» пишите «and»"),
        ("{% if deal.price &amp;&amp; deal.name %}{% endif %}", "вместо «&amp;&amp;» пишите «and»"),
        ("{% if deal.price || deal.name %}{% endif %}", "вместо «||» пишите «or»"),
        ("{% if deal.name == &quot;Дом&quot; %}{% endif %}", 'кавычка &quot; не годится. Поставьте прямые: "Дом"'),
        ("{% if deal.name == «Дом» %}{% endif %}", 'кавычка « не годится. Поставьте прямые: "Дом"'),
        ("{{ deal.name | default: “Дом” }}", "кавычка “ не годится"),
        ("{% if deal.price ≥ 5 %}{% endif %}", "вместо «≥» пишите «>=»"),
        ("{% if deal.price ≤ 5 %}{% endif %}", "вместо «≤» пишите «<=»"),
        ("{% if deal.price ≠ 5 %}{% endif %}", "вместо «≠» пишите «!=»"),
        ("{% if deal.custom.visit > 2026-01-01 %}{% endif %}", 'дата пишется в кавычках: "2026-01-01"'),
        ("{% if deal.custom.visit > 01.12.2026 %}{% endif %}", 'дата пишется в кавычках: "01.12.2026"'),
        ('{{ deal.name | default "Дом" }}', "после «default» нужно двоеточие: default: …"),
        ("{{ deal.name | truncate 5 }}", "после «truncate» нужно двоеточие"),
        ("{% if deal.price > 5 или deal.name %}{% endif %}", "вместо «или» пишите «or»"),
        ("{% if deal.price и deal.name %}{% endif %}", "вместо «и» пишите «and»"),
        ("{% if deal.price OR deal.name %}{% endif %}", "вместо «OR» пишите «or»"),
        ("{% if deal.name == Сосновый дом %}{% endif %}", "текст пишется в кавычках"),
        ("{% if deal.name == Дом %}{% endif %}", "поля «Дом» нет. Есть: contact.name"),
        ("{% if deal.name == Дом %}{% endif %}", 'Если это текст, возьмите его в кавычки: "Дом"'),
        ("{% if deal.name == House %}{% endif %}", 'Если это текст, возьмите его в кавычки: "House"'),
        ("{{ deal.name | default: House }}", 'возьмите его в кавычки: "House"'),
        ("{% case deal.name %}{% when House %}{% endcase %}", 'возьмите его в кавычки: "House"'),
        ("{{ коллега }}", 'возьмите его в кавычки: "коллега"'),
        ('{% assign contact.name = "x" %}', "пишется без точек и скобок, не «contact.name»"),
        ("{% assign a == 5 %}", "вместо «==» пишите «=»"),
        ("{% if deal.price == == 5 %}{% endif %}", "не хватает значения"),
        ("{{ deal.name | truncatewords: deal.price }}", "фильтр «truncatewords» записан неверно"),
    ],
)
def test_what_is_typed_in_place_of_a_sign_says_what_to_write(source, words):
    (problem,) = problems("Тема", f"а\n{source}", "")
    assert "текст, строка 2: " in str(problem)
    assert words in str(problem)


@pytest.mark.parametrize("source", ["{{ first_name }}", "{{ House }}", "{% if deal.name == contact.nope %}{% endif %}"])
def test_a_field_that_is_mistaken_is_not_taken_for_a_text(source):
    (problem,) = problems("Тема", source, "")
    assert "в кавычки" not in str(problem)


def test_fault_of_a_template_is_named_in_the_language_of_the_reader():
    (problem,) = problems("Тема", "{% if %}", "")
    with translation.override("en"):
        assert str(problem) == "text, line 1: a value is missing. Put in a field, for example “contact.first_name”."


def test_comparison_that_cannot_work_is_told_in_the_language_of_the_reader():
    (problem,) = problems("Тема", "{% if deal.name > 5 %}{% endif %}", "")
    with translation.override("en"):
        assert "“deal.name > 5” cannot be compared: a text on the left, a number on the right" in str(problem)


def test_fault_that_is_stored_reads_back():
    (problem,) = problems("Тема", "{% if %}", "")
    assert str(Reason.of(problem.reason.packed())) == str(problem)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("а\nб {{ contact.nope }}", "текст, строка 2: поля «contact.nope» нет. Есть похожие: contact.name"),
        ("{% if first_name %}{% endif %}", "поля «first_name» нет. Есть похожие: contact.first_name"),
        ("{{ Contact.Company }}", "Есть похожие: contact.company"),
        ("{{ company.name }}", "Есть похожие: contact.company, contact.name, deal.name"),
        ("{{ contact.custom.sity | default: 'ваш город' }}", "Есть похожие: contact.custom.city"),
        ("{{ щщ }}", "поля «щщ» нет. Есть: contact.name, contact.first_name, contact.company, deal.name, deal.price"),
        ("{% for x in contact.custom %}{% endfor %}{{ x }}", "поля «x» нет"),
        ("{% assign a = contact.nope %}{{ a.b }}", "поля «contact.nope» нет"),
    ],
)
def test_name_that_nobody_has_is_a_problem(source, words):
    (problem,) = problems("Тема", source, "")
    assert words in str(problem)


@pytest.mark.parametrize(
    "source",
    [
        "{{ contact.first_name }} {{ contact['custom']['city'] }} {{ unsubscribe_url }}",
        "{% assign who = contact.name %}{{ who }}{% capture big %}{{ deal.price }}{% endcapture %}{{ big.size }}",
        "{% for pair in contact.custom %}{{ forloop.index }}{% if seen %}{{ pair[0] }}{% endif %}"
        "{% assign seen = 1 %}{% endfor %}",
        "{% if deal.price > 7000000 and contact.custom.n <= 5.5 or contact.custom.n >= '5' %}{% endif %}",
        "{% if deal.custom.visit > '2026-01-01' and contact.name < 'Б' and deal.price > '900 000' %}{% endif %}",
        "{% if deal %}{{ contact.custom[deal.name] }}{% endif %}{% if contact.name.size > 3 %}{% endif %}",
    ],
)
def test_known_names_and_those_of_the_template_are_no_problem(source):
    assert problems(source, source, source) == []


def test_odd_names_are_told_once_each():
    found = problems("{{ a1 }}", "{{ b1 }}{{ b1 }}\n{{ c1 }}", "")
    assert [(problem.field, problem.line) for problem in found] == [("subject", 1), ("html", 1), ("html", 2)]
