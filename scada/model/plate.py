"""A plate and what a camera made of it."""

from dataclasses import dataclass
from enum import Enum
from typing import NewType

from scada.model.appearance import NO_LOOK, Appearance
from scada.model.names import PictureId

Plate = NewType("Plate", str)
"""A plate in normal form: upper case, no spaces or dots, e.g. 京PL3N67 or 粤BD12345."""

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
UNPLATED = "无牌"
"""How the name begins under which a car without a plate stays: no plate begins so."""
_NOISE = str.maketrans("", "", " ·.•-_\u3000\t")


class PlateKind(Enum):
    """What sort of plate it is (GA 36-2018, after `lpr.md` §3)."""

    ORDINARY = "ordinary"
    NEW_ENERGY = "new_energy"
    POLICE = "police"
    LEARNER = "learner"
    TRAILER = "trailer"
    HONG_KONG_MACAU = "hong_kong_macau"
    CONSULATE = "consulate"
    EMBASSY = "embassy"
    ARMED_POLICE = "armed_police"
    MILITARY = "military"
    AVIATION = "aviation"
    UNKNOWN = "unknown"


class PlateColour(Enum):
    """The plate's ground colour, in the words of WeChat's parking interface."""

    BLUE = "BLUE"
    GREEN = "GREEN"
    YELLOW = "YELLOW"
    BLACK = "BLACK"
    WHITE = "WHITE"
    LIMEGREEN = "LIMEGREEN"
    UNKNOWN = "UNKNOWN"


class ReadBy(Enum):
    """Who says that this is the plate."""

    CAMERA = "camera"
    DRIVER = "driver"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another string the plate may be, with its summed probability, 0 to 1."""

    text: Plate
    probability: float


@dataclass(frozen=True, slots=True)
class PlateRead:
    """One plate for a whole passage.

    `confidence` is the minimum sign probability of the best agreeing frame, 0 to 1 (`lpr.md` §4);
    `agreeing` and `frames` count frames; `picture` is the best frame, kept as evidence; `appearance` is its car's.
    """

    text: Plate
    kind: PlateKind
    colour: PlateColour
    confidence: float
    agreeing: int
    frames: int
    picture: PictureId | None
    alternatives: tuple[Alternative, ...] = ()
    by: ReadBy = ReadBy.CAMERA
    appearance: Appearance = NO_LOOK


@dataclass(frozen=True, slots=True)
class PlateUnread:
    """No plate to be trusted: why, the weak guess if there was one, and the picture."""

    why: str
    picture: PictureId | None
    frames: int = 0
    guess: PlateRead | None = None


def normal_form(text: str) -> Plate:
    """Bring typed or read text into normal form (`lpr.md` §5): O and I after the second sign are 0 and 1."""
    signs = text.translate(_NOISE).upper()
    return Plate(signs[:2] + signs[2:].replace("O", "0").replace("I", "1"))


def unplated(name: str) -> Plate:
    """Give the name for the stay of a car without a plate, by the id of what is kept of it."""
    return Plate(f"{UNPLATED}{name[-8:]}")


def is_unplated(plate: Plate) -> bool:
    """Say whether this is such a name."""
    return plate.startswith(UNPLATED)


def is_nearly(one: Plate, other: Plate) -> bool:
    """Say whether two plates may be two looks at one: the same but for a single sign, or one sign is lost."""
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) <= 1
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))


def is_plausible(plate: Plate) -> bool:
    """Say whether a text can be a Chinese plate at all: a guard on what people type, not a grammar."""
    if not 7 <= len(plate) <= 9:
        return False
    if plate[0] in PROVINCES:
        return plate[1].isascii() and plate[1].isalpha() and all(_is_sign(sign) for sign in plate[2:])
    begins_well = plate[:2] in ("WJ", "民航") or plate[0] in "使VKHBSLJNGCEZRD"
    return begins_well and all(_is_sign(sign) or sign in PROVINCES for sign in plate[2:])


def _is_sign(sign: str) -> bool:
    return (sign.isascii() and sign.isalnum()) or sign in "学警港澳挂领应急试超"
