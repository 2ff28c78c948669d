"""A real browser for any page: `browser_page(theme, width, user=…)` opens one, `axe(page)` asserts it is accessible."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.patience import PATIENCE

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
ASKED = {"resultTypes": ["violations"], "preload": False, "rules": {"target-size": {"enabled": True}}}
HEIGHTS = {1440: 900, 390: 844}
ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A machine may be slower than a person reads: what would go by itself after six seconds waits to be looked at.
TOASTS_STAY = """
{
  const real = window.setTimeout;
  window.setTimeout = (act, delay, ...given) => (delay === 6000 || delay === 12000 ? 0 : real(act, delay, ...given));
}
"""
OF_COLOUR = ("color-contrast", "link-in-text-block")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("Chromium is not installed: browser tests are skipped")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread beside the ORM
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS, timeout=PATIENCE * 1000)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """`browser_page("dark", 390, user=head)`: a page of that look, logged in without the form when a user is given.

    Whatever the page's scripts throw, or the CSP refuses, fails the test.
    """
    contexts, complaints = [], []

    def open_page(theme: str = "light", width: int = 1440, user: Any = None) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": HEIGHTS.get(width, 900)},
            color_scheme=theme,
            locale="ru-RU",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE * 1000)
        context.add_init_script(TOASTS_STAY)
        contexts.append(context)
        if user is not None:
            context.add_cookies([_session(user, live_server.url)])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def _session(user: Any, url: str) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": url,
    }


@pytest.fixture
def axe() -> Callable[..., None]:
    """Assert that axe finds nothing on the page as it stands, WCAG 2.2 AA and best practice, or by some rules only."""

    def run(page: Page, only: tuple[str, ...] = ()) -> None:
        if page.evaluate("window.axe === undefined"):
            page.evaluate(AXE.read_text())
        asked = ASKED | ({"runOnly": list(only)} if only else {})
        found = page.evaluate(f"axe.run(document, {json.dumps(asked)})")["violations"]
        assert not found, "\n".join(
            f"{rule['id']}: {rule['help']}\n"
            + "\n".join(f"    {node['html']}\n    {node['failureSummary']}" for node in rule["nodes"])
            for rule in found
        )

    return run


@pytest.fixture
def in_both_themes(axe, no_sideways_scroll) -> Callable[[Page], None]:
    """Assert both of a page as it stands. The dark theme needs no other visit, and can change colours only."""

    def check(page: Page) -> None:
        page.emulate_media(color_scheme="light")
        axe(page)
        no_sideways_scroll(page)
        page.emulate_media(color_scheme="dark")
        axe(page, OF_COLOUR)

    return check


@pytest.fixture
def in_every_look(in_both_themes) -> Callable[[Page], None]:
    """The same in each width: a stylesheet follows the window."""

    def check(page: Page) -> None:
        for width, height in HEIGHTS.items():
            page.set_viewport_size({"width": width, "height": height})
            in_both_themes(page)

    return check


@pytest.fixture
def no_sideways_scroll() -> Callable[[Page], None]:
    """Assert that the page itself fits its width: only boards and tables may scroll, inside themselves."""

    def check(page: Page) -> None:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    return check
