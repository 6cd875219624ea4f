"""What a plate may do and what it is let off: month cards, lists, locked cars, special vehicles. Pure decisions.

Anybody can type a plate, so a typed one has no rights until a person has looked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from scada.model.lane.words import Reason
from scada.model.money import NOTHING, Fen, yuan_text
from scada.model.names import ZoneName
from scada.model.plate import Plate, PlateColour, PlateKind, PlateRead, ReadBy
from scada.model.zones import ZoneCount, Zones
from scada.ports import Admission

FAKE_EXITS: Final = 2
FAKE_EXIT_DAYS: Final = 30
"""So many times backed away from an open exit within so many days, and a person looks (`lanes.md` §9, path A)."""
_SPECIAL_KINDS = frozenset({PlateKind.POLICE, PlateKind.ARMED_POLICE, PlateKind.MILITARY})
_GREENS = frozenset({PlateColour.GREEN, PlateColour.LIMEGREEN})
_RESERVED = frozenset({Reason.MONTH, Reason.BOOKED})
"""Who may use spaces that are kept from the public."""
_INSIDE = "a car with this plate is inside already"


class RightKind(Enum):
    """What holds for a plate. LOCKED: its owner locked the car, it may not leave."""

    MONTH = "MONTH"
    WHITE = "WHITE"
    BLACK = "BLACK"
    LOCKED = "LOCKED"
    SPECIAL = "SPECIAL"


@dataclass(frozen=True, slots=True)
class Right:
    """What holds for a plate from `since` until before `until`, in one zone or everywhere.

    A month card lets `spaces` cars of all its plates stand at once; `others` of them stand inside now.
    """

    kind: RightKind
    since: datetime
    until: datetime | None = None
    zone: ZoneName | None = None
    card: str = ""
    spaces: int = 1
    others: int = 0

    def holds(self, at: datetime) -> bool:
        """Say whether the right holds at a moment."""
        return self.since <= at and (self.until is None or at < self.until)

    def bars(self, zone: ZoneName) -> bool:
        """Say whether it keeps a car out of a zone, or in it."""
        return self.zone in (None, zone)

    def opens(self, zone: ZoneName, zones: Zones) -> bool:
        """Say whether it is good in a zone: its own, or one through which the way there leads."""
        return self.zone is None or zone in zones.around(self.zone)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the register, as people write and read it; `spaces` None: as the card has it, else one."""

    plate: Plate
    kind: RightKind
    since: datetime
    until: datetime | None = None
    zone: ZoneName | None = None
    card: str = ""
    spaces: int | None = None
    note: str = ""


def overlaps(one: Entry, other: Entry) -> bool:
    """Say whether two lines give the same right at the same time."""
    same = (one.plate, one.kind, one.zone) == (other.plate, other.kind, other.zone)
    ended = (one.until is not None and one.until <= other.since) or (
        other.until is not None and other.until <= one.since
    )
    return same and not ended


@dataclass(frozen=True, slots=True)
class Inside:
    """The open stay under a plate: what its car looked like, where it stands, what it owes now."""

    kind: PlateKind
    colour: PlateColour
    zone: ZoneName
    owed_fen: Fen


@dataclass(frozen=True, slots=True)
class Arrival:
    """A car before a lane that leads into `zone`, and all that is known of its plate."""

    read: PlateRead
    at: datetime
    zone: ZoneName
    count: ZoneCount
    rights: tuple[Right, ...] = ()
    inside: Inside | None = None
    owes_fen: Fen = NOTHING
    """What earlier stays of the plate still owe."""
    booked: bool = False
    """A host has announced it as a visitor, for now."""


@dataclass(frozen=True, slots=True)
class Standing:
    """As what a car comes in; `card` is the month card of which it takes a space."""

    reason: Reason
    card: str = ""


def standing(plate: Plate, kind: PlateKind, rights: Iterable[Right], zone: ZoneName, zones: Zones) -> Standing:
    """Say as what a car comes in, of the rights that hold now. A card whose spaces are taken makes it temporary."""
    good = [right for right in rights if right.opens(zone, zones)]
    kinds = {right.kind for right in good}
    if is_special(plate, kind) or RightKind.SPECIAL in kinds:
        return Standing(Reason.SPECIAL)
    if RightKind.WHITE in kinds:
        return Standing(Reason.WHITE_LIST)
    cards = [right.card for right in good if right.kind is RightKind.MONTH and right.others < right.spaces]
    return Standing(Reason.MONTH, cards[0]) if cards else Standing(Reason.ADMITTED)


def is_special(plate: Plate, kind: PlateKind) -> bool:
    """Say whether a plate is one of police, armed police, army or emergency rescue: a class of its own, free."""
    return kind in _SPECIAL_KINDS or plate.startswith("WJ") or plate.endswith("应急")


def admission(car: Arrival, zones: Zones, unseen_fen: Fen, owes_most: Fen | None = None) -> Admission:
    """Decide whether a car may come into a zone; one whose plate owes more than `owes_most` may not alone."""
    held = [right for right in car.rights if right.holds(car.at)]
    parent = zones.find(car.zone).parent
    barred = _barred(car, held) or (
        _owing(car, owes_most) or _unseen(car, unseen_fen) if parent is None else _astray(car, zones, parent)
    )
    if barred is not None:
        return barred
    now = standing(car.read.text, car.read.kind, held, car.zone, zones)
    if car.booked and now.reason is Reason.ADMITTED:
        now = Standing(Reason.BOOKED)
    if car.read.by is ReadBy.DRIVER and now.reason is not Reason.ADMITTED:
        return Admission(None, "a typed plate with rights of its own: somebody must look", person=True)
    if not _has_room(car, now.reason, zones):
        return _full(car, held)
    return Admission(now.reason if parent is None else Reason.TRANSIT)


def _barred(car: Arrival, held: Sequence[Right]) -> Admission | None:
    kinds = {right.kind for right in held if right.bars(car.zone)}
    if RightKind.LOCKED in kinds:
        return Admission(None, "its owner has locked this car", person=True)
    if RightKind.BLACK in kinds:
        return Admission(None, "this plate is on the black list")
    return None


def _owing(car: Arrival, owes_most: Fen | None) -> Admission | None:
    if owes_most is None or car.owes_fen <= owes_most or car.read.by is ReadBy.OPERATOR:
        return None
    return Admission(None, f"this plate owes {yuan_text(car.owes_fen)} yuan for earlier stays", person=True)


def _unseen(car: Arrival, unseen_fen: Fen) -> Admission | None:
    """A plate that has an open stay comes again: another car's, or its own whose leaving nobody saw."""
    if car.inside is None or car.read.by is ReadBy.OPERATOR:
        return None
    if car.read.by is ReadBy.DRIVER:
        return Admission(None, _INSIDE)
    if differs(car.read, car.inside.kind, car.inside.colour):
        return Admission(None, "a clone or a misread: the car inside under this plate looks different", person=True)
    if car.inside.owed_fen > unseen_fen:
        owed = yuan_text(car.inside.owed_fen)
        return Admission(None, f"the stay still open under this plate owes {owed} yuan", person=True)
    return None


def _astray(car: Arrival, zones: Zones, parent: ZoneName) -> Admission | None:
    """A nested lot is reached from the zone around it only, by a car that has come into that one."""
    if car.inside is None or parent not in zones.around(car.inside.zone):
        return Admission(None, "wrong zone: no car of this plate is in the zone around", person=True)
    if car.read.by is ReadBy.DRIVER:
        return Admission(None, "a typed plate moves no stay: somebody must look", person=True)
    if differs(car.read, car.inside.kind, car.inside.colour):
        return Admission(None, "a clone or a misread: the car inside under this plate looks different", person=True)
    return None


def _has_room(car: Arrival, reason: Reason, zones: Zones) -> bool:
    """A car that is counted already takes no further space; the white list and special vehicles always find one."""
    counted = car.inside is not None and car.zone in zones.around(car.inside.zone)
    return counted or reason in (Reason.SPECIAL, Reason.WHITE_LIST) or car.count.has_room(card=reason in _RESERVED)


def _full(car: Arrival, held: Sequence[Right]) -> Admission:
    if car.count.reserved != car.count.spaces:
        return Admission(None, "the car park is full", again=True)
    elsewhere = any(right.kind is RightKind.MONTH and right.zone not in (None, car.zone) for right in held)
    return Admission(None, "wrong zone: the month card is for another one" if elsewhere else "for month cards only")


def differs(read: PlateRead, kind: PlateKind, colour: PlateColour) -> bool:
    """Say whether a read contradicts what the car of a stay looked like; what is not known contradicts nothing."""
    other_kind = PlateKind.UNKNOWN not in (read.kind, kind) and read.kind is not kind
    green = read.colour in _GREENS and colour in _GREENS
    other_colour = PlateColour.UNKNOWN not in (read.colour, colour) and read.colour is not colour and not green
    return other_kind or other_colour


@dataclass(frozen=True, slots=True)
class Departure:
    """A car before a lane that leads out of `zone`, and what is known of the stay it seems to be."""

    read: PlateRead | None
    at: datetime
    zone: ZoneName
    kind: PlateKind
    colour: PlateColour
    rights: tuple[Right, ...] = ()
    fake_exits: int = 0


def doubt(car: Departure) -> str:
    """Say why a person must look before the stay is quoted; empty if nobody must."""
    kinds = {right.kind for right in car.rights if right.holds(car.at) and right.bars(car.zone)}
    if RightKind.LOCKED in kinds:
        return "its owner has locked this car"
    if RightKind.BLACK in kinds:
        return "this plate is on the black list"
    if car.read is not None and differs(car.read, car.kind, car.colour):
        return "the car does not look like the one that came in"
    if car.fake_exits >= FAKE_EXITS:
        return f"it has backed away from an open exit {car.fake_exits} times in {FAKE_EXIT_DAYS} days"
    return ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A stay as rights see it; `card` is the month card of which it has a space."""

    plate: Plate
    kind: PlateKind
    entered_at: datetime
    zone: ZoneName
    card: str = ""


@dataclass(frozen=True, slots=True)
class Cover:
    """What rights let a stay off: all of it, for a reason, or what lies before `charged_from`."""

    reason: Reason | None
    charged_from: datetime


def cover(visit: Visit, rights: Iterable[Right], zones: Zones, at: datetime) -> Cover:
    """Say what rights let a stay off. When a month card ends and none follows, the time after it is charged."""
    outermost = zones.around(visit.zone)[-1]
    good = [right for right in rights if right.opens(outermost, zones)]
    now = standing(visit.plate, visit.kind, [right for right in good if right.holds(at)], outermost, zones)
    if now.reason in (Reason.SPECIAL, Reason.WHITE_LIST):
        return Cover(now.reason, at)
    if not visit.card:
        return Cover(None, visit.entered_at)
    until = _carried(visit.entered_at, [right for right in good if right.kind is RightKind.MONTH])
    return Cover(Reason.MONTH, at) if until is None or until > at else Cover(None, until)


def _carried(start: datetime, cards: Sequence[Right]) -> datetime | None:
    """Give the moment to which month cards carry a stay without a gap, None if without end."""
    until = start
    for card in sorted(cards, key=lambda right: right.since):
        if not card.holds(until):
            continue
        if card.until is None:
            return None
        until = card.until
    return until


def too_much(entered_at: datetime, at: datetime, due_fen: Fen, stay_hours: int, stay_fen: Fen) -> str:
    """Say why a person must look before so much is asked for; empty if nobody must."""
    if due_fen <= 0:
        return ""
    if at - entered_at > timedelta(hours=stay_hours):
        return f"the stay is longer than {stay_hours} hours"
    return f"the stay costs more than {yuan_text(stay_fen)} yuan" if due_fen > stay_fen else ""
