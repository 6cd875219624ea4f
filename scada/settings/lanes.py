"""Lanes and zones: what stands where, and how a lane behaves."""

from datetime import time
from typing import Annotated, Literal

from pydantic import Field

from scada.model.lane.length import Geometry
from scada.model.lane.tide import Tide
from scada.model.lane.timing import Policy, Timing
from scada.model.lane.words import Direction
from scada.model.money import Fen
from scada.model.names import LaneName, ZoneName
from scada.model.zones import Zone
from scada.settings.base import Name, Seconds, Section


class LaneTiming(Section):
    """Waits that differ from the defaults of `lanes.md` §5, in seconds."""

    t_read_s: Seconds = Timing().t_read_s
    t_help_s: Seconds = Timing().t_help_s
    t_quote_s: Seconds = Timing().t_quote_s
    t_request_s: Seconds = Timing().t_request_s
    t_answer_s: Seconds = Timing().t_answer_s
    t_authorised_s: Seconds = Timing().t_authorised_s
    t_ttl_s: Annotated[float, Field(gt=0, le=5)] = Timing().t_ttl_s
    t_ack_s: Seconds = Timing().t_ack_s
    t_open_s: Seconds = Timing().t_open_s
    t_close_s: Seconds = Timing().t_close_s
    t_pass_s: Seconds = Timing().t_pass_s
    t_under_s: Seconds = Timing().t_under_s
    t_annul_s: Seconds = Timing().t_annul_s
    t_stuck_approach_s: Seconds = Timing().t_stuck_approach_s
    t_stuck_safety_s: Seconds = Timing().t_stuck_safety_s
    t_again_s: Seconds = Timing().t_again_s
    confidence: Annotated[float, Field(gt=0, le=1)] = Timing().confidence
    agreeing: Annotated[int, Field(ge=1, le=10)] = Timing().agreeing


class LanePolicy(Section):
    """What the owner has decided for the times when something is missing (`operations.md` §6)."""

    no_stay_a_day: Annotated[int, Field(ge=0, le=1000)] = 5
    """So many cars a day may leave without a stay before that is an alarm (path G)."""
    release_cap_fen: Annotated[int, Field(ge=0, le=1_000_000)] = Policy().release_cap_fen
    admit_unread: bool = Policy().admit_unread
    broken_boom: Literal["red-light", "hold-open"] = "red-light"
    """A boom off its mount holds nobody back: tell the cars to wait, or let them pass and count them (path L)."""


class LaneGeometry(Section):
    """Where a lane's loops lie, in metres, and from when on what passed is too long for one vehicle (path B)."""

    gap_m: Annotated[float, Field(gt=0, le=10)] = Geometry().gap_m
    safety_m: Annotated[float, Field(gt=0, le=10)] = Geometry().safety_m
    longest_m: Annotated[float, Field(ge=3, le=50)] = Geometry().longest_m
    slowest_s: Annotated[float, Field(gt=0, le=60)] = Geometry().slowest_s


class LaneTide(Section):
    """From this time of the day on (the site's own) a tidal lane leads this way."""

    begins: Annotated[time, Field(strict=False, alias="from")]
    way: Literal["entry", "exit"]


class Lane(Section):
    """One way in or out of a zone; without `zone`, of the first one.

    A lane of both ways serves whoever came first, or one way at a time of the day (`way_policy`, `tides`).
    """

    name: Name
    direction: Literal["entry", "exit", "both"]
    way_policy: Literal["first-come", "tidal"] = "first-come"
    tides: Annotated[tuple[LaneTide, ...], Field(strict=False)] = ()
    zone: Name | None = None
    title: str
    title_en: str
    timing: LaneTiming = LaneTiming()
    policy: LanePolicy = LanePolicy()
    geometry: LaneGeometry = LaneGeometry()

    @property
    def id(self) -> LaneName:
        """The lane's name as its own type."""
        return LaneName(self.name)

    @property
    def leads(self) -> Direction:
        """The lane's direction as the machine knows it; one of both ways stands as an entry."""
        return Direction.EXIT if self.direction == "exit" else Direction.ENTRY

    @property
    def turns(self) -> tuple[Tide, ...]:
        """The lane's tides as the machine knows them; none where it serves whoever came first."""
        return tuple(Tide(tide.begins, Direction(tide.way)) for tide in self.tides)

    @property
    def waits(self) -> Timing:
        """The lane's timing as the machine knows it."""
        own = self.policy
        policy = Policy(Fen(own.release_cap_fen), own.admit_unread, own.broken_boom == "hold-open")
        return Timing(**self.timing.model_dump(), policy=policy, geometry=Geometry(**self.geometry.model_dump()))


class ZoneTable(Section):
    """A part of the car park with its own count; a nested lot lies inside its `parent`.

    `reserved` of its spaces are kept for month cards.
    """

    name: Name
    title: str
    title_en: str
    spaces: Annotated[int, Field(ge=1, le=1_000_000)]
    reserved: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    parent: Name | None = None

    def as_zone(self) -> Zone:
        """Give the zone as the decisions know it."""
        return Zone(ZoneName(self.name), self.spaces, self.reserved, ZoneName(self.parent) if self.parent else None)
