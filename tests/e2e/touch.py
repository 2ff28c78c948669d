from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile"


class Finger:
    """One finger on the glass of an Android phone: the page must be opened after it was made."""

    def __init__(self, page: Page) -> None:
        self.page, self.glass = page, page.context.new_cdp_session(page)
        self.glass.send("Emulation.setUserAgentOverride", {"userAgent": ANDROID})
        self.glass.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def _touch(self, kind: str, *points: tuple[float, float]) -> None:
        touched = [{"x": x, "y": y} for x, y in points]
        self.glass.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

    def to(self, x: float, y: float) -> None:
        self._touch("touchMove", (x, y))

    @contextmanager
    def drag(self, card: Locator) -> Iterator[None]:
        """A long press lifts the card; it falls where the finger is at the end."""
        box = card.bounding_box()
        x, y = box["x"] + 40, box["y"] + 20
        self._touch("touchStart", (x, y))
        expect(card).to_have_class("deal sortable-chosen")
        self.to(x + 12, y + 12)
        expect(self.page.locator("body")).to_have_class("dragging")
        yield
        self._touch("touchEnd")
