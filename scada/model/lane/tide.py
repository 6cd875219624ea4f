"""A lane for both ways that leads one way at a time of the day (tidal): which way now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from scada.model.lane.words import BOTH_WAYS, Direction


@dataclass(frozen=True, slots=True)
class Tide:
    """From this time of the day on (the site's own), until the next tide, the lane leads this way only."""

    begins: time
    way: Direction


def open_ways(tides: Sequence[Tide], now: time) -> frozenset[Direction]:
    """Give the ways that are open now; before the first tide of the day the last one of yesterday still holds."""
    if not tides:
        return BOTH_WAYS
    ordered = sorted(tides, key=lambda tide: tide.begins)
    begun = [tide for tide in ordered if tide.begins <= now]
    return frozenset({(begun or ordered)[-1].way})
