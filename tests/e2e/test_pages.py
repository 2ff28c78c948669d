"""Every page of the product, in both themes and both widths: axe, no sideways scroll, no complaint of the CSP.

A page that is not in the list fails the last test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse
from playwright.sync_api import Page

from crmseg.accounts.models import User
from crmseg.urls import handler403, handler404, handler500  # noqa: F401
from crmseg.urls import urlpatterns as real
from tests.e2e import rooms
from tests.e2e.conftest import HEIGHTS, session
from tests.e2e.rooms import House
from tests.factories import CompanyFactory, ContactFactory, MembershipFactory


def fail(request):
    raise RuntimeError("boom")


urlpatterns = [*real, path("fail/", fail)]

Act = Callable[[Page, House], None]


@dataclass(frozen=True)
class Screen:
    title: str
    name: str  # in the resolver; empty for a page that is nobody's
    where: Callable[[House], str]
    who: str = "owner"
    act: Act | None = None
    part: str = ""  # what the act opens over a page that is in the list without it


def at(name: str, *what: str, query: str = "") -> Callable[[House], str]:
    """The address of a page about what the house has under these names."""

    def address(house: House) -> str:
        return reverse(name, args=[getattr(house, each).pk for each in what]) + query

    return address


def screen(title: str, name: str, *what: str, query: str = "", **more: Any) -> Screen:
    return Screen(title, name, at(name, *what, query=query), **more)


def open_drawer(page: Page, house: House) -> None:
    page.locator(f"#deal-{house.deal.pk} a").first.click()
    page.wait_for_selector("#drawer[open] #deal-view")


def open_move_menu(page: Page, house: House) -> None:
    page.locator(f"#deal-{house.deal.pk} a").first.focus()
    page.keyboard.press("KeyM")
    page.wait_for_selector("#move-menu:popover-open")


def open_lost_dialog(page: Page, house: House) -> None:
    open_move_menu(page, house)
    page.locator(f"#move-menu [data-to='{house.track.lost.pk}']").click()
    page.wait_for_selector("#lost[open]")


def open_segment_menu(page: Page, house: House) -> None:
    page.locator("[popovertarget=segment-menu]").click()
    page.wait_for_selector("#segment-menu:popover-open")


def open_ready_menu(page: Page, house: House) -> None:
    page.locator("[popovertarget=ready]").click()
    page.wait_for_selector("#ready:popover-open")


def count_review(page: Page, house: House) -> None:
    page.wait_for_selector("#review .big")


def break_the_form(page: Page, house: House) -> None:
    """What a form says when the server takes nothing of it."""
    page.evaluate("document.querySelectorAll('main form [required]').forEach((field) => field.required = false)")
    page.locator("[name=name]").first.fill("")
    page.locator("button.primary, [name=act][value=save]").first.click()
    page.wait_for_selector("[aria-invalid=true]")


def log_in_wrongly(page: Page, house: House) -> None:
    page.fill("[name=username]", "nobody@domuozera.example")
    page.fill("[name=password]", "wrong")
    page.locator("main button.primary").click()
    page.wait_for_selector("[role=alert]")


def stale_form(page: Page, house: House) -> None:
    page.context.clear_cookies()
    page.locator("button[type=submit]").last.click()
    page.wait_for_load_state()


EMPTY = [
    screen("no pipelines yet", "deals:board"),
    screen("no contacts yet", "contacts:list"),
    screen("no companies yet", "companies:list"),
    screen("no segments yet", "segments:list"),
    screen("no campaigns yet", "campaigns:list"),
    screen("amoCRM, not connected", "amocrm:page"),
]
IMPORTING = [
    screen("amoCRM, importing", "amocrm:page"),
    screen("the strip of the import", "contacts:list"),
]
SALES = [
    screen("board", "deals:board"),
    screen("board without deals", "deals:board", query="?q=nobody"),
    Screen("pipeline without deals", "deals:board", lambda house: f"/deals/?pipeline={house.unused.pk}"),
    screen("deal in the drawer", "deals:board", act=open_drawer, part="#drawer"),
    screen("move menu", "deals:board", act=open_move_menu, part="#move-menu"),
    screen("reason of a loss", "deals:board", act=open_lost_dialog, part="#lost"),
    screen("deal", "deals:detail", "deal"),
    screen("tasks of a deal", "deals:detail", "deal", query="?tab=tasks"),
    screen("stages of a deal", "deals:detail", "deal", query="?tab=history"),
    screen("contacts", "contacts:list"),
    screen("contacts, none found", "contacts:list", query="?q=nobody"),
    screen("contact", "contacts:detail", "contact"),
    screen("companies", "companies:list"),
    screen("company", "companies:detail", "company"),
]
SEGMENTS = [
    screen("segments", "segments:list"),
    screen("segment", "segments:detail", "segment"),
    screen("segment's menu", "segments:detail", "segment", act=open_segment_menu, part="#segment-menu"),
    screen("segment filled by hand", "segments:detail", "by_hand"),
    screen("members", "segments:members", "segment"),
    screen("new segment", "segments:new"),
    screen("ready segments to start with", "segments:new", act=open_ready_menu, part="#ready"),
    screen("new segment, refused", "segments:new", act=break_the_form),
    screen("segment's form", "segments:edit", "segment"),
]
CAMPAIGNS = [
    screen("campaigns", "campaigns:list"),
    screen("campaigns, none found", "campaigns:list", query="?state=cancelled"),
    screen("new campaign", "campaigns:new"),
    screen("new campaign, refused", "campaigns:new", act=break_the_form),
    screen("wizard", "campaigns:edit", "draft", act=count_review),
    screen("wizard, refused", "campaigns:edit", "draft", act=break_the_form),
    screen("wizard of a scheduled campaign", "campaigns:edit", "scheduled"),
    screen("review", "campaigns:review", "draft"),
    screen("report", "campaigns:detail", "running"),
    screen("report of a scheduled campaign", "campaigns:detail", "scheduled"),
    screen("campaign that is about to leave", "campaigns:detail", "leaving"),
]
REST = [
    screen("amoCRM, connected", "amocrm:page"),
    screen("profile", "accounts:profile"),
    Screen("403", "", lambda house: reverse("amocrm:page"), who="manager"),
    Screen("404", "", lambda house: "/no-such-page/"),
    Screen("500", "", lambda house: "/fail/"),
    screen("login", "accounts:login", who=""),
    screen("login, refused", "accounts:login", who="", act=log_in_wrongly),
    screen("form that became stale", "accounts:login", who="", act=stale_form),
    Screen("unsubscribe", "campaigns:unsubscribe", lambda house: _unsubscribe(house.letter.token), who=""),
    Screen("unsubscribe, unknown link", "campaigns:unsubscribe", lambda house: _unsubscribe("nobody"), who=""),
    Screen("404 before the login", "", lambda house: "/no-such-page/", who=""),
]


def _unsubscribe(token: str) -> str:
    return reverse("campaigns:unsubscribe", args=[token])


NO_PAGE = {
    "leads on": ["web:home"],
    "for machines": ["web:livez", "web:readyz", "amocrm:hook"],
    "only in development, looked at with the components": ["web:ui_kit"],
    "takes POST only": [
        *("accounts:logout", "accounts:preferences", "deals:move", "deals:undo_move", "deals:note"),
        *("segments:preview", "segments:pause", "segments:resume"),
        *(
            "campaigns:keep",
            "campaigns:preview",
            "campaigns:launch",
            "campaigns:pause",
            "campaigns:resume",
            "campaigns:cancel",
        ),
        *("campaigns:resend", "campaigns:close", "campaigns:take_back"),
        *(
            "amocrm:connect",
            "amocrm:consent",
            "amocrm:retry",
            "amocrm:tag",
            "amocrm:try_now",
            "amocrm:arm",
            "amocrm:again",
        ),
    ],
    "an answer without words": ["accounts:session"],
    "a part of a page in the list": [
        *("deals:stage_cards", "segments:refreshes", "amocrm:progress", "amocrm:banner"),
    ],
}


@pytest.fixture
def staff() -> tuple[User, User]:
    return rooms.staff()


@pytest.fixture
def look_at(browser_page, live_server, staff, in_both_themes, in_every_look):
    """Visit a list of screens in every look and gather what is wrong, so that one run tells everything."""
    page = browser_page()
    sessions = {who: session(user, live_server.url) for who, user in zip(("owner", "manager"), staff, strict=True)}
    entered = ""

    def enter(who: str) -> None:
        nonlocal entered
        if who and who == entered:
            return
        page.goto("about:blank")  # a page that asks for news without its session leads to the login by itself
        page.context.clear_cookies()
        if who:
            page.context.add_cookies([sessions[who]])
        entered = who

    def visit(each: Screen, house: Any) -> None:
        enter(each.who)
        page.goto(each.where(house))
        if each.act:
            each.act(page, house)

    def look(each: Screen, house: Any) -> None:
        """What lies over a page was put there for one width: it is opened anew in the other, and looked at alone."""
        if not each.part:
            visit(each, house)
            in_every_look(page)
            return
        for width, height in HEIGHTS.items():
            page.set_viewport_size({"width": width, "height": height})
            visit(each, house)
            in_both_themes(page, each.part)

    def look_at_all(screens: list[Screen], house: Any) -> list[str]:
        found = []
        for each in screens:
            try:
                look(each, house)
            except Exception as error:  # every kind of failure is told with the page it was on
                found.append(f"== {each.title} ({page.url}, {page.viewport_size})\n{error}")
        return found

    return look_at_all


@pytest.mark.browser
@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
def test_every_page_of_a_new_house_is_accessible_and_fits(staff, look_at):
    owner, manager = staff
    found = look_at(EMPTY, None)
    rooms.start_import()
    house = rooms.move_in(owner, manager)
    assert not found + look_at(IMPORTING, house)


@pytest.mark.browser
@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("screens", [SALES, SEGMENTS, CAMPAIGNS, REST], ids=["sales", "segments", "campaigns", "rest"])
def test_every_page_is_accessible_and_fits(staff, look_at, screens):
    owner, manager = staff
    account = rooms.start_import()
    house = rooms.move_in(owner, manager)
    rooms.finish_import(account, house.contact, house.segment)
    found = look_at(screens, house)
    assert not found, "\n".join(found)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [1440, 390])
def test_members_of_a_segment_are_not_cut(browser_page, width):
    owner, _manager = rooms.staff()
    company = CompanyFactory(name="ООО «Загородное домостроение и благоустройство»")
    contact = ContactFactory(name="Людмила Яковлева-Константинопольская", company=company, responsible=owner)
    stay = MembershipFactory(contact=contact, cause="first")
    page = browser_page("light", width, user=owner)
    page.goto(reverse("segments:detail", args=[stay.segment.pk]))
    assert page.locator(".members").evaluate("table => table.scrollWidth <= table.parentNode.clientWidth")


def test_every_page_is_in_the_list():
    listed = {each.name for each in (*EMPTY, *IMPORTING, *SALES, *SEGMENTS, *CAMPAIGNS, *REST)}
    exempt = {name for names in NO_PAGE.values() for name in names}
    known = {name for name in names_of(get_resolver("crmseg.urls")) if not name.startswith("api:")}
    assert known - listed - exempt == set()
    assert exempt - known == set()
    assert listed & exempt == set()


def test_page_under_what_is_looked_at_alone_is_in_the_list():
    screens = [*SALES, *SEGMENTS, *CAMPAIGNS, *REST]
    whole = {each.name for each in screens if not each.act}
    assert {each.name for each in screens if each.part} <= whole


def names_of(resolver: URLResolver, space: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from names_of(entry, space + (f"{entry.namespace}:" if entry.namespace else ""))
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name}"
