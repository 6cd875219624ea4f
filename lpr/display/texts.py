"""The texts of displays: the shipped ones, and a site's own over them. Pure, but for `load_texts`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scada.model.lane.commands import Message

LANGUAGES: Final = ("zh", "en")
VALUES: Final = frozenset({"plate", "fee", "time", "free", "older", "owes", "code"})
TICKET: Final = "ticket"
"""Instead of the words for driving in, where the car was given a ticket."""
BOARD_TEXTS: Final = ("free_places", "no_places", "places_unknown")
MOST_LINES: Final = 6
LINE_MOST: Final = 48
VOICE_MOST: Final = 100
"""A board takes 236 bytes of GBK in one frame; 100 Chinese signs with a plate in them fit."""
SHIPPED: Final = Path(__file__).with_name("texts.toml")
_FIELDS: Final = frozenset({"zh", "en", "zh_voice", "en_voice"})
_BRACES: Final = re.compile(r"\{([^{}]*)\}")


class TextsError(Exception):
    """A file of texts cannot be used; `mistakes` says each of its mistakes with its key."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Phrase:
    """The lines of one message by language, and what is said aloud, if anything is."""

    lines: Mapping[str, tuple[str, ...]]
    voices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Texts:
    """All phrases by name: each message of a lane, that of a ticket, and those of boards."""

    phrases: Mapping[str, Phrase]

    def of(self, name: str) -> Phrase:
        """Give a phrase. Raises KeyError."""
        return self.phrases[name]


def names() -> tuple[str, ...]:
    """Give the names of all phrases there must be."""
    return (*(message.value for message in Message), TICKET, *BOARD_TEXTS)


def load_texts(own: Path | None = None) -> Texts:
    """Read the shipped texts, and a site's own over them. Raises TextsError."""
    shipped = read_texts(_content(SHIPPED), {})
    missing = tuple(name for name in names() if name not in shipped)
    if missing:
        raise TextsError(tuple(f"{SHIPPED.name}: {name} has no texts" for name in missing))
    return Texts(shipped if own is None else read_texts(_content(own), shipped))


def _content(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TextsError((f"{path.name}: {error.strerror or error}",)) from error
    except (ValueError, RecursionError) as error:
        raise TextsError((f"{path.name}: not TOML: {error}",)) from error


def read_texts(content: Mapping[str, object], below: Mapping[str, Phrase]) -> Mapping[str, Phrase]:
    """Read phrases over others; what a phrase leaves out is as below. Raises TextsError with every mistake."""
    mistakes: list[str] = []
    phrases = dict(below)
    for name, value in content.items():
        if name not in names():
            mistakes.append(f"{name}: no display shows this; known: {', '.join(names())}")
        elif not isinstance(value, dict):
            mistakes.append(f"{name}: not a table")
        else:
            phrases[name] = _phrase(name, value, below.get(name), mistakes)
    if mistakes:
        raise TextsError(tuple(mistakes))
    return phrases


def _phrase(name: str, value: Mapping[str, object], below: Phrase | None, mistakes: list[str]) -> Phrase:
    mistakes += [f"{name}.{field}: unknown; known: {', '.join(sorted(_FIELDS))}" for field in value.keys() - _FIELDS]
    lines = dict(below.lines) if below else {}
    voices = dict(below.voices) if below else {}
    for language in LANGUAGES:
        if language in value:
            lines[language] = _lines(f"{name}.{language}", value[language], mistakes)
        elif language not in lines:
            mistakes.append(f"{name}.{language}: missing")
        if f"{language}_voice" in value:
            voices[language] = _text(f"{name}.{language}_voice", value[f"{language}_voice"], VOICE_MOST, mistakes)
    return Phrase(lines, voices)


def _lines(key: str, value: object, mistakes: list[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_LINES:
        mistakes.append(f"{key}: not a list of 1 to {MOST_LINES} lines")
        return ()
    return tuple(_text(f"{key}[{at}]", line, LINE_MOST, mistakes) for at, line in enumerate(value))


def _text(key: str, value: object, most: int, mistakes: list[str]) -> str:
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        mistakes.append(f"{key}: not a text of at most {most} printable signs")
        return ""
    unknown = sorted(set(_BRACES.findall(value)) - VALUES)
    if unknown or value.count("{") != len(_BRACES.findall(value)):
        mistakes.append(f"{key}: in braces stand only {', '.join(sorted(VALUES))}")
    return value
