"""Names as long as they may be, in many words and in one, stay where they are put."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from pipelines.models import Company, Contact, Deal
from segments.campaigns.models import Campaign
from segments.models import Segment
from tests.e2e import rooms
from tests.e2e.conftest import HEIGHTS
from tests.e2e.test_pages import Screen, open_drawer, screen
from tests.factories import MembershipFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = "Собственники участков у воды, которые смотрели проекты из клеёного бруса и просили смету до начала сезона 2027"
WORD = "Загородноедомостроение" * 9
SCREENS = [
    screen("board", "deals:board"),
    screen("deal in the drawer", "deals:board", act=open_drawer, part="#drawer"),
    screen("deal", "deals:detail", "deal"),
    screen("contacts", "contacts:list"),
    screen("contact", "contacts:detail", "contact"),
    screen("companies", "companies:list"),
    screen("company", "companies:detail", "company"),
    screen("segments", "segments:list"),
    screen("segment", "segments:detail", "segment"),
    screen("campaigns", "campaigns:list"),
    screen("wizard", "campaigns:edit", "draft"),
    screen("report", "campaigns:detail", "running"),
]
STICKS_OUT = """part => {
    const seen = (it) => it.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const may = (it) =>
        it.closest(".board, .map, .bar, .rule, input") || getComputedStyle(it).textOverflow === "ellipsis";
    return [...document.querySelector(part).querySelectorAll("*")]
        .filter((it) => it instanceof HTMLElement && it.clientWidth > 1 && it.scrollWidth > it.clientWidth + 1)
        .filter((it) => seen(it) && !may(it))
        .map((it) => `${it.tagName}.${it.className} ${it.scrollWidth} > ${it.clientWidth}`);
}"""


@pytest.fixture
def house():
    owner, manager = rooms.staff()
    house = rooms.move_in(owner, manager)
    for rows in (Company, Contact, Deal, Campaign):
        rows.objects.update(name=WORD)
    for rows in (Company, Contact, Deal):
        rows.objects.update(tags=[WORDS, WORD])
    for segment, name in ((house.segment, WORD), (house.by_hand, WORDS)):
        Segment.objects.filter(pk=segment.pk).update(name=name)
    MembershipFactory(segment=house.by_hand, contact=house.contact)
    return house


def visit(page: Page, each: Screen, house: rooms.House) -> Iterator[str]:
    page.goto(each.where(house))
    if each.act:
        each.act(page, house)
    for width, height in HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        for found in page.evaluate(STICKS_OUT, each.part or "body"):
            yield f"{each.title}, {width}: {found}"


def test_long_names_stay_in_their_places(browser_page, house):
    page = browser_page(user=house.owner)
    found = [line for each in SCREENS for line in visit(page, each, house)]
    assert not found, "\n".join(found)
