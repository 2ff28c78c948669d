"""Lists of people in a real browser: what a phone shows, what a wide screen does not cut."""

import pytest
from playwright.sync_api import expect

from crmseg.accounts.models import Role
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    ContactPointFactory,
    DealFactory,
    NoteFactory,
    UserFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CUT = """row => [...row.querySelectorAll("td *:not(.sr-only)")]
    .filter(each => getComputedStyle(each).overflow === "hidden" && each.scrollWidth > each.clientWidth + 1)
    .map(each => each.textContent)"""
ADDRESS = "konstantin.preobrazhenskiy12@yashchik.example"


@pytest.fixture
def head():
    return UserFactory(role=Role.HEAD)


@pytest.fixture
def contact(head):
    contact = ContactFactory(
        name="Константин Александрович Преображенский-Рождественский",
        company=CompanyFactory(name="ООО «Загородное домостроение»"),
        responsible=head,
        lifecycle="buyer_periodic",
    )
    ContactPointFactory(contact=contact, value=ADDRESS)
    ContactPointFactory(contact=contact, kind="phone", value="+79035551842")
    NoteFactory(contact=contact, kind="call_out", created_at="2020-11-21T10:30:00Z")
    DealFactory(contact=contact, price=27_760_000)
    return contact


def test_phone_shows_status_last_contact_owner_and_a_number_to_ring(browser_page, contact, head):
    page = browser_page("light", 390, user=head)
    page.goto("/contacts/")
    row = page.locator(f"#contact-{contact.pk}")
    for words in ("Периодический покупатель", "21 ноя 2020", str(head), "ООО «Загородное домостроение»"):
        expect(row.get_by_text(words).filter(visible=True)).to_have_count(1)
    expect(row.get_by_role("link", name="+7 (903) 555-18-42")).to_have_attribute("href", "tel:+79035551842")
    wrap = page.locator(".table-wrap")
    assert wrap.evaluate("wrap => wrap.scrollWidth <= wrap.clientWidth")


@pytest.mark.parametrize("address", ["/contacts/", "/companies/"])
def test_filters_stay_within_the_phone(browser_page, contact, head, address):
    page = browser_page("light", 390, user=head)
    page.goto(address)
    for field in page.locator(".filters .search, .filters select").all():
        box = field.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_wide_list_cuts_no_name_and_keeps_an_address_in_one_line(browser_page, contact, head):
    page = browser_page("light", 1440, user=head)
    page.goto("/contacts/")
    row = page.locator(f"#contact-{contact.pk}")
    address = row.get_by_text(ADDRESS)
    expect(address).to_have_attribute("title", ADDRESS)
    assert address.bounding_box()["height"] < 24
    cut = "row => [...row.querySelectorAll('*:not(.sr-only, .sr-only *, .email)')]"
    cut += ".filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow === 'hidden').length"
    assert row.evaluate(cut) == 0
    assert page.locator(".table-wrap").evaluate("wrap => wrap.scrollWidth <= wrap.clientWidth")


@pytest.mark.parametrize("card", ["contact", "deal"])
def test_card_keeps_an_address_in_one_line(browser_page, contact, head, card):
    ContactPointFactory(contact=contact, value="aleksey.vlasov@mail.example")
    deal = DealFactory(contact=contact)
    page = browser_page("light", 1440, user=head)
    page.goto(f"/contacts/{contact.pk}/" if card == "contact" else f"/deals/{deal.pk}/")
    usual, long = (page.locator(f"[href='mailto:{each}']") for each in ("aleksey.vlasov@mail.example", ADDRESS))
    for each in (usual, long):
        assert each.bounding_box()["height"] < 24
    assert usual.evaluate("link => link.scrollWidth <= link.clientWidth")
    expect(long).to_have_attribute("title", ADDRESS)
