"""What reads plates, and how long pictures are kept."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.settings.base import Name, Section, Share

Corners = Annotated[
    tuple[Annotated[tuple[float, float], Field(strict=False)], ...],
    Field(strict=False),
]
"""Points of a picture, in shares of its width and height."""


class Camera(Section):
    """One plate camera. `source` is an address (rtsp, http: a stream or a still), a device, a file or a folder.

    `region` is the lane's polygon in shares of width and height (0 to 1); plates outside do not count. `way`: at a lane
    for both ways, which cars it looks at, those that come in or those that go out; without it, all of them.
    `perspective`: the corners of what is read, top left first and clockwise, drawn along what is straight on the car;
    it is pulled straight first. `password_file` lies below the data folder; `transport` is RTSP's.
    """

    name: Name
    lane: Name
    way: Literal["entry", "exit"] | None = None
    source: str
    user: str = ""
    password_file: str | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    min_plate_px: Annotated[int, Field(ge=20, le=2000)] = 60
    region: Corners = ()
    perspective: Corners = ()

    @field_validator("perspective")
    @classmethod
    def _four_corners(cls, corners: Corners) -> Corners:
        if corners and not _is_clockwise(corners):
            raise ValueError("not four corners, top left first and clockwise")
        return corners

    def looks_at(self, lane: LaneName, way: Direction) -> bool:
        """Say whether it looks at the cars that go this way through a lane."""
        return self.lane == lane and self.way in (None, way.value)


class Unit(Section):
    """A unit that reads plates by itself and pushes them (车牌识别一体机, `docs/units.md`): a vote more, never a leave.

    `serial` and `address` are the only ones believed. `gate`: how sure it must be, on its own scale from 0 to 1;
    `weight`: what a read of full confidence adds to the vote's sum; `looks`: for how many frames it counts.
    `serial_channel` is where a display hangs on it, `data_len` which length its firmware counts (`docs/displays.md`).
    """

    name: Name
    lane: Name
    way: Literal["entry", "exit"] | None = None
    make: Literal["vz", "huaxia", "hikvision", "dahua"]
    serial: Annotated[str, Field(min_length=1, max_length=64)]
    address: Annotated[str, Field(pattern=r"^[0-9A-Fa-f.:]{2,45}$")]
    gate: Annotated[float, Field(ge=0.05, le=1.0)] = 0.9
    weight: Annotated[float, Field(ge=0.0, le=3.0)] = 1.0
    looks: Annotated[int, Field(ge=1, le=3)] = 1
    serial_channel: Annotated[int, Field(ge=0, le=3)] = 0
    data_len: Literal["decoded", "base64"] = "decoded"

    def looks_at(self, lane: LaneName, way: Direction) -> bool:
        """Say whether it looks at the cars that go this way through a lane."""
        return self.lane == lane and self.way in (None, way.value)


class Lpr(Section):
    """Which back end reads the plates; `auto` takes the best of C and B whose files are there (`daozha models show`).

    A gives one mean for a plate, which passes no gate: `calibration` says what it is worth at this site, as rising
    points of (mean, confidence) between 0 and 1; below the first one it is worth nothing.
    """

    back_end: Literal["auto", "A", "B", "C"] = "auto"
    calibration: Annotated[tuple[Annotated[tuple[Share, Share], Field(strict=False)], ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _rises(self) -> "Lpr":
        for (mean, worth), (next_mean, next_worth) in pairwise(self.calibration):
            if next_mean <= mean or next_worth < worth:
                raise ValueError(f"lpr: the calibration does not rise from ({mean:g}, {worth:g}) on")
        return self


class Evidence(Section):
    """How long pictures are kept, in days, and how much room they may take.

    What is not settled (a car inside, arrears, an open case) is kept whatever these say. `free_gb`: so much of the disk
    is left free. `reads_days`: how long it is known what each camera read.
    """

    quota_gb: Annotated[float, Field(gt=0, le=100_000)] = 50.0
    free_gb: Annotated[float, Field(ge=0, le=1000)] = 2.0
    passage_days: Annotated[int, Field(ge=1, le=3650)] = 30
    rejected_days: Annotated[int, Field(ge=1, le=3650)] = 14
    case_days: Annotated[int, Field(ge=1, le=3650)] = 180
    reads_days: Annotated[int, Field(ge=1, le=3650)] = 365


def _is_clockwise(corners: Corners) -> bool:
    """Say whether four corners turn right at each, as seen on a screen."""
    if len(corners) != 4:
        return False
    turns = zip(corners, (*corners[1:], corners[0]), (*corners[2:], *corners[:2]), strict=True)
    return all((bx - ax) * (cy - by) > (by - ay) * (cx - bx) for (ax, ay), (bx, by), (cx, cy) in turns)
