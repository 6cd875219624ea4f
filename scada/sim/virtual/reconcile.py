"""Openings, causes, passages and stays, hour by hour and lane by lane: they are equal but for differences with a name.

Everything is told under the hour in which its passage was recorded, so that an hour's figures are about the same cars.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.lane.words import Ending
from scada.model.names import LaneName
from scada.sim.virtual.books import PassageRow
from scada.sim.virtual.carpark import CarPark
from scada.sim.virtual.cast import HOUR_MS
from scada.sim.virtual.post import Post

COLUMNS = ("rises", "causes", "openings", "completed", "stays")


@dataclass(slots=True)
class HourRow:
    """One lane in one hour. `apart`: what keeps the columns from being equal, by name."""

    lane: LaneName
    hour: int
    rises: int = 0
    causes: int = 0
    openings: int = 0
    completed: int = 0
    stays: int = 0
    apart: Counter[str] = field(default_factory=Counter)

    @property
    def is_even(self) -> bool:
        """Say whether the named differences explain the whole difference between the columns."""
        apart = self.apart
        rises = self.openings + self._sum("rise: ") - apart["opening: boom up already"] - apart["opening: no rise"]
        opened = self.completed - self._sum("completed without a command") + self._sum("opening, then ")
        stays = self.completed - self._sum("completed: ") + self._sum("stay: ")
        return self.rises == self.causes and self.rises == rises and self.openings == opened and self.stays == stays

    def to_json(self) -> dict[str, object]:
        """Give the row as JSON values."""
        counted = {name: getattr(self, name) for name in COLUMNS}
        return {"lane": self.lane, "hour": self.hour, **counted, "apart": dict(+self.apart)}

    def _sum(self, prefix: str) -> int:
        return sum(count for name, count in self.apart.items() if name.startswith(prefix))


def reconcile(park: CarPark) -> list[HourRow]:
    """Give every lane's hours in which anything happened."""
    rows: dict[tuple[LaneName, int], HourRow] = {}
    for post in park.posts:
        for row in _Lane(park, post).hours():
            rows[(row.lane, row.hour)] = row
    return [rows[key] for key in sorted(rows)]


def total(rows: Sequence[HourRow]) -> dict[str, HourRow]:
    """Sum the hours of each lane."""
    sums: dict[str, HourRow] = {}
    for row in rows:
        one = sums.setdefault(row.lane, HourRow(row.lane, -1))
        for name in COLUMNS:
            setattr(one, name, getattr(one, name) + getattr(row, name))
        one.apart.update(row.apart)
    return sums


class _Lane:
    """One lane's books."""

    def __init__(self, park: CarPark, post: Post) -> None:
        self._name = post.name
        self._post = post
        self._hours: dict[int, HourRow] = {}
        self._passages: dict[int, PassageRow] = {
            row.number: row for row in park.books.passages if row.lane == post.name
        }
        self._opened = Counter(number for _, number, _ in post.cabinet.opened)
        self._causes = Counter(row.count for row in park.books.rises if row.lane == post.name)
        self._stays = {stay.passage: "" for stay in park.till.stays.values() if stay.lane == post.name}
        for stay in park.till.stays.values():
            if stay.exit_passage is not None:
                self._stays[stay.exit_passage] = "" if stay.ending is Ending.EXIT else str(stay.ending)

    def hours(self) -> Iterator[HourRow]:
        """Fill and give the hours."""
        self._count_rises()
        for passage in self._passages.values():
            self._count_passage(passage)
        yield from self._hours.values()

    def _hour(self, at_ms: int, number: int = 0) -> HourRow:
        passage = self._passages.get(number)
        hour = (passage.at_ms if passage is not None else at_ms) // HOUR_MS
        return self._hours.setdefault(hour, HourRow(self._name, hour))

    def _count_rises(self) -> None:
        risen: Counter[int] = Counter()
        for rise in self._post.cabinet.rises:
            ours = rise.cause is RiseCause.AUTHORISED
            row = self._hour(rise.at_ms, rise.passage if ours else 0)
            row.rises += 1
            row.causes += self._causes[rise.count]
            risen[rise.passage] += ours
            row.apart["rise: not for a car"] += not ours
        for at_ms, number, was_up in self._post.cabinet.opened:
            row = self._hour(at_ms, number)
            row.openings += 1
            if risen[number]:
                risen[number] -= 1
            else:
                row.apart["opening: boom up already" if was_up else "opening: no rise"] += 1
        for number, more in risen.items():
            if more:
                self._hour(0, number).apart["rise: again"] += more

    def _count_passage(self, passage: PassageRow) -> None:
        row = self._hour(passage.at_ms)
        opened = self._opened[passage.number]
        done = passage.outcome is PassageOutcome.FORWARD
        name = f"{passage.outcome.name} {passage.note}".strip()
        stay = self._stays.get(passage.id)
        row.completed += done
        row.stays += stay is not None
        extra = opened - done
        if extra < 0:
            row.apart["completed without a command"] += 1
        if extra > 0:
            row.apart[f"opening, then {name}" if not done else "opening, then opened again"] += extra
        if done and stay is None:
            row.apart[f"completed: {passage.note or 'its stay had ended before'}"] += 1
        if stay is not None and not done:
            row.apart[f"stay: {name}"] += 1
