"""What a lane's camera makes of the plate before it: mostly right, at times wrong or unread (`operations.md` §1)."""

from random import Random

from scada.model.plate import Plate, PlateColour, PlateKind, PlateRead, PlateUnread, ReadBy
from scada.sim.virtual.cast import twin

SHARE_CONFIDENTLY_WRONG = 0.006
SHARE_WEAK = 0.006
SHARE_UNREAD = 0.006
_NEW_ENERGY_SIGNS = 8


def reading(random: Random, plate: Plate | None, *, works: bool) -> PlateRead | PlateUnread:
    """Read a plate; None is a car without one, or nobody in the picture."""
    if not works:
        return PlateUnread("the camera gives no pictures", None)
    if plate is None:
        return PlateUnread("no plate in the picture", None, 8)
    chance = random.random()
    if chance < SHARE_CONFIDENTLY_WRONG:
        return read_of(twin(random, plate), random.uniform(0.81, 0.99), 2)
    if chance < SHARE_CONFIDENTLY_WRONG + SHARE_WEAK:
        return read_of(twin(random, plate), random.uniform(0.4, 0.79), 2)
    if chance < SHARE_CONFIDENTLY_WRONG + SHARE_WEAK + SHARE_UNREAD:
        return PlateUnread("no two frames agree", None, 8)
    return read_of(plate, 0.97, 6)


def read_of(plate: Plate, confidence: float, agreeing: int, by: ReadBy = ReadBy.CAMERA) -> PlateRead:
    """Say that somebody takes the plate for this text."""
    green = len(plate) == _NEW_ENERGY_SIGNS
    kind, colour = (PlateKind.NEW_ENERGY, PlateColour.GREEN) if green else (PlateKind.ORDINARY, PlateColour.BLUE)
    return PlateRead(plate, kind, colour, confidence, agreeing, 8, None, (), by)
