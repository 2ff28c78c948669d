"""Pages of a segment in a real browser: what stays whole on a wide screen and on a phone."""

import pytest
from playwright.sync_api import expect

from crmseg.accounts.models import Role
from tests.factories import CompanyFactory, ContactFactory, MembershipFactory, SegmentFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COMPANY = "ООО «Загородное домостроение»"
TEXT_LINES = "cell => { const range = new Range(); range.selectNodeContents(cell); return range.getClientRects().length }"
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
