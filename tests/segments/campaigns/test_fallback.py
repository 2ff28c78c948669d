import pytest

from segments.campaigns.fallback import bare, mended
from segments.campaigns.rendering import render


def letter(html, subject="Тема"):
    return {"subject": subject, "html": html, "text": ""}


@pytest.mark.parametrize(
    "html",
    [
        "{{ contact.first_name | default: 'коллега' }}",
        "{{ deal.price | upcase | default: 'по запросу' }}",
        "{% if contact.first_name != '' %}, {{ contact.first_name }}{% endif %}",
        "{% if contact.first_name %}{% if deal.name %}{{ contact.first_name }}{% endif %}{% endif %}",
        "{% if contact.name %}.{% elsif deal.name %}{{ deal.name }}{% endif %}",
        "{% case deal.stage %}{% when 'Оплата' %}{{ deal.stage }}{% endcase %}",
        "{% comment %}{{ deal.price }}{% endcomment %}",
        "{% assign sum = deal.price | default: 'по запросу' %}{{ sum }}",
        "{% assign sum = deal.price %}{% if sum %}{{ sum }}{% endif %}",
        "{{ 'deal.price' }}",
        "{{ deal.price",
    ],
)
def test_place_that_cannot_be_empty_is_left_alone(html):
    assert bare(letter(html)) == {}


@pytest.mark.parametrize(
    ("html", "field"),
    [
        ("{{ deal.price }}", "deal.price"),
        ("{{- contact['company'] | upcase -}}", "contact.company"),
        ("{% if deal.name %}{{ deal.price }}{% endif %}", "deal.price"),
        ("{% if deal.name %}.{% endif %}{{ deal.name }}", "deal.name"),
        ("{% assign sum = deal.price %}{{ sum }}", "deal.price"),
        ("{% echo deal.stage %}", "deal.stage"),
        ("{{ deal.price | append: ' ₽' | default: 'по запросу' }}", "deal.price"),
        ("{{ contact.custom.area }} default", "contact.custom.area"),
    ],
)
def test_place_that_may_stay_empty_is_found(html, field):
    assert list(bare(letter(html))) == [field]


def test_each_bare_piece_is_found_once():
    html = "{% if deal.name %}{{ contact.first_name }}{% endif %} {{contact.first_name|upcase}}"
    assert bare(letter(html, "{{ contact.first_name }}")) == {
        "contact.first_name": ["{{ contact.first_name }}", "{{contact.first_name|upcase}}"]
    }


@pytest.mark.parametrize(
    ("piece", "better"),
    [
        ("{{ contact.first_name }}", '{{ contact.first_name | default: "коллега" }}'),
        ("{{contact.first_name|upcase}}", '{{contact.first_name | default: "коллега"|upcase}}'),
        ("{{- contact.first_name -}}", '{{- contact.first_name | default: "коллега" -}}'),
    ],
)
def test_mended_piece_greets_whoever_has_no_name(piece, better):
    assert mended(piece, "contact.first_name", "коллега") == better
    assert bare(letter(better)) == {}
    found = render(letter("<p>Текст</p>", better), {"contact": {"first_name": ""}, "deal": {}}, "#")
    assert found.subject.casefold() == "коллега"


@pytest.mark.parametrize("piece", ['{{ "Письмо для " | append: contact.first_name }}', "{{ contact.first_name_2 }}"])
def test_piece_that_only_a_person_understands_is_not_touched(piece):
    assert mended(piece, "contact.first_name", "коллега") == piece
