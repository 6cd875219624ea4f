"""A PLC's link as people see it: its state, and what it has counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class LinkState(Enum):
    """How a device's link is now."""

    DOWN = "down"
    UP = "up"
    STILL = "still"
    """It answers, but its heartbeat stands still: nothing it says counts."""
    FOREIGN = "foreign"
    """It is laid out in a way that the tag map does not describe."""
    REFUSED = "refused"
    """One side does not let the other in: a certificate, a login, a setting. A person has to act; `why` says how."""
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class DeviceFigures:
    """What one driver has to say of its link. Counts begin with the driver and never go back.

    `address` is the one that answers, or was tried last. `scan_ms` is how long the last scan of the most urgent class
    took, or how long a subscription's last response was on its way; `round_trip_ms` is that of the last request.
    `late_scans` were not done when the next was due. `errors` are time-outs, malformed answers and lost links,
    `refusals` are exceptions of the device itself, `connects` all connections that came about. `waiting` counts
    writes in the queue; `holes` are reads that were parted or given up because the device does not have a place,
    and tags that it lacks; `why` is the last trouble.
    `publishing_ms` is the interval of a subscription as the server revised it, 0 where there is none;
    `scans` are how many ms the last scans of each class took.
    `certificate_days` are left until the first of the link's two certificates ends, None where there are none.
    """

    device: str
    state: LinkState = LinkState.DOWN
    address: str = ""
    scan_ms: float = 0.0
    round_trip_ms: float = 0.0
    late_scans: int = 0
    reads: int = 0
    writes: int = 0
    errors: int = 0
    refusals: int = 0
    connects: int = 0
    waiting: int = 0
    holes: int = 0
    why: str = ""
    publishing_ms: float = 0.0
    certificate_days: int | None = None
    scans: Mapping[str, Sequence[float]] = field(default_factory=dict)
