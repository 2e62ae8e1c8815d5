"""A visitor without a mouse: she goes by Tab, and must always see where she is."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

MOST = 90
"""Stops after which she gives up."""
_WHERE = """() => {
    const e = document.activeElement;
    const marks = [e, e.nextElementSibling, e.parentElement].filter(Boolean);
    const ring = marks.some(one => {
        const style = getComputedStyle(one);
        return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
    });
    const field = e.matches('input:not([type=radio], [type=checkbox]), select, textarea');
    const box = (e.matches('input') ? e.parentElement : e).getBoundingClientRect();
    const top = document.elementFromPoint(
        Math.min(innerWidth - 1, Math.max(0, box.x + Math.min(box.width / 2, 40))),
        Math.min(innerHeight - 1, Math.max(0, box.y + Math.min(box.height / 2, 20))),
    );
    return {
        html: e.outerHTML.slice(0, 160),
        ring: ring || (field && e.matches(':focus')),
        body: e === document.body,
        inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        covered: !(top && (e.contains(top) || top.contains(e) || e.parentElement.contains(top))),
    };
}"""


class Keys:
    """Her hands.

    Parameters
    ----------
    page : Page
        Where she is.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.press = page.keyboard.press
        self.type = page.keyboard.type

    def to(self, there: Locator, *, back: bool = False) -> int:
        """Go to an element by Tab alone; every stop on the way must be seen."""
        expect(there.first).to_be_visible()
        for stop in range(MOST):
            if there.evaluate_all("all => all.some(one => one === document.activeElement)"):
                return stop
            self.press("Shift+Tab" if back else "Tab")
            self.look()
        raise AssertionError(f"{MOST} stops, and not at {there}: {self.look()}")

    def look(self) -> str:
        """Check that what has the focus is on the screen, uncovered and marked."""
        now = self.page.evaluate(_WHERE)
        for _ in range(20):  # what is above may still be drawn
            if now["body"] or (now["inside"] and not now["covered"] and now["ring"]):
                break
            self.page.wait_for_timeout(100)
            now = self.page.evaluate(_WHERE)
        if now["body"]:  # between the page and the window of the browser
            return "body"
        assert now["inside"], now
        assert not now["covered"], now
        assert now["ring"], now
        return str(now["html"])

    def open(self, there: Locator, *, back: bool = False) -> None:
        """Go there, and press Enter."""
        self.to(there, back=back)
        self.press("Enter")

    def at_heading(self, text: str) -> None:
        """Check that the heading of a new page has the focus."""
        heading = self.page.get_by_role("heading", level=1)
        expect(heading).to_contain_text(text)
        expect(heading).to_be_focused()
