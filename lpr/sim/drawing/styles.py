"""Every kind of plate as it is drawn: its size, rows and colours in millimetres (`lpr.md` §9, after GA 36-2018).

Double rows, armed police and the smaller plates are laid out from memory of the road: to verify.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from lpr.reader.grammar import DIGITS, ENERGY, LETTERS, parse
from scada.model.plate import PROVINCES, Plate, PlateColour, PlateKind

Colour = tuple[int, int, int]
"""Red, green, blue."""
WHITE, BLACK, RED = (245, 245, 245), (22, 22, 24), (200, 30, 36)
_BLUE, _YELLOW, _GREEN, _DARK = (24, 72, 180), (240, 182, 28), (72, 186, 112), (30, 30, 32)
_MILITARY = "VKHBSLJNGCEZRD"
_REGIONS = "ABCDEFGH"


class Style(Enum):
    """What a plate looks like; several kinds of plate come in more than one look."""

    BLUE = "blue"
    ENERGY_SMALL = "new_energy_small"
    ENERGY_LARGE = "new_energy_large"
    YELLOW = "yellow"
    YELLOW_REAR = "yellow_two_rows"
    TRAILER = "trailer"
    LEARNER = "learner"
    MOTORCYCLE = "motorcycle"
    TRACTOR = "tractor"
    POLICE = "police"
    ARMED_POLICE = "armed_police"
    ARMED_POLICE_OLD = "armed_police_old"
    MILITARY = "military"
    EMBASSY = "embassy"
    CONSULATE = "consulate"
    HONG_KONG = "hong_kong"
    MACAU = "macau"
    AVIATION = "aviation"
    EMERGENCY = "emergency"
    TRIAL = "trial"
    OVERSIZE = "oversize"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of signs in millimetres; the gap after sign number `wide_after` is wider, with a dot in it or not."""

    signs: int
    left: float
    top: float
    wide: float
    high: float
    gap: float
    wide_after: int = 0
    wide_gap: float = 0
    has_dot: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """All that is painted on a plate. `red` are numbers of signs."""

    width: float
    height: float
    rows: tuple[Row, ...]
    ground: Colour
    ink: Colour
    kind: PlateKind
    colour: PlateColour
    red: tuple[int, ...] = ()
    fades: bool = False
    yellow_field: float = 0

    @property
    def signs(self) -> int:
        """How many signs it bears."""
        return sum(row.signs for row in self.rows)


_SEVEN = (Row(7, 15.5, 25, 45, 90, 12, 2, 34, has_dot=True),)
_EIGHT = (Row(8, 15.5, 25, 43, 90, 9, 2, 49),)
_REAR = (Row(2, 110, 15, 80, 60, 60, has_dot=True), Row(5, 27.5, 90, 65, 110, 15))
_SMALL_REAR = (Row(2, 55, 12, 45, 38, 20, has_dot=True), Row(5, 14, 60, 33, 64, 6.75))
_EMBASSY = (Row(7, 15.5, 25, 45, 90, 12, 4, 34, has_dot=True),)
_TRACTOR = (Row(3, 57, 14, 50, 46, 18), Row(5, 22, 72, 42, 78, 11.5))
_ARMED_OLD = (Row(9, 14, 25, 37, 90, 7, 4, 22, has_dot=True),)
_ARMED = (Row(8, 15, 25, 41, 90, 9, 3, 27, has_dot=True),)


def _look(
    rows: tuple[Row, ...],
    ground: Colour,
    ink: Colour,
    kind: PlateKind,
    colour: PlateColour,
    *red: int,
    width: float = 440,
) -> Look:
    return Look(width, 140, rows, ground, ink, kind, colour, red)


def _double(rows: tuple[Row, ...], size: tuple[float, float], ground: Colour, ink: Colour, kind: PlateKind) -> Look:
    colour = PlateColour.GREEN if ground == _GREEN else PlateColour.YELLOW
    return Look(*size, rows, ground, ink, kind, colour)


LOOKS = {
    Style.BLUE: _look(_SEVEN, _BLUE, WHITE, PlateKind.ORDINARY, PlateColour.BLUE),
    Style.ENERGY_SMALL: Look(480, 140, _EIGHT, _GREEN, BLACK, PlateKind.NEW_ENERGY, PlateColour.GREEN, fades=True),
    Style.ENERGY_LARGE: Look(
        480, 140, _EIGHT, _GREEN, BLACK, PlateKind.NEW_ENERGY, PlateColour.LIMEGREEN, yellow_field=130
    ),
    Style.YELLOW: _look(_SEVEN, _YELLOW, BLACK, PlateKind.ORDINARY, PlateColour.YELLOW),
    Style.YELLOW_REAR: _double(_REAR, (440, 220), _YELLOW, BLACK, PlateKind.ORDINARY),
    Style.TRAILER: _double(_REAR, (440, 220), _YELLOW, BLACK, PlateKind.TRAILER),
    Style.LEARNER: _look(_SEVEN, _YELLOW, BLACK, PlateKind.LEARNER, PlateColour.YELLOW),
    Style.MOTORCYCLE: _double(_SMALL_REAR, (220, 140), _YELLOW, BLACK, PlateKind.ORDINARY),
    Style.TRACTOR: _double(_TRACTOR, (300, 165), _GREEN, WHITE, PlateKind.UNKNOWN),
    Style.POLICE: _look(_SEVEN, WHITE, BLACK, PlateKind.POLICE, PlateColour.WHITE, 7),
    Style.ARMED_POLICE: _look(_ARMED, WHITE, BLACK, PlateKind.ARMED_POLICE, PlateColour.WHITE, 1, 2, 3),
    Style.ARMED_POLICE_OLD: _look(_ARMED_OLD, WHITE, BLACK, PlateKind.ARMED_POLICE, PlateColour.WHITE, 1, 2),
    Style.MILITARY: _look(_SEVEN, WHITE, BLACK, PlateKind.MILITARY, PlateColour.WHITE, 1),
    Style.EMBASSY: _look(_EMBASSY, _DARK, WHITE, PlateKind.EMBASSY, PlateColour.BLACK),
    Style.CONSULATE: _look(_SEVEN, _DARK, WHITE, PlateKind.CONSULATE, PlateColour.BLACK),
    Style.HONG_KONG: _look(_SEVEN, _DARK, WHITE, PlateKind.HONG_KONG_MACAU, PlateColour.BLACK),
    Style.MACAU: _look(_SEVEN, _DARK, WHITE, PlateKind.HONG_KONG_MACAU, PlateColour.BLACK),
    Style.AVIATION: _look(_SEVEN, (20, 120, 70), WHITE, PlateKind.AVIATION, PlateColour.GREEN),
    Style.EMERGENCY: _look(_EIGHT, WHITE, BLACK, PlateKind.UNKNOWN, PlateColour.WHITE, 1, 7, 8, width=480),
    Style.TRIAL: _look(_SEVEN, WHITE, BLACK, PlateKind.UNKNOWN, PlateColour.WHITE, 7),
    Style.OVERSIZE: _look(_SEVEN, WHITE, BLACK, PlateKind.UNKNOWN, PlateColour.WHITE, 7),
}

_BY_KIND = {
    PlateKind.ORDINARY: Style.BLUE,
    PlateKind.POLICE: Style.POLICE,
    PlateKind.LEARNER: Style.LEARNER,
    PlateKind.TRAILER: Style.TRAILER,
    PlateKind.CONSULATE: Style.CONSULATE,
    PlateKind.EMBASSY: Style.EMBASSY,
    PlateKind.MILITARY: Style.MILITARY,
    PlateKind.AVIATION: Style.AVIATION,
}
_BY_END = {"港": Style.HONG_KONG, "澳": Style.MACAU, "急": Style.EMERGENCY, "试": Style.TRIAL, "超": Style.OVERSIZE}


def style_of(plate: Plate) -> Style | None:
    """Give the look that a plate has if nothing else is said; None if it is no plate."""
    kind = parse(plate)
    if kind is None:
        return None
    if plate[-1] in _BY_END:
        return _BY_END[plate[-1]]
    if kind is PlateKind.NEW_ENERGY:
        return Style.ENERGY_LARGE if plate[2] in DIGITS else Style.ENERGY_SMALL
    if kind is PlateKind.ARMED_POLICE:
        return {8: Style.ARMED_POLICE, 9: Style.ARMED_POLICE_OLD}.get(len(plate))
    return _BY_KIND[kind]


def invent(style: Style, rng: np.random.Generator, province: str | None = None) -> Plate:
    """Make up a plate of a look; where it names a province, the one that is asked for."""

    def pick(signs: str, count: int = 1) -> str:
        return "".join(str(sign) for sign in rng.choice(list(signs), count))

    where = province or pick(PROVINCES)
    city, figures = where + pick(LETTERS), pick(DIGITS, 6)
    match style:
        case Style.ENERGY_SMALL:
            text = city + pick(ENERGY) + pick(DIGITS + LETTERS) + figures[:4]
        case Style.ENERGY_LARGE:
            text = city + figures[:5] + pick(ENERGY)
        case Style.TRACTOR:
            text = where + figures[:2] + pick(DIGITS, 5)
        case Style.ARMED_POLICE:
            text = "WJ" + where + figures[:5]
        case Style.ARMED_POLICE_OLD:
            text = "WJ" + f"{int(figures[:2]) % 32 + 1:02d}" + pick(DIGITS, 5)
        case Style.MILITARY:
            text = pick(_MILITARY) + pick(_REGIONS) + figures[:5]
        case Style.EMBASSY:
            text = "使" + figures
        case Style.AVIATION:
            text = "民航" + pick(LETTERS) + figures[:4]
        case Style.HONG_KONG | Style.MACAU:
            text = "粤Z" + pick(LETTERS) + figures[:3] + ("港" if style is Style.HONG_KONG else "澳")
        case Style.EMERGENCY:
            text = where + pick("XS") + figures[:4] + "应急"
        case Style.BLUE | Style.YELLOW | Style.YELLOW_REAR | Style.MOTORCYCLE:
            text = city + _five(rng, figures)
        case _:
            text = city + figures[:4] + _LAST[style]
    return Plate(text)


_LAST = {
    Style.TRAILER: "挂",
    Style.LEARNER: "学",
    Style.POLICE: "警",
    Style.CONSULATE: "领",
    Style.TRIAL: "试",
    Style.OVERSIZE: "超",
}


def _five(rng: np.random.Generator, figures: str) -> str:
    """Give five signs with no letter, one or two, as they are given out (`lpr.md` §2)."""
    signs = list(figures[:5])
    for place in rng.choice(5, int(rng.integers(0, 3)), replace=False):
        signs[int(place)] = str(rng.choice(list(LETTERS)))
    return "".join(signs)
