import pytest

from pipelines import search
from pipelines.models import Company, Contact
from tests.factories import CompanyFactory, ContactFactory, ContactPointFactory

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


def test_company_is_found_by_its_phone():
    company = CompanyFactory()
    ContactPointFactory(contact=None, company=company, kind="phone", value="+74951234567")
    assert list(Company.objects.filter(search.people("123-45-67", "company"))) == [company]


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("8 (903) 555-18-42", "9035551842"),
        ("+79035551842", "9035551842"),
        ("12", ""),
        ("дом 180", ""),
        ("555-18", "55518"),
    ],
)
def test_digits_of_a_phone(typed, digits):
    assert search.local_digits(typed) == digits
