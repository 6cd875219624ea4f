"""Words that are said in the reader's language later: the catalogue's English, and what fills its gaps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Translate = Callable[[str], str]
"""Gives a text of the catalogue in one language."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text of the catalogue; `%(name)s` in it is filled from `values`, which may be words themselves."""

    english: str
    values: Mapping[str, object] = field(default_factory=dict)

    def told(self, translate: Translate) -> str:
        """Give the text in one language."""
        filled = {
            name: value.told(translate) if isinstance(value, Words) else value for name, value in self.values.items()
        }
        text = translate(self.english) if self.english else ""
        return text % filled if filled else text

    def __str__(self) -> str:
        return self.told(lambda text: text)


def say(english: str, **values: object) -> Words:
    """Make words of a text; the catalogue is made from the calls of this function."""
    return Words(english, values)
