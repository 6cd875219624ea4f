"""How long which part of the history is kept, and how finely a trend can then still be cut."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo
from enum import Enum

from scada.model.tag import Shape, TagName, TagSpec
from scada.model.trend import DAY_MS, HOUR_MS, Grid, grid
from scada.store.historian.points import from_unix_ms
from scada.store.historian.remote.lines import HEALTH, measurement

YEAR_DAYS = 366
LONG_MS = 14 * DAY_MS
"""A longer range is cut into hours at least: points of a tag at 1 Hz would be more than a million."""


class Worth(Enum):
    """For how long the points of a tag are worth keeping."""

    EVENT = "event"
    """States, contacts, texts, counters, occupancies, and tags that are no more."""
    ANALOG = "analog"
    """Curves: most of the points, and of an old one the hours tell enough."""
    HEALTH = "health"
    """Figures of devices, cameras and displays."""


def worth_of(specs: Iterable[TagSpec]) -> Callable[[TagName], Worth]:
    """Give a way to tell what each tag is worth."""
    analog = frozenset(spec.name for spec in specs if is_analog(spec))

    def worth(name: TagName) -> Worth:
        if measurement(name) == HEALTH:
            return Worth.HEALTH
        return Worth.ANALOG if name in analog else Worth.EVENT

    return worth


def is_analog(spec: TagSpec) -> bool:
    """Say whether a tag is a curve, of which a point may be missed."""
    return spec.is_analog or spec.deadband > 0 or spec.shape is Shape.NUMBER


@dataclass(frozen=True, slots=True)
class Keeping:
    """Points are packed after `hot_ms` and kept for `raw_days`, their hours for `hour_years`, days for ever.

    `analog_days` and `health_days`, if they are given, take the place of `raw_days` for tags of that worth.
    """

    hot_ms: int = 6 * HOUR_MS
    raw_days: int = 60
    hour_years: int = 5
    analog_days: int | None = None
    health_days: int | None = None

    def days(self, of: Worth) -> int:
        """Say for how many days points are kept."""
        match of:
            case Worth.EVENT:
                return self.raw_days
            case Worth.ANALOG:
                return self.analog_days or self.raw_days
            case Worth.HEALTH:
                return self.health_days or self.raw_days

    def raw_since_ms(self, now_ms: int, of: Worth = Worth.EVENT) -> int:
        """Give the time before which points are no longer kept: the beginning of a day (UTC)."""
        return _day(now_ms) - self.days(of) * DAY_MS

    def hours_since_ms(self, now_ms: int) -> int:
        """Give the time before which only whole days are kept."""
        return _day(now_ms) - self.hour_years * YEAR_DAYS * DAY_MS

    def grid(self, since_ms: int, until_ms: int, pixels: int, now_ms: int, zone: tzinfo) -> Grid:
        """Cut a range no finer than what is kept of it, of whatever tag."""
        least_ms = HOUR_MS if until_ms - since_ms > LONG_MS else 1
        if since_ms < self.hours_since_ms(now_ms):
            least_ms = DAY_MS
        elif since_ms < max(self.raw_since_ms(now_ms, of) for of in Worth):
            least_ms = HOUR_MS
        return grid(since_ms, until_ms, pixels, day_starts_ms(since_ms, zone), least_ms)


def day_starts_ms(at_ms: int, zone: tzinfo) -> int:
    """Say how long after 00:00 UTC the zone's day begins, in whole hours."""
    offset = from_unix_ms(at_ms).astimezone(zone).utcoffset()
    hours = round(offset.total_seconds() / 3600) if offset is not None else 0
    return -hours * HOUR_MS % DAY_MS


def _day(at_ms: int) -> int:
    return at_ms // DAY_MS * DAY_MS
