"""What each camera did for one capture: for the figures of the cameras, and for people who ask why."""

from dataclasses import dataclass
from datetime import datetime

from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId, PictureId
from scada.model.plate import PlateRead, PlateUnread


@dataclass(frozen=True, slots=True)
class Look:
    """One camera's part. `confidences`: the weakest sign of each frame in which a plate was read.

    `frames` counts what was looked at since the car stood there, `early` what was kept from before. `read_ms` is
    what each frame took, `ms` the whole. `why` says why its own frames are no read, empty if they are.
    """

    camera: str
    frames: int
    early: int
    confidences: tuple[float, ...]
    widths_px: tuple[float, ...]
    read_ms: tuple[float, ...]
    ms: float
    why: str
    picture: PictureId | None

    @property
    def reads(self) -> int:
        """How many frames showed a plate."""
        return len(self.confidences)


@dataclass(frozen=True, slots=True)
class Captured:
    """One capture: for whom, what came of it, and what each camera and unit had to say. `ms` from order to answer."""

    lane: LaneName
    passage: PassageId
    way: Direction
    at: datetime
    ms: float
    reading: PlateRead | PlateUnread
    looks: tuple[Look, ...]
