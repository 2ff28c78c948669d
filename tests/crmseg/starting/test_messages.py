import gettext

import pytest

from crmseg.starting import messages

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {}\\n"\n\n'
EN = HEAD.format("nplurals=2; plural=(n != 1);")
RU = HEAD.format(
    "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"
)
DEALS_RU = 'msgid "%(n)s сделка"\nmsgid_plural "%(n)s сделок"\n' + "".join(
    f'msgstr[{i}] "%(n)s {word}"\n' for i, word in enumerate(["сделка", "сделки", "сделок"])
)
DEALS_EN = 'msgid "%(n)s сделка"\nmsgid_plural "%(n)s сделок"\nmsgstr[0] "%(n)s deal"\nmsgstr[1] "%(n)s deals"\n\n'
PEOPLE_EN = 'msgid "Люди"\nmsgstr "People"\n\n'


PEOPLE_RU = 'msgid "Люди"\nmsgstr ""\n\n'


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.html").write_text(
        "{% load i18n %}\n   {% translate 'Люди' %}\n  {% blocktranslate count n=deals %}{{ n }} сделка"
        "{% plural %}{{ n }} сделок{% endblocktranslate %}"
    )
    write(tmp_path, "ru", RU + DEALS_RU)
    write(tmp_path, "en", EN + PEOPLE_EN + DEALS_EN)
    return tmp_path


def write(house, language, text):
    path = house / "locale" / language / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_complete_catalogues_have_no_problems(house):
    assert messages.problems() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (EN + DEALS_EN, "en: нет строки «Люди» (templates/a.html:2)"),
        (EN + PEOPLE_EN, "en: нет строки «%(n)s сделка» (templates/a.html:3)"),
        (EN + DEALS_EN + 'msgid "Люди"\nmsgstr ""\n', "en: нет перевода «Люди»"),
        (EN + DEALS_EN + "#, fuzzy\n" + PEOPLE_EN, "en: не проверен перевод «Люди»"),
    ],
)
def test_every_gap_of_a_catalogue_is_named(house, text, problem):
    write(house, "en", text)
    assert problem in messages.problems()


def test_russian_needs_every_plural_form(house):
    write(house, "ru", RU + DEALS_RU.replace('msgstr[2] "%(n)s сделок"', 'msgstr[2] ""'))
    assert messages.problems() == ["ru: нет перевода «%(n)s сделка»"]


def test_lost_translation_of_a_merge_is_a_problem(house):
    with (house / "locale/en/LC_MESSAGES/django.po").open("a") as catalogue:
        catalogue.write('\nmsgid "a"\nmsgid "b"\nmsgstr "b"\n')
    assert "en: каталог испорчен" in messages.problems()[0]


def test_missing_catalogue_is_a_problem(house):
    (house / "locale" / "en" / "LC_MESSAGES" / "django.po").unlink()
    assert messages.problems() == ["en: нет каталога locale/en/LC_MESSAGES/django.po"]


@pytest.mark.parametrize("listed", ["", PEOPLE_RU])
def test_russian_says_itself_whatever_the_language_of_the_installation_is(house, listed):
    write(house, "ru", RU + listed + DEALS_RU)
    messages.compile_stale()
    with (house / "locale/ru/LC_MESSAGES/django.mo").open("rb") as compiled:
        russian = gettext.GNUTranslations(compiled)
    russian.add_fallback(Loud())
    assert russian.gettext("Люди") == "Люди"
    assert russian.ngettext("%(n)s сделка", "%(n)s сделок", 2) == "%(n)s сделки"


class Loud(gettext.NullTranslations):
    def gettext(self, message):
        raise LookupError(message)


def test_catalogues_are_compiled_when_stale_only(house):
    assert messages.compile_stale() == 2
    assert messages.compile_stale() == 0
    with (house / "locale" / "en" / "LC_MESSAGES" / "django.mo").open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("Люди") == "People"
