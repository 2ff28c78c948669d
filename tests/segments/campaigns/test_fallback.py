import pytest

from segments.campaigns.fallback import bare, mended
from segments.campaigns.rendering import render


def letter(html, subject="Тема"):
    return {"subject": subject, "html": html, "text": ""}


@pytest.mark.parametrize(
    "html",
    [
        "{{ contact.first_name | default: 'коллега' }}",
        "{% if contact.first_name != '' %}, {{ contact.first_name }}{% endif %}",
        "{% if contact.first_name %}{% if deal.name %}{{ contact.first_name }}{% endif %}{% endif %}",
        "{{ contact.name }}",
    ],
)
def test_name_that_cannot_be_empty_is_left_alone(html):
    assert bare(letter(html)) == []


def test_each_bare_piece_is_found_once():
    html = "{% if deal.name %}{{ contact.first_name }}{% endif %} {{contact.first_name|upcase}}"
    assert bare(letter(html, "{{ contact.first_name }}")) == [
        "{{ contact.first_name }}",
        "{{contact.first_name|upcase}}",
    ]


@pytest.mark.parametrize(
    ("piece", "better"),
    [
        ("{{ contact.first_name }}", '{{ contact.first_name | default: "коллега" }}'),
        ("{{contact.first_name|upcase}}", '{{contact.first_name | default: "коллега"|upcase}}'),
        ("{{- contact.first_name -}}", '{{- contact.first_name | default: "коллега" -}}'),
    ],
)
def test_mended_piece_greets_whoever_has_no_name(piece, better):
    assert mended(piece) == better
    found = render(letter("<p>Текст</p>", better), {"contact": {"first_name": ""}, "deal": {}}, "#")
    assert found.subject.casefold() == "коллега"


def test_piece_that_only_a_person_understands_is_not_touched():
    piece = '{{ "Письмо для " | append: contact.first_name }}'
    assert (bare(letter(piece)), mended(piece)) == ([piece], piece)
