"""When a car that drives off from the boom reaches and leaves each loop: worked out, not stepped."""

from dataclasses import dataclass
from math import sqrt

from scada.sim.road import APPROACH_M, GAIN_M_S2, SAFETY_M, STOP_M


@dataclass(frozen=True, slots=True)
class Edges:
    """Ms from driving off to each edge. `beam` is the line of the boom itself."""

    safety_on: int
    beam_on: int
    approach_off: int
    beam_off: int
    safety_off: int


def edges(length_m: float, cruise_m_s: float) -> Edges:
    """Give the edges of a car that starts with its front at `STOP_M` and does not stop."""
    return Edges(
        safety_on=_reach_ms(SAFETY_M[0] - STOP_M, cruise_m_s),
        beam_on=_reach_ms(-STOP_M, cruise_m_s),
        approach_off=_reach_ms(APPROACH_M[1] + length_m - STOP_M, cruise_m_s),
        beam_off=_reach_ms(length_m - STOP_M, cruise_m_s),
        safety_off=_reach_ms(SAFETY_M[1] + length_m - STOP_M, cruise_m_s),
    )


def _reach_ms(way_m: float, cruise_m_s: float) -> int:
    """Say how long a way takes from standing, gaining speed up to the cruise."""
    gaining_m = cruise_m_s**2 / (2 * GAIN_M_S2)
    if way_m <= gaining_m:
        return round(1000 * sqrt(2 * way_m / GAIN_M_S2))
    return round(1000 * (cruise_m_s / GAIN_M_S2 + (way_m - gaining_m) / cruise_m_s))
