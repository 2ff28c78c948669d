import re
from types import SimpleNamespace

import pytest
from django import forms
from django.template import engines
from django.test import RequestFactory
from django.utils import translation

from crmseg.accounts.models import User
from crmseg.web import formats
from pipelines.models import Contact


def render(source, **context):
    request = RequestFactory().get("/deals/?stage=4&cursor=old")
    return engines["django"].from_string(source).render(context, request)


class Sample(forms.Form):
    days = forms.IntegerField(label="Дней", help_text="Рабочих")


def test_icon_is_hidden_unless_it_has_a_name():
    assert 'aria-hidden="true"' in render('{% icon "flame" %}')
    named = render('{% icon "flame" 12 "Зависла" %}')
    assert 'role="img" aria-label="Зависла"' in named
    assert "img/icons.svg#flame" in named


def test_avatar_escapes_the_name_and_needs_no_person():
    person = SimpleNamespace(hue=120, initials="<b", pk=1)
    assert "&lt;b" in render("{% avatar person %}", person=person)
    assert render("{% avatar person %}", person=None) == ""


def test_field_is_described_by_its_help_and_its_error():
    html = render('{% include "components/field.html" with field=form.days only %}', form=Sample({"days": "три"}))
    assert 'aria-describedby="id_days_help id_days_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_days_error"' in html


class Refused(forms.Form):
    name = forms.CharField()
    rule = forms.CharField()
    days = forms.IntegerField()

    def clean_rule(self):
        raise forms.ValidationError(["Поля open_dealz нет", "Действия ~ нет"])


def test_focus_begins_in_the_first_field_that_is_wrong_and_each_fault_has_its_line():
    html = render('{% include "components/form.html" with form=form only %}', form=Refused({"name": "а", "rule": "{"}))
    assert re.findall(r'name="(\w+)"[^>]* autofocus', html) == ["rule"]
    assert "Поля open_dealz нет<br>Действия ~ нет</span>" in html


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Агентство «Пульс»", "АП"), ("«Пульс»", "П"), ("Анна (сестра)", "АС"), ("Пётр Ильич Ким", "ПК"), ("—", "")],
)
def test_quotes_and_signs_are_no_initials(name, letters):
    assert formats.initials(name) == letters
    assert Contact(name=name).initials == User(name=name).initials == letters


def test_field_without_faults_is_plain():
    html = render('{% include "components/field.html" with field=form.days only %}', form=Sample())
    assert "aria-invalid" not in html
    assert '<label for="id_days">Дней</label>' in html


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ 1284500|num }}", "1\u202f284\u202f500"),
        ("{{ 1284500|rub }}", "1\u202f284\u202f500\u202f₽"),
        ("{{ nothing|rub }}", "—"),
        ("{{ nothing|when }}", "—"),
        ("{{ nothing|phone }}", "—"),
        ("{{ 5.5|percent }}", "5,5\u202f%"),
    ],
)
def test_filters_write_in_the_language_of_the_page_and_dash_what_is_missing(source, shown):
    with translation.override("ru"):
        assert render(source, nothing=None) == shown


def test_query_changes_one_value_and_keeps_the_rest():
    assert render("{% query cursor='new' %}") == "?stage=4&amp;cursor=new"
    assert render("{% query cursor=none %}", none=None) == "?stage=4"


def test_blocks_wrap_their_content():
    html = render('{% card "Воронка" %}<p>{{ text }}</p>{% endcard %}', text="<i>")
    assert "<h2>Воронка</h2>" in html
    assert "<p>&lt;i&gt;</p>" in html


def test_avatar_of_a_company_has_letters_alone():
    assert ">ОО</span>" in render("{% avatar person %}", person="ООО «Озёрный край»")
