"""When a camera's read may be believed (`lanes.md` §6, Identifying)."""

from scada.model.lane.timing import Timing
from scada.model.plate import PlateRead, PlateUnread


def is_trusted(read: PlateRead, timing: Timing) -> bool:
    """Say whether enough frames agree, surely enough."""
    return read.confidence >= timing.confidence and read.agreeing >= timing.agreeing


def shows_nobody(reading: PlateRead | PlateUnread) -> bool:
    """Say whether the cameras looked and saw nothing that might be a plate."""
    return isinstance(reading, PlateUnread) and reading.frames > 0 and reading.guess is None
