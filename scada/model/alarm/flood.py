"""A flood: more alarms than a person can take (ISA-18.2: from 10 within 10 minutes until there are fewer than 5)."""

from dataclasses import dataclass, replace
from typing import Final

WINDOW_S: Final = 600.0
BEGINS: Final = 10
ENDS_BELOW: Final = 5


@dataclass(frozen=True, slots=True)
class Flood:
    """The seconds at which alarms were announced lately, and whether there is a flood."""

    times: tuple[float, ...] = ()
    is_on: bool = False

    def with_one(self, now_s: float) -> "Flood":
        """Count one more."""
        return replace(self, times=(*self.times, now_s)).at(now_s)

    def at(self, now_s: float) -> "Flood":
        """Look again: what is older than ten minutes counts no more."""
        times = tuple(one for one in self.times if now_s - one < WINDOW_S)
        is_on = len(times) >= (ENDS_BELOW if self.is_on else BEGINS)
        return Flood(times, is_on)
