"""Pages of a segment in a real browser: what stays whole on a wide screen and on a phone."""

import pytest
from playwright.sync_api import expect

from crmseg.accounts.models import Role
from tests.factories import CompanyFactory, ContactFactory, MembershipFactory, SegmentFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COMPANY = "ООО «Загородное домостроение»"
TEXT_LINES = """cell => {
    const range = new Range();
    range.selectNodeContents(cell);
    return range.getClientRects().length;
}"""
LINES = "words => Math.round(words.getBoundingClientRect().height / parseFloat(getComputedStyle(words).lineHeight))"


@pytest.fixture
def marketer():
    return UserFactory(name="Анна Лебедева", role=Role.MARKETER)


@pytest.fixture
def segment(marketer):
    segment = SegmentFactory(name="Молчат после расчёта")
    company = CompanyFactory(name=COMPANY)
    contact = ContactFactory(name="Дарья Сергеевна Рыбакова", company=company, responsible=marketer)
    MembershipFactory(segment=segment, contact=contact, cause="first")
    return segment


def test_heading_of_a_new_segment_is_whole_on_a_phone(browser_page, marketer):
    SegmentFactory(name="Новые лиды", ready_key="new_leads")
    page = browser_page("light", 390, user=marketer)
    page.goto("/segments/new/")
    expect(page.get_by_role("button", name="Начать с готового")).to_be_visible()
    assert page.locator("h1").evaluate(LINES) == 1


def test_wide_page_cuts_no_company_and_says_in_one_line_why_a_contact_is_in(browser_page, marketer, segment):
    page = browser_page("light", 1440, user=marketer)
    page.goto(f"/segments/{segment.pk}/")
    row = page.locator(".members tbody tr")
    company = row.get_by_text(COMPANY)
    assert company.evaluate("cell => cell.scrollWidth <= cell.clientWidth")
    for words in ("Дарья Сергеевна Рыбакова", COMPANY):
        assert row.get_by_text(words).evaluate(LINES) == 1
    why = row.get_by_role("cell", name="при создании сегмента", exact=True)
    assert why.evaluate(TEXT_LINES) == 1


def test_phone_says_under_the_name_when_and_why_a_contact_is_in(browser_page, marketer, segment):
    page = browser_page("light", 390, user=marketer)
    page.goto(f"/segments/{segment.pk}/members/")
    expect(page.locator(".members tbody td").filter(visible=True)).to_have_count(1)
    said = page.locator(".members .only-sm")
    expect(said).to_contain_text("при создании сегмента")
    assert said.evaluate(LINES) == 1
