"""What must be so on every page in every look: one language, all of it on the screen, no value of a program."""

import re
from typing import Final

from playwright.sync_api import Page

LEAST_PX: Final = 14
"""Text that is smaller nobody reads across a desk."""
_TEXTS: Final = """() => {
  const page = document.documentElement.lang.slice(0, 2);
  const skipped = 'script, style, code, kbd, pre, textarea, [translate=no]';
  const isOther = (one) => one.closest('[lang]').lang.slice(0, 2) !== page;
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const one = node.parentElement;
    if (!one.getClientRects().length || one.closest(skipped) || isOther(one)) continue;
    if (node.textContent.trim()) found.push(node.textContent.trim());
  }
  for (const one of document.querySelectorAll('[title], [aria-label], [placeholder], [aria-description]')) {
    if (isOther(one) || one.closest(skipped)) continue;
    for (const name of ['title', 'aria-label', 'placeholder', 'aria-description']) {
      if (one.getAttribute(name)) found.push(one.getAttribute(name));
    }
  }
  return [...new Set(found)];
}"""
"""What a person reads: words in another language must say so by `lang`, and are then nobody's fault."""
_CUT: Final = """(least) => {
  const found = [];
  const says = (one) => `${one.tagName.toLowerCase()}.${one.className} ${(one.innerText || '').slice(0, 50)}`;
  const rolls = (one) => {
    for (let up = one.parentElement; up; up = up.parentElement) {
      if (up !== document.body && /auto|scroll|hidden|clip/.test(getComputedStyle(up).overflowX)) return true;
    }
    return false;
  };
  for (const one of document.querySelectorAll('body *')) {
    const style = getComputedStyle(one);
    if (!one.getClientRects().length || style.visibility === 'hidden' || one.closest('.unseen, .spoken, svg')) continue;
    const at = one.getBoundingClientRect();
    const isCut = /hidden|clip/.test(style.overflowX) && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0;
    if (isCut && one.innerText && !one.title) found.push(`cut off: ${says(one)}`);
    if (at.width > 0 && (at.right > innerWidth + 1 || at.left < -1) && !rolls(one)) {
      if (!found.some((words) => words.startsWith('beyond'))) found.push(`beyond the screen: ${says(one)}`);
    }
  }
  const small = new Map();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const one = node.parentElement;
    if (!node.textContent.trim() || !one.getClientRects().length) continue;
    if (one.closest('.unseen, .spoken, svg, script, style')) continue;
    const size = parseFloat(getComputedStyle(one).fontSize);
    if (size < least) small.set(`${one.tagName} ${one.className}`, `small: ${size} px, ${says(one)}`);
  }
  found.push(...small.values());
  if (document.documentElement.scrollWidth > innerWidth + 1) found.push('the page is wider than the screen');
  return found;
}"""
_PROGRAMS: Final = re.compile(r"\b(undefined|NaN|None|null|Infinity)\b|\[object \w+\]")
_NOTHING: Final = "None"
"""What an empty list says in English."""
_NO_WORDS: Final = re.compile(r"\S*[._/:@=#\d<>{}|%~*+-]\S*|[A-Z][A-Za-z]*[A-Z]\w*|\b[A-Z]{1,5}s?\b")
"""Names of tags and files, addresses, versions, abbreviations."""
_ENGLISH: Final = re.compile(r"[A-Za-z]{3,}")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]{2,}")
_SAME: Final = frozenset(
    ("daozha", "Excel", "Modbus", "WeChat", "Prometheus", "xlsx", "kHz", "Esc", "Home", "Shift", "Backspace", "Delete")
)
"""Called so in every language."""


def foreign(words: str, language: str, names: frozenset[str]) -> list[str]:
    """Give what is of another language than the page's, except names."""
    if not language.startswith("zh"):
        return [found for found in _CHINESE.findall(words) if found not in names]
    left = _NO_WORDS.sub(" ", words)
    return [found for found in _ENGLISH.findall(left) if found not in _SAME and found not in names]


def texts(page: Page) -> list[str]:
    """Give every text that a person reads on the page."""
    return [str(one) for one in page.evaluate(_TEXTS)]


def said_wrongly(page: Page, language: str, names: frozenset[str]) -> list[str]:
    """Say what is wrong with the words of the page as it is now."""
    found = []
    for words in texts(page):
        if others := foreign(words, language, names):
            found.append(f"in another language: {' '.join(others)} in {words[:90]!r}")
        if words != _NOTHING and _PROGRAMS.search(words):
            found.append(f"a program's value: {words[:90]!r}")
    return found


def laid_out_wrongly(page: Page) -> list[str]:
    """Say what is cut off, lies beyond the screen or is too small to read."""
    return [str(one) for one in page.evaluate(_CUT, LEAST_PX)]
