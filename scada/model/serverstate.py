"""What the server knows of itself: how far its clock may be off, and how many spaces too many a zone has sold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from scada.model.names import ZoneName
from scada.model.zones import Zones

BY_KERNEL: Final = "kernel"
UNKNOWN: Final = "unknown"
_US: Final = 1e-6


@dataclass(frozen=True, slots=True)
class KernelClock:
    """What the kernel says of the clock: whether a time server disciplines it, and by how much it may be off.

    `most_us` is the bound that grows by itself while nobody corrects the clock; `offset_us` is still to be corrected.
    """

    synchronised: bool
    offset_us: float
    most_us: float


def clock_error_s(kernel: KernelClock | None) -> float | None:
    """Say by how much the clock is off at most; None if nobody knows: a clock that no server sets may be right."""
    if kernel is None or not kernel.synchronised:
        return None
    return round((abs(kernel.offset_us) + max(0.0, kernel.most_us)) * _US, 3)


def oversold(held: Iterable[tuple[str | None, int]], zones: Zones) -> Mapping[ZoneName, int]:
    """Say how many more spaces cards hold than a zone has; a card that holds everywhere counts in each.

    `held` are the zone and the spaces of each card. A zone without a limit has none to oversell.
    """
    cards = list(held)
    return {
        zone.name: max(0, sum(spaces for where, spaces in cards if where in (None, zone.name)) - zone.spaces)
        for zone in zones.all
        if zone.spaces is not None
    }
