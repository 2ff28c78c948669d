import re

import pytest
from django.db import connection
from django.db.models import Q
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines import search
from pipelines.models import Company, Contact, ContactPoint, Deal, DealContact
from pipelines.models.mirrored import fold
from tests.factories import CompanyFactory, ContactFactory, ContactPointFactory, DealFactory, StageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def _people():
    semyon = ContactFactory(name="Семён Королёв")
    ContactPointFactory(contact=semyon, kind="phone", value="+79035551842")
    elena = ContactFactory(name="Елена Савина 50% скидка")
    ContactPointFactory(contact=elena, value="elena.savina@mail.example")


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["Елена", "Семён"]),
        ("семен", ["Семён"]),
        ("КОРОЛЕВ семён", ["Семён"]),
        ("8 (903) 555-18-42", ["Семён"]),
        ("+7 903 555", ["Семён"]),
        ("1842", ["Семён"]),
        ("Savina@", ["Елена"]),
        ("50%", ["Елена"]),
        ("%", ["Елена"]),
        ("_", []),
        ("неизвестный", []),
    ],
)
def test_person_is_found_by_what_is_typed(typed, found):
    rows = Contact.objects.filter(search.people(typed)).order_by("name_key")
    assert [contact.name.split()[0] for contact in rows] == found


@pytest.mark.parametrize("typed", ["ООО Уют", "уют 5", "5"])
def test_contact_is_found_by_the_company(typed):
    contact = ContactFactory(name="Елена Савина", company=CompanyFactory(name="ООО «Уют 5»"))
    ContactFactory(name="Никита Егоров", company=CompanyFactory(name="ООО «Вектор»"))
    assert list(Contact.objects.filter(search.people(typed))) == [contact]


def test_company_is_found_by_its_phone():
    company = CompanyFactory()
    ContactPointFactory(contact=None, company=company, kind="phone", value="+74951234567")
    assert list(Company.objects.filter(search.people("123-45-67", "company"))) == [company]


QUOTED = ["ООО Уют", 'ооо "уют', "Уют 5», ООО", "«Уют 5»", "ООО “Уют”", "(уют)", "о'нил", '"']


@pytest.mark.parametrize("typed", QUOTED)
def test_quotes_do_not_stand_between_the_words(track, typed):
    name = 'ООО «Уют 5» "О’Нил"'
    company, deal = CompanyFactory(name=name), DealFactory(stage=track.contact, name=f"Дом для {name}")
    contact = ContactFactory(name=name)
    for rows, found in (
        (Company.objects.filter(search.people(typed, "company")), company),
        (Contact.objects.filter(search.people(typed)), contact),
        (Deal.objects.filter(search.deals(typed)), deal),
    ):
        assert list(rows) == [found]


@pytest.mark.parametrize(
    "typed",
    ["ПРОЕКТУ", "проекту дом", "савина", "Савина Елена", "555-18", "+7 (903) 555", "8 903 555-18", "89035551842"],
)
def test_deal_is_found_by_name_contact_and_phone(track, typed):
    person = ContactFactory(name="Елена Савина")
    ContactPointFactory(contact=person, kind="phone", value="+79035551842")
    deal = DealFactory(stage=track.contact, name="Дом по проекту", contact=person)
    DealFactory(stage=track.contact, name="Баня", contact=ContactFactory(name="Никита Егоров"))
    assert list(Deal.objects.filter(search.deals(typed))) == [deal]


@pytest.mark.parametrize("typed", ["ИП Мухин", "мухин", "МУХИН, ип", "ух"])
def test_deal_is_found_by_its_company_and_by_that_of_its_contact(track, typed):
    company = CompanyFactory(name="ИП Мухин")
    own = DealFactory(stage=track.contact, name="Баня", company=company)
    theirs = DealFactory(stage=track.contact, name="Дом", contact=ContactFactory(name="Алексей", company=company))
    DealFactory(stage=track.contact, name="Барнхаус", company=CompanyFactory(name="ООО «Вектор»"))
    assert list(Deal.objects.filter(search.deals(typed)).order_by("pk")) == [own, theirs]


@pytest.mark.parametrize("typed", ["1597", "№ 1\u202f597", "№1597", "1 597", "#1597"])
def test_deal_is_found_by_its_number(track, typed):
    deal = DealFactory(pk=1597, stage=track.contact, name="Баня")
    DealFactory(stage=track.contact, name="Дом")
    assert list(Deal.objects.filter(search.deals(typed))) == [deal]


@pytest.mark.parametrize("typed", ["№ 7", "7"])
def test_deal_is_found_by_a_short_number(track, typed):
    deal = DealFactory(pk=7, stage=track.contact, name="Баня")
    DealFactory(pk=70, stage=track.contact, name="Дом")
    assert list(Deal.objects.filter(search.deals(typed))) == [deal]


@pytest.mark.parametrize("typed", ["9" * 19, "9" * 200, "№", "№ №", "1597 дом"])
def test_what_is_no_number_of_a_deal_finds_none(track, typed):
    DealFactory(pk=1597, stage=track.contact, name="Баня")
    assert not Deal.objects.filter(search.deals(typed)).exists()


def test_figures_in_the_name_of_a_deal_are_no_phone(track):
    ContactPointFactory(contact=(person := ContactFactory()), kind="phone", value="+79031805542")
    DealFactory(stage=track.contact, name="Баня", contact=person)
    house = DealFactory(stage=track.contact, name="Дом 180")
    assert list(Deal.objects.filter(search.deals("дом 180"))) == [house]


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("8 (903) 555-18-42", "9035551842"),
        ("8 (903", "903"),
        ("8-495-12", "49512"),
        ("890", "890"),
        ("8123", "8123"),
        ("8 777 123 45 67", "7771234567"),
        ("+79035551842", "9035551842"),
        ("12", ""),
        ("дом 180", ""),
        ("555-18", "55518"),
    ],
)
def test_digits_of_a_phone(typed, digits):
    assert search.local_digits(typed) == digits


def words_of(typed: str) -> list[str]:
    return re.findall(r"""[^\s'()]+""", fold(typed)) or fold(typed).split()


def people_by_scan(typed: str) -> Q:
    """What the search promises, by looking at every row."""
    words, digits = words_of(typed), search.local_digits(typed)
    named = Q(*(("name_key__contains", word) for word in words))
    named |= Q(*(("company__name_key__contains", word) for word in words))
    fits = Q(kind="email", value__contains=typed.strip().lower())
    points = ContactPoint.objects.filter(fits | Q(kind="phone", value__contains=digits) if digits else fits)
    return named | Q(pk__in=points.filter(contact__isnull=False).values("contact"))


def deals_by_scan(typed: str) -> Q:
    words, digits = words_of(typed), search.local_digits(typed)
    phones = ContactPoint.objects.filter(kind="phone", value__contains=digits, contact__isnull=False)
    linked = Q(*(("contact__name_key__contains", word) for word in words))
    linked |= Q(*(("contact__company__name_key__contains", word) for word in words))
    if digits:
        linked |= Q(contact__in=phones.values("contact"))
    named = Q(*(("name_key__contains", word) for word in words))
    named |= Q(*(("company__name_key__contains", word) for word in words))
    number = "".join(typed.split())
    if number.isdecimal():
        named |= Q(pk=int(number))
    return named | Q(pk__in=DealContact.objects.filter(linked).values("deal"))


LETTERS = "аеёЕЁбвВz1290 %_\\'@.+-()İßﬁй"
TYPED = st.text(LETTERS, max_size=6).filter(str.strip)
NAMES = st.lists(st.text(LETTERS, max_size=9), min_size=1, max_size=6)
PHONES = st.lists(st.text("1290", min_size=3, max_size=6).map("+79".__add__), max_size=3)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(NAMES, PHONES, TYPED, st.sampled_from([0, 1, search.MANY]))
@example(["Ёж Ёлкин", "еж"], ["+79012"], "ЁЖ ел", search.MANY)
@example(["аб", "аба"], [], "ба", search.MANY)
@example(["вввв"] * 3, ["+79129", "+79120"], "8 912", 1)
def test_search_finds_what_a_look_at_every_row_finds(names, phones, typed, many):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "MANY", many)
        deals, contacts = plant(names, phones)
        for rows, fast, slow in (
            (Contact.objects.filter(pk__in=contacts), search.people, people_by_scan),
            (Deal.objects.filter(pk__in=deals), search.deals, deals_by_scan),
        ):
            found = rows.filter(fast(typed)).order_by("pk").values_list("pk", flat=True)
            assert list(found) == list(rows.filter(slow(typed)).order_by("pk").values_list("pk", flat=True))


def plant(names: list[str], phones: list[str]) -> tuple[list[int], list[int]]:
    """Contacts, companies and deals of those names, each deal with the contact after and the company before, each
    contact of the second company before; the phones go to the contacts.
    """
    stage = StageFactory()
    companies = Company.objects.bulk_create(Company(name=name) for name in names)
    employers, owners = companies[-2:] + companies[:-2], companies[-1:] + companies[:-1]
    contacts = Contact.objects.bulk_create(
        Contact(name=name, company=company) for name, company in zip(names, employers, strict=True)
    )
    deals = Deal.objects.bulk_create(
        Deal(name=name, company=company, stage=stage, pipeline=stage.pipeline)
        for name, company in zip(names, owners, strict=True)
    )
    turned = contacts[1:] + contacts[:1]
    DealContact.objects.bulk_create(DealContact(deal=a, contact=b) for a, b in zip(deals, turned, strict=True))
    ContactPoint.objects.bulk_create(
        ContactPoint(contact=contact, kind=kind, value=value, raw=value)
        for contact, phone in zip(contacts, phones, strict=False)
        for kind, value in (("phone", phone), ("email", f"z{phone[1:]}@a.example"))
    )
    return [deal.pk for deal in deals], [contact.pk for contact in contacts]


@pytest.mark.parametrize("length", [0, 1, 2, 3, 13, 14, 15, 26, 27, 60])
def test_grams_are_all_three_letters_in_a_row(length):
    text = "".join(chr(ord("а") + place % 31) for place in range(length))
    threes = [text[place : place + 3] for place in range(length - 2)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pipelines_grams(%s), ARRAY(SELECT hashtext(t) FROM unnest(%s::text[]) t)", [text, threes]
        )
        cut, expected = cursor.fetchone()
    assert cut == expected


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (Contact.objects.filter(name_key__holds="орлов"), "contact_grams"),
        (Company.objects.filter(name_key__holds="орлов"), "company_grams"),
        (Deal.objects.filter(name_key__holds="орлов"), "deal_grams"),
        (ContactPoint.objects.filter(value__holds="9035"), "point_grams"),
    ],
)
def test_part_of_a_name_is_looked_up_in_its_index(rows, index):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    assert index in rows.explain()
