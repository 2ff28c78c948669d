"""Russian is the source, English is complete: catalogues, forms of number, composed sentences, whole pages."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from crmseg.accounts.models import Role
from crmseg.starting import messages
from crmseg.web import formats
from segments.rules.describe import sentence
from segments.rules.parse import parse
from tests.factories import (
    CampaignFactory,
    CompanyFactory,
    ContactFactory,
    DealFactory,
    SegmentFactory,
    StageFactory,
    UserFactory,
)

CYRILLIC = re.compile("[А-Яа-яЁё]+")
LANGUAGE_NAME = "Русский"
NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
PAGES = [
    "/deals/",
    "/contacts/",
    "/companies/",
    "/segments/",
    "/segments/new/",
    "/campaigns/",
    "/campaigns/new/",
    "/settings/amocrm/",
    "/profile/",
]


@cache
def catalogue(language: str) -> list[Message]:
    path = messages.ROOT / "locale" / language / "LC_MESSAGES" / "django.po"
    with path.open("rb") as source:
        return [message for message in read_po(source, locale=language) if message.id]


def forms(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (message.string,)


def test_every_message_has_its_words() -> None:
    assert messages.problems() == []


def test_english_is_written_in_latin_letters() -> None:
    written = {form for message in catalogue("en") for form in forms(message)}
    assert [form for form in written if CYRILLIC.search(form)] == []


def test_translations_end_as_their_source_does() -> None:
    """A full stop or a space at an edge is the place's choice, not the language's."""
    edges = re.compile(r"^\s*|[.…:?\s]*$")
    ends = [(m.id, m.string) for m in catalogue("en") if isinstance(m.id, str) and m.id not in {"доб.", ", ни "}]
    differing = [(ru, en) for ru, en in ends if edges.findall(ru)[-1].strip() != edges.findall(en)[-1].strip()]
    assert differing == []


def test_no_message_hides_in_an_f_string() -> None:
    """Extractors do not look there, so such a message would stay Russian unnoticed."""
    assert list(_said_in_f_strings()) == []


def _said_in_f_strings() -> Iterator[str]:
    for path in messages.sources():
        if path.suffix != ".py":
            continue
        parts = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FormattedValue))
        for call in (node for part in parts for node in ast.walk(part) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id in messages.KEYWORDS and call.args:
                yield from (arg.value for arg in call.args[:1] if isinstance(arg, ast.Constant))


@pytest.mark.parametrize(
    ("count", "deals", "letters", "nameless"),
    [
        (1, "1 сделка в работе", "Отправить 1 письмо", "У 1 получателя из 900 нет имени: впишите запасное слово"),
        (2, "2 сделки в работе", "Отправить 2 письма", "У 2 получателей из 900 нет имени: впишите запасное слово"),
        (5, "5 сделок в работе", "Отправить 5 писем", "У 5 получателей из 900 нет имени: впишите запасное слово"),
        (12, "12 сделок в работе", "Отправить 12 писем", "У 12 получателей из 900 нет имени: впишите запасное слово"),
        (21, "21 сделка в работе", "Отправить 21 письмо", "У 21 получателя из 900 нет имени: впишите запасное слово"),
        (
            104,
            "104 сделки в работе",
            "Отправить 104 письма",
            "У 104 получателей из 900 нет имени: впишите запасное слово",
        ),
    ],
)
def test_russian_counts_agree(count: int, deals: str, letters: str, nameless: str) -> None:
    shown = {"shown": count, "total": 900, "what": "имени"}
    lack = "У %(shown)s получателя из %(total)s нет %(what)s: впишите запасное слово"
    with translation.override("ru"):
        assert ngettext("%(shown)s сделка в работе", "%(shown)s сделок в работе", count) % shown == deals
        assert ngettext("Отправить %(shown)s письмо", "Отправить %(shown)s писем", count) % shown == letters
        assert ngettext(lack, lack.replace("получателя", "получателей"), count) % shown == nameless


def test_english_counts_agree() -> None:
    with translation.override("en"):
        said = [ngettext("Отправить %(shown)s письмо", "Отправить %(shown)s писем", n) % {"shown": n} for n in (1, 2)]
    assert said == ["Send 1 email", "Send 2 emails"]


def test_days_have_names_in_both_languages() -> None:
    moments = [NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)]
    said = {}
    for language in ("ru", "en"):
        with translation.override(language):
            said[language] = [formats.when(moment, NOW, language) for moment in moments]
    assert said["ru"] == ["вчера, 14:00", "сегодня, 14:00", "завтра, 14:00"]
    assert said["en"] == ["yesterday, 14:00", "today, 14:00", "tomorrow, 14:00"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"has": "deals"}, "there is a deal"),
        ({"has": "deals", "op": "eq", "value": 0}, "there are no deals"),
        ({"field": "name", "op": "in", "value": ["A", "B", "C"]}, "name is “A”, “B” or “C”"),
        ({"field": "created_at", "op": "on", "value": "2026-11-21"}, "created on 21 Nov 2026"),
        ({"field": "created_at", "op": "more_than_ago", "value": "21d"}, "created more than 21 days ago"),
        ({"field": "created_at", "op": "within_last", "value": "1m"}, "created in the last month"),
        ({"field": "lifecycle", "op": "ne", "value": "refused"}, "customer status is not “Refused”"),
        (
            {
                "all": [
                    {"none": [{"field": "last_contact_at", "op": "within_last", "value": "30d"}]},
                    {"field": "won_total", "op": "gte", "value": 1500000},
                ]
            },
            "not those where (last contact in the last 30 days) and purchase total is at least 1 500 000 ₽",
        ),
        (
            {"has": "deals", "where": {"field": "stage_kind", "op": "eq", "value": "won"}, "op": "gt", "value": 3},
            "number of deals where (stage kind is “Won”) is more than 3",
        ),
    ],
)
def test_rules_read_well_in_english(rule: dict[str, object], said: str) -> None:
    with translation.override("en"):
        shown = re.sub("<[^>]+>", "", sentence(parse(rule)))
    assert shown.replace("\u202f", " ").replace("\u00a0", " ") == f"Contacts: {said}"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_catalogue_says_each_thing_once(language: str) -> None:
    text = (Path(settings.BASE_DIR) / f"locale/{language}/LC_MESSAGES/django.po").read_text()
    said = re.findall(r'(?:^msgctxt ".*"\n)?^msgid (?:".*"\n)+', text, flags=re.MULTILINE)
    assert [one for one, times in Counter(said).items() if times > 1] == []


def shell(html: str) -> str:
    """What a page says besides the names of languages and what its buttons put into letters."""
    return re.sub(r'<(script|style)\b.*?</\1>|data-(insert|markup)="[^"]*"', "", html, flags=re.S).replace(
        LANGUAGE_NAME, ""
    )


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_english_reader_sees_english(client, page: str) -> None:
    client.force_login(UserFactory(name="Julia Reed", role=Role.ADMIN, language="en"))
    response = client.get(page)
    assert response.status_code == 200
    assert 'lang="en"' in response.content.decode()
    assert CYRILLIC.findall(shell(response.content.decode())) == []


@pytest.mark.django_db
def test_english_reader_sees_records_in_english(client) -> None:
    reader = UserFactory(name="Julia Reed", role=Role.ADMIN, language="en")
    client.force_login(reader)
    stage = StageFactory(name="Quote", pipeline__name="Houses", max_days=7)
    person = ContactFactory(name="Ann Lee", company=CompanyFactory(name="Lake House"), responsible=reader)
    deal = DealFactory(
        contact=person, name="Villa", stage=stage, price=1200000, responsible=reader, stage_entered_at=NOW
    )
    segment = SegmentFactory(name="Silent", rules={"has": "deals"})
    campaign = CampaignFactory(name="Winter", segment=segment)
    pages = [deal, person, person.company, segment, campaign]
    names = ["deals", "contacts", "companies", "segments", "campaigns"]
    urls = [reverse(f"{name}:detail", args=[row.pk]) for name, row in zip(names, pages, strict=True)]
    urls += ["/deals/", "/contacts/", "/companies/", "/segments/", "/campaigns/"]
    urls += [reverse("segments:edit", args=[segment.pk]), reverse("campaigns:edit", args=[campaign.pk])]
    found = {url: CYRILLIC.findall(shell(client.get(url).content.decode())) for url in urls}
    assert {url: words for url, words in found.items() if words} == {}


@pytest.mark.django_db
def test_stranger_with_an_english_browser_signs_in_in_english(client) -> None:
    shown = shell(client.get("/login/", headers={"accept-language": "en"}).content.decode())
    assert "Sign in" in shown
    assert CYRILLIC.findall(shown) == []


@pytest.mark.django_db
def test_errors_are_said_in_english(client) -> None:
    client.force_login(UserFactory(name="Julia Reed", role=Role.PARTNER, language="en"))
    for page in ("/segments/", "/nowhere/"):
        assert CYRILLIC.findall(shell(client.get(page).content.decode())) == []


@pytest.mark.django_db
def test_russian_reader_sees_russian(client) -> None:
    client.force_login(UserFactory(role=Role.ADMIN))
    assert "Сегментов пока нет" in client.get("/segments/").content.decode()
