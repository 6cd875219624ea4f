"""How a person works the desk: with the mouse, or with nothing but keys. Words are typed either way."""

import re
from typing import Final, Protocol

from playwright.sync_api import Locator, Page, expect

STEPS: Final = 40
"""So many steps of a key reach anything on the page; one that needs more is out of reach."""
KEYS: Final = {
    "open": "o", "plate": "p", "stay": "s", "send-fee": "f", "cash": "c", "send-back": "r", "hold-open": "h",
    "auto": "a", "leave-resync": "y", "confirm-fault": "n", "plate-history": "i", "take": "t", "settle": "v",
}  # fmt: skip


class Hand(Protocol):
    """What a person does on the page; every method returns when the page shows it."""

    name: str

    def choose(self, page: Page, ref: str) -> None:
        """Choose a case."""

    def deal(self, page: Page, ref: str, deed: str) -> None:
        """Take a chosen case, or settle it."""

    def act(self, page: Page, act: str) -> None:
        """Do one of the deeds of the bar: its dialog opens."""

    def pick(self, page: Page, name: str, value: str) -> None:
        """Pick one of the answers of the open dialog; without a value the first."""

    def write(self, page: Page, name: str, words: str) -> None:
        """Write into a field of the open dialog."""

    def confirm(self, page: Page) -> None:
        """Confirm the open dialog; the plant has done it."""

    def close(self, page: Page) -> None:
        """Close the dialog."""


def dialog(page: Page) -> Locator:
    """Give the dialog that is open."""
    return page.locator("dialog[open]")


def row(page: Page, ref: str) -> Locator:
    """Give a case's place in the queue."""
    return page.locator(f"[data-case='{ref}']")


def is_chosen(page: Page, ref: str) -> None:
    """See that a case is the chosen one."""
    expect(row(page, ref)).to_have_class(re.compile("chosen"))


def is_legal(page: Page, act: str) -> None:
    """Wait until a deed may be done."""
    expect(page.locator(f"[data-act='{act}']")).to_have_attribute("aria-disabled", "false")


def _is_done(page: Page) -> None:
    expect(dialog(page).locator("[data-outcome=done]")).to_be_visible()


def _choice(name: str, value: str) -> str:
    """Name one of the answers; without a value any of them."""
    return f"[name={name}][value='{value}']" if value else f"[name={name}]"


class Mouse:
    """Points and clicks."""

    name = "mouse"

    def choose(self, page: Page, ref: str) -> None:
        """Click its row."""
        row(page, ref).locator(".pick").click()
        is_chosen(page, ref)

    def deal(self, page: Page, ref: str, deed: str) -> None:
        """Click the row's button."""
        row(page, ref).locator(f"[data-deed={deed}]").click()

    def act(self, page: Page, act: str) -> None:
        """Click its button."""
        is_legal(page, act)
        page.locator(f"[data-act='{act}']").click()
        expect(dialog(page)).to_be_visible()

    def pick(self, page: Page, name: str, value: str) -> None:
        """Click its label."""
        dialog(page).locator("label", has=page.locator(_choice(name, value))).first.click()

    def write(self, page: Page, name: str, words: str) -> None:
        """Click into the field first."""
        field = dialog(page).locator(f"[name={name}]")
        field.click()
        field.fill(words)

    def confirm(self, page: Page) -> None:
        """Click the button that the dialog is about."""
        dialog(page).locator("[data-command=confirm]").click()
        _is_done(page)

    def close(self, page: Page) -> None:
        """Click its other button."""
        dialog(page).locator("[data-command=close]").click()
        expect(dialog(page)).to_have_count(0)


class Keys:
    """Never touches the mouse: what no key reaches cannot be done."""

    name = "keyboard"

    def choose(self, page: Page, ref: str) -> None:
        """Step through the queue, to its head first."""
        for key in [*["k"] * page.locator("[data-case]").count(), *["j"] * STEPS]:
            if "chosen" in (row(page, ref).get_attribute("class") or ""):
                return
            page.keyboard.press(key)
            page.evaluate("document.querySelector('desk-queue').updateComplete")
        is_chosen(page, ref)

    def deal(self, page: Page, ref: str, deed: str) -> None:
        """Press its key; the case is the chosen one."""
        is_chosen(page, ref)
        page.keyboard.press(KEYS[deed])

    def act(self, page: Page, act: str) -> None:
        """Press its key."""
        is_legal(page, act)
        page.keyboard.press(KEYS[act])
        expect(dialog(page)).to_be_visible()

    def pick(self, page: Page, name: str, value: str) -> None:
        """Go to the answers by the tabulator, and among them by the arrows."""
        wanted = dialog(page).locator(_choice(name, value)).first
        expect(wanted).to_be_visible()
        self._tab_to(page, f"[name={name}]")
        page.keyboard.press("Space")
        for _ in range(STEPS):
            if wanted.is_checked():
                return
            page.keyboard.press("ArrowDown")
        expect(wanted).to_be_checked()

    def write(self, page: Page, name: str, words: str) -> None:
        """Go to the field by the tabulator."""
        self._tab_to(page, f"[name={name}]")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.insert_text(words)

    def confirm(self, page: Page) -> None:
        """Go to the button by the tabulator, and press it."""
        expect(dialog(page).locator("[data-command=confirm]")).to_be_enabled()
        self._tab_to(page, "[data-command=confirm]")
        page.keyboard.press("Enter")
        _is_done(page)

    def close(self, page: Page) -> None:
        """Escape."""
        page.keyboard.press("Escape")
        expect(dialog(page)).to_have_count(0)

    @staticmethod
    def _tab_to(page: Page, wanted: str) -> None:
        """Go on until the focus is there; the focus stays in the dialog."""
        for _ in range(STEPS):
            if page.evaluate("wanted => Boolean(document.activeElement?.matches(wanted))", wanted):
                return
            page.keyboard.press("Tab")
        where = page.evaluate("document.activeElement?.outerHTML?.slice(0, 200)")
        raise AssertionError(f"no key leads to {wanted}; the focus is on {where}")
