"""A real browser for any page: `browser_page(theme, width, user=…)` opens one, `axe(page)` asserts it is accessible."""

import mimetypes
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from crmseg.starting import browser
from tests.patience import PATIENCE

HERE = Path(__file__).parent
AXE = (HERE / "axe.js").read_text()
ASKED = {"resultTypes": ["violations"], "preload": False, "rules": {"target-size": {"enabled": True}}}
OF_COLOUR = ("color-contrast", "link-in-text-block")
HEIGHTS = {1440: 900, 390: 844}
WITHOUT = [
    # pages the browser would draw for itself beside every window of ours
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "PreloadTopChromeWebUI"),
    "SpareRendererForSitePerProcess",  # a process for a site that is never visited
    "RenderDocument",  # with it a page that is closed while the next one arrives stays open, and closing it never ends
    # what Playwright asks to leave out, and this list replaces
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled"),
    "PreconnectToSearch",
]
ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-site-isolation-trials",
    "--renderer-process-limit=1",
    "--js-flags=--no-opt --no-maglev",  # no page lives long enough to win back what making its code faster costs
    f"--disable-features={','.join(WITHOUT)}",
]
# A machine may be slower than a person reads: what would go by itself after six seconds waits to be looked at.
TOASTS_STAY = """
{
  const real = window.setTimeout;
  window.setTimeout = (act, delay, ...given) => (delay === 6000 || delay === 12000 ? 0 : real(act, delay, ...given));
}
"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = browser.find()
    if not path:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Chromium is not installed: browser tests are skipped")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread beside the ORM
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGS, timeout=PATIENCE * 1000)
        yield started
        started.close()


@pytest.fixture(scope="session")
def visitor(chromium: Browser, live_server: Any) -> Iterator[BrowserContext]:
    """One window for all tests: in a new one every file would be fetched and compiled again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesHandler, "serve", _serve)
        context = _window(chromium, live_server)
        context.new_page()  # a window without a page closes
        yield context
        context.close()


def _window(chromium: Browser, live_server: Any) -> BrowserContext:
    context = chromium.new_context(
        base_url=live_server.url,
        viewport={"width": 1440, "height": HEIGHTS[1440]},
        locale="ru-RU",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE * 1000)
    context.add_init_script(TOASTS_STAY)
    return context


def _serve(handler: StaticFilesHandler, request: HttpRequest) -> HttpResponse:
    """From memory, and once to a browser."""
    name = handler.file_path(request.path)
    return HttpResponse(_file(name), mimetypes.guess_type(name)[0], headers={"Cache-Control": "max-age=86400"})


@cache
def _file(name: str) -> bytes:
    path = HERE / "vendor" / name if name == "axe.min.js" else finders.find(name)
    if path is None:
        raise Http404(name)
    return Path(path).read_bytes()


@pytest.fixture
def browser_page(chromium: Browser, visitor: BrowserContext, live_server: Any) -> Iterator[Callable[..., Page]]:
    """`browser_page("dark", 390, user=head)`: a page of that look, logged in without the form when a user is given.

    Whatever the page's scripts throw, or the CSP refuses, fails the test. `alone`, in a window of its own, is the page
    whose clock is to be moved: a clock is the window's, for good.
    """
    windows, complaints = [], []

    def open_page(theme: str = "light", width: int = 1440, user: Any = None, alone: bool = False) -> Page:
        context = visitor
        if alone:
            context = _window(chromium, live_server)
            windows.append(context)
        if user is not None:
            context.add_cookies([session(user, live_server.url)])
        page = context.new_page()
        page.emulate_media(color_scheme=theme)
        if width != 1440:
            page.set_viewport_size({"width": width, "height": HEIGHTS.get(width, 900)})
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None)
        return page

    yield open_page
    for context in windows:
        context.close()
    for page in visitor.pages[1:]:
        page.close()
    visitor.clear_cookies()
    visitor.set_offline(False)
    assert not complaints


def session(user: Any, url: str) -> dict[str, str]:
    """The cookie of who logged in without the form."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


@pytest.fixture
def axe() -> Callable[..., None]:
    """Assert that axe finds nothing on the page as it stands, WCAG 2.2 AA and best practice, or by some rules only.

    In a part of it, when `within` tells which. `theme` names the look, when one page is looked at more than once: the
    colours of what looks as it did in that theme are not asked for again.
    """

    def run(page: Page, only: tuple[str, ...] = (), within: str | None = None, theme: str | None = None) -> None:
        asked = ASKED | ({"runOnly": list(only)} if only else {})
        found = page.evaluate(AXE, {"asked": asked, "within": within, "theme": theme, "ofColour": OF_COLOUR})
        assert not found, "\n".join(found)

    return run


@pytest.fixture
def in_both_themes(axe, no_sideways_scroll) -> Callable[..., None]:
    """Assert both of a page as it stands. The dark theme needs no other visit, and can change colours only."""

    def check(page: Page, within: str | None = None) -> None:
        page.emulate_media(color_scheme="light")
        axe(page, within=within, theme="light")
        no_sideways_scroll(page)
        page.emulate_media(color_scheme="dark")
        axe(page, OF_COLOUR, within=within, theme="dark")

    return check


@pytest.fixture
def in_every_look(in_both_themes) -> Callable[[Page], None]:
    """The same in each width, the present one first: a stylesheet follows the window."""

    def check(page: Page) -> None:
        for width in sorted(HEIGHTS, key=lambda width: width != page.viewport_size["width"]):
            if width != page.viewport_size["width"]:
                page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            in_both_themes(page)

    return check


@pytest.fixture
def no_sideways_scroll() -> Callable[[Page], None]:
    """Assert that the page itself fits its width: only boards and tables may scroll, inside themselves."""

    def check(page: Page) -> None:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    return check
