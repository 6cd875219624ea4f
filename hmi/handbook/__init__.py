"""The handbooks: one text for each page of the control room, in both languages, as Markdown beside this file.

A text is called like the blueprint of the page that it explains. What it prints bold are words of the screen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markdown_it import MarkdownIt

HERE = Path(__file__).parent
HANDBOOKS: Mapping[str, tuple[str, ...]] = {
    "Operators": (
        "shift",
        "desk",
        "overview",
        "alarms",
        "lanes",
        "passages",
        "money",
        "visitors",
        "stocktake",
        "training",
        "sites",
    ),
    "Technicians": (
        "tags",
        "diagnosis",
        "trend_page",
        "cameras",
        "aim",
        "devices",
        "recordings",
        "maps",
        "wizard",
        "acceptance",
        "standby",
    ),
    "Management": (
        "reports",
        "tariffs",
        "holidays",
        "month_cards",
        "lists",
        "merchants",
        "texts",
        "facts",
        "people",
        "audit",
    ),
}
"""The topics of each handbook, in the order in which they are read. `shift` and `standby` belong to no page."""
LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Topic:
    """One text: its heading, and all of it as HTML."""

    name: str
    title: str
    html: str


def topics() -> tuple[str, ...]:
    """Give the names of all topics."""
    return tuple(name for book in HANDBOOKS.values() for name in book)


@lru_cache
def read(name: str, language: str) -> Topic:
    """Read one topic. Raises KeyError for a name or a language that there is not."""
    if name not in topics() or language not in LANGUAGES:
        raise KeyError(name)
    text = (HERE / language / f"{name}.md").read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("# ")
    return Topic(name, title, _as_html(text))


def _as_html(text: str) -> str:
    """Make HTML of Markdown; HTML in it stays text."""
    html: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return html
