"""How long was what has passed? The third cue for one who follows without a gap (`lanes.md` path B): length = v·t.

When the rear end leaves the approach loop while the front is past the boom already, it has a known way to go until it
leaves the safety loop, too: that gives v. t is how long the safety loop was on. The edges are the server's own, as it
saw them; a vehicle that sped up is taken for longer than it is, one that stopped under way cannot be measured. So this
is a cue for a person, and proves nothing by itself.
"""

from dataclasses import dataclass

_SEEN_LATE_S = 0.2
"""An edge is seen this much later than it was, at most: it makes nothing longer than it is."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the loops lie along the lane, and how long one vehicle may be there, in metres.

    `gap_m`: from the end of the approach loop to the beginning of the safety loop (§2: makers say 1 to 3 m).
    `safety_m`: length of the safety loop, at least 500 mm before and behind the boom. `longest_m`: longer than this is
    two vehicles rather than one; two small cars (GA 802: shorter than 6 m) at half a metre are. `slowest_s`: what took
    longer to pass may have stopped.
    """

    gap_m: float = 2.5
    safety_m: float = 1.2
    longest_m: float = 8.0
    slowest_s: float = 6.0


USUAL = Geometry()


@dataclass(frozen=True, slots=True)
class Crossing:
    """When the safety loop came on, the approach loop fell behind the vehicle, and the safety loop fell (monotonic)."""

    on_s: float
    rear_s: float | None = None
    off_s: float | None = None


def crossing(before: Crossing | None, at_s: float, *, stands: bool, is_under: bool) -> Crossing | None:
    """Follow a vehicle over the loops; the first edge of each counts, until the next one comes onto the safety loop."""
    if before is None or before.off_s is not None:
        return Crossing(at_s) if is_under else before
    rear_s = at_s if before.rear_s is None and not stands else before.rear_s
    off_s = None if is_under else at_s
    return before if (rear_s, off_s) == (before.rear_s, before.off_s) else Crossing(before.on_s, rear_s, off_s)


def length_m(crossed: Crossing, geometry: Geometry) -> float | None:
    """Give how long what passed was, as far as two edges tell; None if it may have stopped, or an edge is missing."""
    if crossed.rear_s is None or crossed.off_s is None:
        return None
    t_s = crossed.off_s - crossed.on_s
    if t_s > geometry.slowest_s:
        return None
    speed_m_s = (geometry.gap_m + geometry.safety_m) / (crossed.off_s - crossed.rear_s + _SEEN_LATE_S)
    return speed_m_s * t_s - geometry.safety_m


def too_long_m(crossed: Crossing | None, geometry: Geometry) -> float | None:
    """Give the length of what is too long for one vehicle."""
    length = None if crossed is None else length_m(crossed, geometry)
    return length if length is not None and length > geometry.longest_m else None
