"""The catalogue for whoever writes something else than a page: reports, by their command."""

from collections.abc import Callable
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

_MO = Path(__file__).parent / "zh" / "LC_MESSAGES" / "messages.mo"
LANGUAGES = ("zh", "en")


def translation(language: str) -> Callable[[str], str]:
    """Give what translates the catalogue's English into a language; a text without a translation stays."""
    return _chinese().gettext if language == "zh" else lambda text: text


@cache
def _chinese() -> GNUTranslations:
    with _MO.open("rb") as file:
        return GNUTranslations(file)
