"""What the server knows of itself: how far its clock may be off, what a zone has oversold, which processes ended."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from scada.model.names import ZoneName
from scada.model.processes import Life
from scada.model.zones import Zones

BY_KERNEL: Final = "kernel"
UNKNOWN: Final = "unknown"
_US: Final = 1e-6
_HOUR_S: Final = 3600.0


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


@dataclass(slots=True)
class Restarts:
    """Counts how often processes had to be started again within the last hour."""

    mine: str
    """The process that counts. It has seen nothing of its own last end, so that its first look counts that one."""
    _known: dict[str, int] = field(default_factory=dict)
    _at_s: "deque[float]" = field(default_factory=deque)

    def seen(self, lives: Iterable[Life], now_s: float) -> int:
        """Take the processes as they are at a monotonic moment; give the restarts of the hour before it."""
        for life in lives:
            before = self._known.get(life.name, max(0, life.restarts - 1) if life.name == self.mine else life.restarts)
            self._at_s.extend([now_s] * max(0, life.restarts - before))
            self._known[life.name] = life.restarts
        while self._at_s and self._at_s[0] <= now_s - _HOUR_S:
            self._at_s.popleft()
        return len(self._at_s)


def soonest(endings: Sequence[tuple[str, datetime]], now: datetime) -> tuple[str, int] | None:
    """Give the certificate that ends first, and how many whole days are left; less than 0 when it has ended."""
    if not endings:
        return None
    what, until = min(endings, key=lambda one: one[1])
    return what, (until - now).days
