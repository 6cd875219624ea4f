"""What each period outside AUTO cost (`lanes.md` §8, paths U and V): cars counted out, fees lost, cars uncounted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scada.model.ghosts import Ghost, Inside, Seen, propose
from scada.model.handshake import Mode
from scada.reports.stories import THROUGH
from scada.store.modes import ModePeriod

MODES = tuple(mode.name for mode in (Mode.HOLD_OPEN, Mode.FIRE, Mode.LOCKED, Mode.MAINTENANCE))
FAULT = "F_"
"""Before the name of a barrier's fault, where it stands beside the names of modes."""
OPEN = frozenset({Mode.HOLD_OPEN.name, Mode.FIRE.name})
"""In these whoever comes goes through."""


@dataclass(frozen=True, slots=True)
class Left:
    """A stay that ended through an open lane; `lost_fen` is what it still owed: waived, or arrears."""

    stay: str
    plate: str
    passage: str
    lost_fen: int


@dataclass(frozen=True, slots=True)
class Books:
    """What the periods of some days are reckoned from, each in the order of time.

    `at_gates` are the passages that began or ended a stay, `doubts` the entries of the UNCERTAIN list that are still
    open by their passage, `inside` the stays still open, `now` the newest moment on record.
    """

    periods: Sequence[ModePeriod]
    passages: Sequence[Seen]
    left: Sequence[Left]
    at_gates: frozenset[str]
    doubts: Mapping[str, int]
    inside: Sequence[Inside]
    now: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One period: who left by it, how many went through without a plate, and out without ending a stay."""

    period: ModePeriod
    lasted: timedelta
    left: tuple[Left, ...]
    without_plate: int
    uncounted: tuple[Seen, ...]
    ghosts: tuple[Ghost, ...]
    doubts: tuple[int, ...]

    @property
    def lost_fen(self) -> int:
        """The fees still owed by those who left: the lost revenue of the period."""
        return sum(one.lost_fen for one in self.left)

    @property
    def asks_stocktake(self) -> bool:
        """Say whether somebody has to look who is inside: after every fire, and where cars went out uncounted."""
        period = self.period
        if period.ended_at is None or period.mode not in OPEN:
            return False
        return period.mode == Mode.FIRE.name or bool(self.uncounted)


def reckon(books: Books, ways_out: frozenset[str], long: timedelta) -> Sequence[Told]:
    """Tell every period; a car counts in one of them, and a stay is proposed after one of them."""
    by_lane: defaultdict[str, list[ModePeriod]] = defaultdict(list)
    for period in books.periods:
        by_lane[period.lane].append(period)
    of = {one.id: found.id for one in books.passages if (found := _period_of(one, by_lane[one.lane])) is not None}
    through: defaultdict[int, list[Seen]] = defaultdict(list)
    for one in books.passages:
        if one.id in of and one.outcome in THROUGH:
            through[of[one.id]].append(one)
    proposed: set[str] = set()
    told: list[Told] = []
    for period in books.periods:
        went = through[period.id]
        uncounted = tuple(one for one in went if one.lane in ways_out and one.id not in books.at_gates)
        ghosts = _ghosts(period, uncounted, books, proposed, long)
        proposed.update(ghost.stay.id for ghost in ghosts)
        told.append(
            Told(
                period=period,
                lasted=(period.ended_at or books.now) - period.began_at,
                left=tuple(one for one in books.left if of.get(one.passage) == period.id),
                without_plate=sum(one.plate is None for one in went),
                uncounted=uncounted,
                ghosts=ghosts,
                doubts=tuple(books.doubts[one.id] for one in uncounted if one.id in books.doubts),
            )
        )
    return told


def _period_of(passage: Seen, periods: Sequence[ModePeriod]) -> ModePeriod | None:
    """Give the period in which a car went through: the last one of these of its lane that was on while it did."""
    on = [
        period
        for period in periods
        if period.began_at <= passage.ended_at and (period.ended_at is None or passage.began_at < period.ended_at)
    ]
    return on[-1] if on else None


def _ghosts(
    period: ModePeriod, uncounted: Sequence[Seen], books: Books, proposed: set[str], long: timedelta
) -> tuple[Ghost, ...]:
    """Propose whose stays to close once the lane is guarded again."""
    ended = period.ended_at
    if ended is None or period.mode not in OPEN or not uncounted:
        return ()
    later = {mark for one in books.passages if one.began_at >= ended for mark in (one.plate, one.stay) if mark}
    inside = [
        stay
        for stay in books.inside
        if stay.entered_at < ended and stay.id not in proposed and not later & {stay.id, stay.plate}
    ]
    return propose(inside, uncounted, books.now - long)
