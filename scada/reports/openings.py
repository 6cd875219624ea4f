"""Openings = causes = commands = passages = stays, per lane and hour, with every difference named."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from scada.reports.differences import Item, Link, differences
from scada.reports.plain import Columns, Parted, among
from scada.reports.stories import NO_CAUSE, THROUGH, Stories, missed

_QUARTER_S: Final = 900


@dataclass(slots=True)
class Row:
    """One lane in one hour. `outcomes` and `notes` of its passages; `through` are those that went the lane's way."""

    hour: datetime
    lane: str
    openings: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    commands: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    through: int = 0
    begun: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    items: list[Item] = field(default_factory=list)

    @property
    def unexplained(self) -> int:
        """How many differences nothing explains."""
        return sum(item.unexplained for item in self.items)

    def differences(self, link: Link) -> Mapping[str, int]:
        """Sum the changes of one link by name."""
        sums: dict[str, int] = {}
        for item in self.items:
            if item.link is link:
                sums[item.name] = sums.get(item.name, 0) + item.change
        return sums

    def balance(self) -> dict[Link, tuple[int, int]]:
        """Give, of each link, the left count with its differences and the right count: they are equal."""
        known = sum(times for cause, times in self.causes.items() if cause not in NO_CAUSE)
        sides = {
            Link.CAUSES: (self.openings, known),
            Link.COMMANDS: (self.causes["AUTHORISED"], self.commands),
            Link.PASSAGES: (self.openings, self.through),
            Link.STAYS: (self.through, self.begun + self.endings.total()),
        }
        return {link: (left + sum(self.differences(link).values()), right) for link, (left, right) in sides.items()}


def reckon(parted: Parted, zone: tzinfo, since: datetime, until: datetime) -> Sequence[Row]:
    """Make the table from `since` to before `until`; the books should reach somewhat further on both sides."""
    sheet = _Sheet(zone)
    sheet.count(parted)
    sheet.look(Stories(parted.facts))
    return [row for row in sheet.rows() if since <= row.hour < until]


class _Sheet:
    """The rows while they are filled."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._rows: dict[tuple[datetime, str], Row] = {}

    def rows(self) -> list[Row]:
        """Give the rows by hour and lane."""
        return [self._rows[place] for place in sorted(self._rows)]

    def count(self, parted: Parted) -> None:
        """Count everything where it belongs."""
        self._openings(parted.books)
        self._passages(parted)
        changes = zip(parted.books.changed, parted.books.changes.lane, parted.books.changes.ending, strict=True)
        for (hour, lane, ending), times in Counter(changes).items():
            row = self._row(hour, lane)
            if ending is None:
                row.begun += times
            else:
                row.endings[ending] += times

    def look(self, stories: Stories) -> None:
        """Count the commands of what is not plain, and say what differs."""
        for command, rise in stories.answered:
            self._row(self._hour(command.at if rise is None else rise.at), command.lane).commands += 1
        for item in differences(stories, self._hour):
            self._row(self._hour(item.at), item.lane).items.append(item)

    def _openings(self, books: Columns) -> None:
        """Count openings by the PLC's counter, also those that are not on record, and causes by the record."""
        rises = books.rises
        for (hour, lane, cause), times in Counter(zip(books.risen, rises.lane, rises.cause, strict=True)).items():
            row = self._row(hour, lane)
            row.causes[cause] += times
            row.openings += times
        for hour, lane, count, before in zip(books.risen, rises.lane, rises.counted, books.before, strict=True):
            if before == count:
                self._row(hour, lane).openings -= 1
            elif before is not None and count != before + 1:
                self._row(hour, lane).openings += missed(before, count)

    def _passages(self, parted: Parted) -> None:
        """Count what came of them; the command of a plain car was taken where its boom rose, in the same hour."""
        hours, passages = parted.books.passed, parted.books.passages
        for (hour, lane, outcome), times in Counter(zip(hours, passages.lane, passages.outcome, strict=True)).items():
            row = self._row(hour, lane)
            row.outcomes[outcome] += times
            row.through += times if outcome in THROUGH else 0
        for (hour, lane, note), times in Counter(zip(hours, passages.lane, passages.note, strict=True)).items():
            if note:
                self._row(hour, lane).notes[note] += times
        plain = among(zip(hours, passages.lane, strict=True), parted.books.numbers, parted.plain)
        for (hour, lane), times in Counter(plain).items():
            self._row(hour, lane).commands += times

    def _row(self, hour: datetime, lane: str) -> Row:
        place = hour, lane
        row = self._rows.get(place)
        if row is None:
            row = self._rows[place] = Row(*place)
        return row

    def _hour(self, at: datetime) -> datetime:
        return hour_of(at, self._zone)


def hour_of(at: datetime, zone: tzinfo) -> datetime:
    """Give the beginning of an hour of the site's clock, as a moment: every hour of every day is apart."""
    return _hour_of_quarter(int(at.timestamp() // _QUARTER_S), zone)


@lru_cache(65536)
def _hour_of_quarter(quarter: int, zone: tzinfo) -> datetime:
    """Reckon it once for all that happens within a quarter: every zone's hours begin with one."""
    at = datetime.fromtimestamp(quarter * _QUARTER_S, UTC)
    return at - timedelta(minutes=at.astimezone(zone).minute)
