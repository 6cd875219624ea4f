"""The steps of a chart's axis: round numbers in the unit that people read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scada.reports.documents.document import Kind
from scada.reports.forms.cells import number_text

STEPS: Final = 5
_UNIT: Final = {Kind.FEN: 100.0, Kind.PERCENT: 0.01}
_TIMES: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200)
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high`, with a rule at each of `ticks`."""

    low: float
    high: float
    ticks: tuple[float, ...]
    kind: Kind

    def share(self, value: float) -> float:
        """Say how far up a value stands, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)

    def text(self, tick: float) -> str:
        """Write a tick."""
        if self.kind is Kind.FEN:
            return f"{tick / 100:,.0f}" if self.ticks[-1] >= 500 else f"{tick / 100:.2f}"
        if self.kind is Kind.PERCENT:
            return f"{tick * 100:g} %"
        return number_text(tick, Kind.DURATION) if self.kind is Kind.DURATION else f"{tick:,g}"


def scale_of(values: Sequence[float], kind: Kind) -> Scale:
    """Give an axis on which 0 and all values have their place."""
    low, high = min((0.0, *values)), max((0.0, *values))
    if low == high:
        high = 5 * _UNIT.get(kind, 1.0)
    step = _step((high - low) / STEPS, kind)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return Scale(first * step, last * step, tuple(step * number for number in range(first, last + 1)), kind)


def _step(least: float, kind: Kind) -> float:
    if kind is Kind.DURATION:
        longer = next((time for time in _TIMES if time >= least), None)
        return longer or math.ceil(least / _DAY_S) * _DAY_S
    unit = _UNIT.get(kind, 1.0)
    wanted = least / unit
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(power * round_ for round_ in (1, 2, 2.5, 5, 10) if power * round_ >= wanted * (1 - 1e-9))
    return (max(1.0, math.ceil(step)) if kind is Kind.COUNT else step) * unit
