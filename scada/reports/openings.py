"""Openings = causes = commands = passages = stays, per lane and hour, with every difference named."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from scada.reports.differences import Item, Link, differences, moment_of
from scada.reports.stories import NO_CAUSE, Facts, Stories

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
        sums: Counter[str] = Counter()
        for item in self.items:
            if item.link is link:
                sums[item.name] += item.change
        return dict(sums)

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


def reckon(facts: Facts, zone: tzinfo, since: datetime, until: datetime) -> Sequence[Row]:
    """Make the table from `since` to before `until`; the facts should reach somewhat further on both sides."""
    sheet = _Sheet(zone)
    sheet.fill(Stories(facts))
    return [row for row in sheet.rows() if since <= row.hour < until]


class _Sheet:
    """The rows while they are filled."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._last = self._end = datetime.min.replace(tzinfo=UTC)
        self._rows: dict[tuple[datetime, str], Row] = {}

    def rows(self) -> list[Row]:
        """Give the rows by hour and lane."""
        return [self._rows[place] for place in sorted(self._rows)]

    def fill(self, stories: Stories) -> None:
        """Count everything where it belongs."""
        self._openings(stories)
        self._commands(stories)
        for passage in stories.facts.passages:
            row = self._row(passage.lane, passage.ended_at)
            row.outcomes[passage.outcome] += 1
            if passage.note:
                row.notes[passage.note] += 1
            row.through += passage.through
        for change in stories.facts.changes:
            row = self._row(change.lane, moment_of(change, stories.passage(change.passage)))
            row.begun += change.ending is None
            if change.ending:
                row.endings[change.ending] += 1
        for item in differences(stories, self._hour):
            self._row(item.lane, item.at).items.append(item)

    def _openings(self, stories: Stories) -> None:
        """Count openings by the PLC's counter, also those that are not on record, and causes by the record."""
        for rise in stories.facts.rises:
            self._row(rise.lane, rise.at).causes[rise.cause] += 1
        before: dict[str, int] = {}
        for rise in stories.rises:
            last = before.get(rise.lane)
            before[rise.lane] = rise.count
            missed = rise.count - last - 1 if last is not None and rise.count > last else 0
            self._row(rise.lane, rise.at).openings += 1 + missed

    def _commands(self, stories: Stories) -> None:
        """Count a command that was taken where its boom rose."""
        for command, rise in stories.answered:
            self._row(command.lane, command.at if rise is None else rise.at).commands += 1

    def _row(self, lane: str, at: datetime) -> Row:
        place = self._hour(at), lane
        row = self._rows.get(place)
        if row is None:
            row = self._rows[place] = Row(*place)
        return row

    def _hour(self, at: datetime) -> datetime:
        """Give the hour of a moment: mostly that of the one before, since all comes in the order of time."""
        if not self._last <= at < self._end:
            self._last = hour_of(at, self._zone)
            self._end = self._last + timedelta(hours=1)
        return self._last


def hour_of(at: datetime, zone: tzinfo) -> datetime:
    """Give the beginning of an hour of the site's clock, as a moment: every hour of every day is apart."""
    return _hour_of_quarter(int(at.timestamp() // _QUARTER_S), zone)


@lru_cache(65536)
def _hour_of_quarter(quarter: int, zone: tzinfo) -> datetime:
    """Reckon it once for all that happens within a quarter: every zone's hours begin with one."""
    at = datetime.fromtimestamp(quarter * _QUARTER_S, UTC)
    return at - timedelta(minutes=at.astimezone(zone).minute)
