"""What must be so on every picture of the desk: words of one language, reasons for what is grey, room for all of it."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect

from tests.support.axe import axe_finds

WATCH: Final = """(() => {
  const seen = (window.casesSeen = {});
  const look = () => {
    const now = Date.now();
    const rows = [...document.querySelectorAll('[data-case]')];
    const there = new Map(rows.map((one) => [one.dataset.case, one.dataset.kind]));
    for (const [ref, kind] of there) {
      const key = `${ref} ${kind}`;
      seen[key] ??= {at: now, gone: null};
    }
    for (const [key, one] of Object.entries(seen)) {
      const [ref, kind] = key.split(' ');
      if (one.gone === null && there.get(ref) !== kind) one.gone = now;
    }
  };
  document.addEventListener('DOMContentLoaded', () => {
    const all = {subtree: true, childList: true, attributes: true, attributeFilter: ['data-case', 'data-kind']};
    new MutationObserver(look).observe(document, all);
  });
})()"""
"""When each case came onto the screen, and when it went: by the page's own clock."""
_HOLDS: Final = """() => [...document.querySelectorAll('main, dialog[open]')].map((one) => one.innerText).join('\\n')"""
_GREY: Final = """() => [...document.querySelectorAll('[data-act][aria-disabled=true]')]
  .map((one) => [one.dataset.act, one.getAttribute('aria-description')])"""
_CUT: Final = """() => [...document.querySelectorAll('main, dialog[open]')]
  .flatMap((one) => [...one.querySelectorAll('button, h2, h3, label, .chip, .why')])
  .filter((one) => one.offsetParent && one.scrollWidth > one.clientWidth + 1)
  .filter((one) => getComputedStyle(one).overflow !== 'visible')
  .map((one) => one.innerText.slice(0, 60))"""
_OUTSIDE: Final = """() => [...document.querySelectorAll('dialog[open]')].filter((one) => {
  const at = one.getBoundingClientRect();
  return at.top < 0 || at.left < 0 || at.right > innerWidth || at.bottom > innerHeight;
}).length"""
_ENGLISH: Final = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}(?: [A-Za-z]{2,})?")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]{2,}")
_NAMES: Final = re.compile("无牌")
"""What a car without a plate is called, in every language."""


@dataclass
class Album:
    """Looks at the page at every step, keeps a picture of it, and notes what is wrong."""

    folder: Path
    wrong: list[str] = field(default_factory=list)
    taken: int = 0

    def look(self, page: Page, name: str, language: str) -> None:
        """Keep a picture of the page, with its faults."""
        self.taken += 1
        page.screenshot(path=self.folder / f"{name}.png", animations="disabled")
        self.wrong += [f"{name}: {what}" for what in faults(page, language)]


def faults(page: Page, language: str) -> list[str]:
    """Say what is wrong with the page as it is now."""
    found = [f"axe: {one}" for one in axe_finds(page)]
    found += [f"in another language: {words!r}" for words in foreign(page.evaluate(_HOLDS), language)]
    grey = [(act, why or "") for act, why in page.evaluate(_GREY)]
    found += [f"{act} is grey without a reason" for act, why in grey if not why.strip()]
    found += [f"{act} is grey in another language: {why!r}" for act, why in grey if foreign(why, language)]
    found += [f"cut off: {words!r}" for words in page.evaluate(_CUT)]
    if page.evaluate(_OUTSIDE):
        found.append("the dialog is larger than the screen")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("the page is wider than the screen")
    if page.evaluate("document.documentElement.scrollHeight > innerHeight"):
        found.append("the page is higher than the screen")
    return found


def foreign(words: str, language: str) -> list[str]:
    """Give what reads as another language than the page's."""
    pattern = _ENGLISH if language.startswith("zh") else _CHINESE
    return pattern.findall(_NAMES.sub("", words))


def in_theme(page: Page, theme: str) -> None:
    """Change to a theme, if the page has another."""
    if page.locator("html").get_attribute("data-theme") != theme:
        page.locator("#theme").press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
