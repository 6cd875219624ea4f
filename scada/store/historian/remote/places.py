"""Where on a server each class of history goes, and for how long it is kept there.

A place is a bucket, a database or `database/policy`, as the server has them. Servers keep all of a place for as long:
what is to be kept differently needs places of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from scada.model.tag import TagName, TagSpec
from scada.settings.stores import Influx
from scada.store.historian.keeping import YEAR_DAYS, Keeping, Worth, worth_of
from scada.store.historian.remote.lines import HEALTH, ROLLUP, measurement, series_of

FOR_EVER = 0
"""What a server tells that deletes nothing."""
LONGEST_DAYS = 36_500
"""So long a server that is left alone is taken to keep its points."""


class Share(Enum):
    """A class of history: for how long its lines are worth keeping."""

    EVENTS = "events"
    ANALOG = "analog"
    HEALTH = "health"
    HOURS = "hours"


CALLED = {
    Share.EVENTS: "events",
    Share.ANALOG: "analog values",
    Share.HEALTH: "figures of devices",
    Share.HOURS: "hours",
}
_SHARES = {Worth.EVENT: Share.EVENTS, Worth.ANALOG: Share.ANALOG, Worth.HEALTH: Share.HEALTH}


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the server, whose history goes there, and the days to tell the server; None leaves it alone."""

    bucket: str
    shares: tuple[Share, ...]
    days: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """For how many days a class is to be kept, where, and for how many the server keeps it; None: it does not say."""

    share: Share
    bucket: str
    wanted: int
    days: int | None

    @property
    def is_short(self) -> bool:
        """Say whether the server deletes what is still to be kept."""
        return self.days is not None and self.days != FOR_EVER and self.days < self.wanted

    def __str__(self) -> str:
        told = "does not say for how long" if self.days is None else f"keeps {_days(self.days)}"
        return f"{CALLED[self.share]}: {self.bucket} {told}, {_days(self.wanted)} are wanted"


def bucket_of(settings: Influx, share: Share) -> str:
    """Give the place of a class."""
    own = settings.classes
    named = None if own is None else {"analog": own.analog, "health": own.health, "hours": own.hours}.get(share.value)
    return named or settings.bucket


def places(settings: Influx, keeping: Keeping) -> tuple[Place, ...]:
    """Give every place once; the longest of its classes is what it has to keep."""
    shares: dict[str, list[Share]] = {}
    for share in Share:
        shares.setdefault(bucket_of(settings, share), []).append(share)
    return tuple(Place(bucket, tuple(of), _told(settings, keeping, of)) for bucket, of in shares.items())


def wanted_days(keeping: Keeping, share: Share) -> int:
    """Say for how many days a class is to be kept."""
    if share is Share.HOURS:
        return keeping.hour_years * YEAR_DAYS
    return next(keeping.days(worth) for worth, of in _SHARES.items() if of is share)


def kept(of: Iterable[Place], keeping: Keeping, told: Mapping[str, int | None]) -> list[Kept]:
    """Hold what the server told against what is wanted, class by class."""
    return [
        Kept(share, place.bucket, wanted_days(keeping, share), told.get(place.bucket))
        for place in of
        for share in place.shares
    ]


def kept_there(settings: Influx, keeping: Keeping) -> Keeping:
    """Say how long points stay on the server, as far as it is this site that tells it."""
    if settings.classes is not None and settings.classes.keep:
        return keeping
    days = settings.keep_days or LONGEST_DAYS
    return replace(keeping, raw_days=days, analog_days=None, health_days=None)


def days_told(settings: Influx, keeping: Keeping, specs: Iterable[TagSpec]) -> Callable[[TagName], int | None]:
    """Give a way to say for how many days the server was told to keep a tag's points; None if it was not told."""
    worth, days = worth_of(specs), {share: one.days for one in places(settings, keeping) for share in one.shares}
    return lambda name: days[_SHARES[worth(name)]]


def marked_place(settings: Influx) -> str:
    """Name the server and the places there to which the marks of hours belong."""
    return f"{settings.url} {settings.bucket} {bucket_of(settings, Share.HOURS)}"


def raw_buckets(settings: Influx, name: TagName) -> Sequence[str]:
    """Give every place where points of a tag may be: a tag may have become analog since, or be no more."""
    if measurement(name) == HEALTH:
        return (bucket_of(settings, Share.HEALTH),)
    return tuple(dict.fromkeys(bucket_of(settings, share) for share in (Share.EVENTS, Share.ANALOG)))


def sorter(settings: Influx, specs: Iterable[TagSpec]) -> Callable[[str], str]:
    """Give a way to tell the place of each line."""
    if settings.classes is None:
        return lambda _line: settings.bucket
    worth, known = worth_of(specs), dict[str, str]()

    def bucket(line: str) -> str:
        head = line.partition(" ")[0]
        if head not in known:
            found = series_of(line)
            if found is None or head.endswith("\\"):
                return _of_line(settings, worth, line)
            known[head] = _of_line(settings, worth, line)
        return known[head]

    return bucket


def _of_line(settings: Influx, worth: Callable[[TagName], Worth], line: str) -> str:
    found = series_of(line)
    if found is None:
        return settings.bucket
    return bucket_of(settings, Share.HOURS if found[0] == ROLLUP else _SHARES[worth(found[1])])


def _told(settings: Influx, keeping: Keeping, shares: Iterable[Share]) -> int | None:
    if settings.classes is None:
        return settings.keep_days
    return max(wanted_days(keeping, share) for share in shares) if settings.classes.keep else None


def _days(days: int) -> str:
    return "for ever" if days == FOR_EVER else f"{days} days"
