"""What a display shows and says at one moment, composed of the site's texts. Pure.

A face is pages of lines: a display that has too few lines for all its languages turns the pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from lpr.display.texts import TICKET, Phrase, Texts
from scada.model.lane.commands import Message
from scada.model.money import NOTHING, Fen, yuan_text

Language = Literal["zh", "en"]
_HOUR: Final = 60
_SPOKEN: Final = str.maketrans("0123456789", "零一二三四五六七八九")


class Colour(Enum):
    """The colours that every board of light-emitting diodes has."""

    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text in one colour."""

    text: str
    colour: Colour


@dataclass(frozen=True, slots=True)
class Face:
    """What a display shows: pages of lines, a QR code's content, and what it says once (`voice`) in `language`."""

    pages: tuple[tuple[Line, ...], ...]
    voice: str = ""
    language: Language = "zh"
    qr: str = ""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one display tells things: its lines, its languages in order, and the one it speaks (None: it is silent)."""

    lines: int
    languages: tuple[Language, ...]
    voice: Language | None


@dataclass(frozen=True, slots=True)
class Told:
    """What the plant tells a lane's display (`scada.engine.lanetags.display_content`)."""

    message: Message
    plate: str = ""
    due_fen: Fen | None = None
    minutes: int | None = None
    qr: str = ""
    older_fen: Fen = NOTHING
    owes_fen: Fen = NOTHING
    code: str = ""
    """The digits by which a car without a plate leaves again."""


def face(told: Told, texts: Texts, manner: Manner, free: int | None = None) -> Face:
    """Compose the face of a lane's display; `free` places of the zone it leads into, if that is known."""
    phrase = texts.of(TICKET if told.message is Message.GO and told.code else told.message.value)
    values = {language: _values(told, language, free) for language in ("zh", "en")}
    colour = _colour(told.message)
    aloud = {} if manner.voice is None else {**values[manner.voice], "code": _digit_by_digit(told.code, manner.voice)}
    voice = _filled(phrase.voices.get(manner.voice or "", ""), aloud)
    return Face(_pages(phrase, values, colour, manner), voice or "", manner.voice or "zh", told.qr)


def places(free: int | None, texts: Texts, manner: Manner) -> Face:
    """Compose the face of a board that tells free places; None: nobody knows how many there are."""
    name, colour = "free_places", Colour.GREEN
    if free is None:
        name, colour = "places_unknown", Colour.YELLOW
    elif free <= 0:
        name, colour = "no_places", Colour.RED
    values = {"free": "" if free is None else str(free)}
    return Face(_pages(texts.of(name), {"zh": values, "en": values}, colour, manner))


def _pages(
    phrase: Phrase, values: Mapping[str, Mapping[str, str]], colour: Colour, manner: Manner
) -> tuple[tuple[Line, ...], ...]:
    """Put every language's lines on pages: on one page together if they fit, else on pages of their own."""
    blocks = [_lines(phrase.lines[language], values[language], colour) for language in manner.languages]
    together = tuple(line for block in blocks for line in block)
    if len(together) <= manner.lines:
        return (together,)
    return tuple(block[at : at + manner.lines] for block in blocks for at in range(0, len(block), manner.lines))


def _lines(patterns: Sequence[str], values: Mapping[str, str], colour: Colour) -> tuple[Line, ...]:
    filled = (_filled(pattern, values) for pattern in patterns)
    return tuple(Line(text, colour) for text in filled if text is not None)


def _filled(pattern: str, values: Mapping[str, str]) -> str | None:
    """Fill a pattern in; None if it wants a value that is not known."""
    for name, value in values.items():
        if f"{{{name}}}" in pattern and not value:
            return None
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern


def _values(told: Told, language: str, free: int | None) -> Mapping[str, str]:
    return {
        "plate": told.plate,
        "fee": "" if told.due_fen is None else yuan_text(told.due_fen),
        "time": "" if told.minutes is None else duration(told.minutes, language),
        "free": "" if free is None else str(free),
        "older": yuan_text(told.older_fen) if told.older_fen else "",
        "owes": yuan_text(told.owes_fen) if told.owes_fen else "",
        "code": told.code,
    }


def _digit_by_digit(code: str, language: str) -> str:
    """Write digits so that a voice says each: 4071 is no number of thousands."""
    return code.translate(_SPOKEN) if language == "zh" else " ".join(code)


def duration(minutes: int, language: str) -> str:
    """Write a duration as people say it: 125 -> "2小时5分" or "2 h 5 min"."""
    hours, rest = divmod(minutes, _HOUR)
    parts = [(hours, "小时", " h"), (rest, "分", " min")]
    said = [f"{number}{zh if language == 'zh' else en}" for number, zh, en in parts if number or not minutes]
    return ("" if language == "zh" else " ").join(said[-2:] if minutes else said[-1:])


_GREEN: Final = frozenset(
    {
        Message.WELCOME,
        Message.GO,
        Message.GO_FREE,
        Message.GO_PAID,
        Message.GO_VISITOR,
        Message.PLEASE_GO,
        Message.OPEN_LANE,
    }
)
_YELLOW: Final = frozenset(
    {
        Message.READING,
        Message.WAIT,
        Message.SCAN_PLATE,
        Message.SCAN_PAY,
        Message.PAYING,
        Message.CONFIRM_PAYMENT,
        Message.HELP_COMES,
    }
)


def _colour(message: Message) -> Colour:
    """Green: drive. Yellow: do or await something. Red: stop."""
    if message in _GREEN:
        return Colour.GREEN
    return Colour.YELLOW if message in _YELLOW else Colour.RED
