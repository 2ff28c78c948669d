from playwright.sync_api import Locator, Page, expect

# The dock slides in: where it is half-way is not where to drop.
ARRIVED = "it => Promise.all([it, it.parentElement].flatMap((e) => e.getAnimations()).map((a) => a.finished))"


def drag(page: Page, card: Locator, target: str) -> None:
    """With the real mouse: press, move until the board shows where to drop, drop in the middle of the target."""
    box = card.bounding_box()
    moved = page.locator(target).locator(f"#{card.get_attribute('id')}")
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 34, steps=4)
    expect(page.locator("body")).to_have_class("dragging")
    page.locator(target).evaluate(ARRIVED)
    goal = page.locator(target).bounding_box()
    x, y = goal["x"] + goal["width"] / 2, goal["y"] + goal["height"] / 2
    page.mouse.move(x, y, steps=10)
    for nudge in range(1, 50):  # a hand is never still, and a board busy on the way has not seen it arrive
        if moved.count():
            break
        page.mouse.move(x + nudge % 3, y)
    page.mouse.up()
