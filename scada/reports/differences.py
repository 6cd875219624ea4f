"""What makes openings, causes, commands, passages and stays differ: each difference has a name (`lanes.md` §3).

An item that nothing explains is marked so; the target is none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from scada.reports.stories import BY_HAND, HOLDING, NO_CAUSE, Opened, Passed, Rise, StayChange, Stories

HourOf = Callable[[datetime], datetime]


class Link(Enum):
    """The two counts that an item stands between."""

    CAUSES = "openings to causes"
    COMMANDS = "authorised openings to commands"
    PASSAGES = "openings to passages"
    STAYS = "passages to stays"


@dataclass(frozen=True, slots=True)
class Item:
    """One difference: `change` is what it adds to the left count to make the right one."""

    lane: str
    at: datetime
    link: Link
    name: str
    change: int
    unexplained: bool = False
    count: int | None = None
    number: int | None = None
    passage: str | None = None
    picture: str | None = None


def differences(stories: Stories, hour_of: HourOf) -> Iterator[Item]:
    """Name every difference; `hour_of` says which hour of the site a moment belongs to."""
    yield from _causes(stories)
    yield from _commands(stories)
    apart = _in_another_hour(stories, hour_of)
    yield from _openings(stories, apart)
    yield from _passages(stories, apart)
    yield from _stays(stories)


def _causes(stories: Stories) -> Iterator[Item]:
    """Compare the PLC's counter with the causes on record: one record each, with a cause."""
    for rise in stories.facts.rises:
        if rise.missed:
            yield _rose(stories, rise, Link.CAUSES, "NOT_ON_RECORD", -rise.missed, unexplained=True)
        if rise.before is not None and rise.count < rise.before:
            yield _rose(stories, rise, Link.CAUSES, "COUNTER_SET_BACK", 0, unexplained=True)
        if rise.before == rise.count:
            yield _rose(stories, rise, Link.CAUSES, "ON_RECORD_TWICE", 1, unexplained=True)
        if rise.cause in NO_CAUSE:
            yield _rose(stories, rise, Link.CAUSES, "UNKNOWN", -1, unexplained=True)


def _commands(stories: Stories) -> Iterator[Item]:
    """Compare the openings that the PLC calls authorised with the commands it took."""
    doubtful = {(one.lane, one.number) for one in stories.facts.commands if one.state in ("UNKNOWN", "OPEN")}
    commanded = {(one.lane, one.number) for one, _ in stories.answered}
    answers = {id(rise) for _, rise in stories.answered if rise is not None}
    for rise in stories.rises:
        key = rise.lane, rise.number
        if rise.cause != "AUTHORISED" or id(rise) in answers:
            continue
        if key in doubtful:
            yield _rose(stories, rise, Link.COMMANDS, "COMMAND_UNKNOWN", -1)
        else:
            name = "ROSE_AGAIN" if key in commanded else "NO_COMMAND"
            yield _rose(stories, rise, Link.COMMANDS, name, -1, unexplained=True)
    for rise in stories.twice:
        if rise.cause == "AUTHORISED":
            yield _rose(stories, rise, Link.COMMANDS, "ON_RECORD_TWICE", -1)
    yield from (_without_rise(stories, command) for command, rise in stories.answered if rise is None)


def _without_rise(stories: Stories, command: Opened) -> Item:
    """Say why a command that was taken made no boom rise: it was up already, or the car did not wait for it."""
    passage = stories.numbered(command.lane, command.number)
    name, unexplained = "NO_RISE", True
    if passage is None and stories.is_under_way(command.lane, command.number):
        name, unexplained = "UNDER_WAY", False
    elif passage is not None and not passage.through:
        name, unexplained = passage.outcome, False
    elif passage is not None and stories.rise_before(command.lane, passage.ended_at) is not None:
        name, unexplained = "ALREADY_UP", False
    of = passage.id if passage else None
    picture = passage.picture if passage else None
    return Item(command.lane, command.at, Link.COMMANDS, name, 1, unexplained, None, command.number, of, picture)


def _in_another_hour(stories: Stories, hour_of: HourOf) -> frozenset[str]:
    """Give the passages that ended in another hour than the boom rose in for them."""
    pairs = ((rise, stories.passage(of)) for of, rise in stories.paired.items())
    return frozenset(one.id for rise, one in pairs if one is not None and hour_of(rise.at) != hour_of(one.ended_at))


def _openings(stories: Stories, apart: frozenset[str]) -> Iterator[Item]:
    """Say of every rise that let nobody through why it did not, or that its car passed in another hour."""
    for rise in stories.rises:
        if rise.missed:
            yield _rose(stories, rise, Link.PASSAGES, "NOT_ON_RECORD", -rise.missed)
        passage = stories.passage_of(rise)
        if passage is None or stories.paired.get(passage.id) is not rise:
            name, unexplained = _let_nobody_through(stories, rise, passage)
            yield _rose(stories, rise, Link.PASSAGES, name, -1, unexplained=unexplained)
            continue
        if passage.id in apart:
            yield _rose(stories, rise, Link.PASSAGES, "NEXT_HOUR", -1)
        if rise.cause in BY_HAND:
            yield _rose(stories, rise, Link.PASSAGES, rise.cause, 0)


def _let_nobody_through(stories: Stories, rise: Rise, passage: Passed | None) -> tuple[str, bool]:
    if rise.cause in HOLDING or rise.cause == "REOPEN":
        return rise.cause, False
    if passage is not None:
        return ("ROSE_AGAIN" if passage.through else passage.outcome), False
    if rise.number and stories.is_under_way(rise.lane, rise.number):
        return "UNDER_WAY", False
    if rise.cause == "AUTHORISED":
        return "NO_PASSAGE", True
    return rise.cause, False


def _passages(stories: Stories, apart: frozenset[str]) -> Iterator[Item]:
    """Say of every vehicle that went through without a rise of its own why it could."""
    done = {(one.lane, one.number) for one in stories.facts.commands if one.state != "NOT_DONE"}
    for passage in stories.facts.passages:
        if not passage.through:
            continue
        rise = stories.paired.get(passage.id)
        if rise is None:
            name = _slipped(stories, passage, commanded=(passage.lane, passage.number) in done)
            yield _went(passage, Link.PASSAGES, name or "NO_OPENING", 1, unexplained=name is None)
        elif passage.id in apart:
            yield _went(passage, Link.PASSAGES, "HOUR_BEFORE", 1)


def _slipped(stories: Stories, passage: Passed, *, commanded: bool) -> str | None:
    """Say under whose rise a vehicle went through; None if the books do not say."""
    if commanded and stories.rise_before(passage.lane, passage.ended_at) is not None:
        return "ALREADY_UP"
    if (held := stories.holding(passage)) is not None:
        return held
    return "TAILGATE" if passage.outcome == "TAILGATE" else _note(passage)


def _note(passage: Passed) -> str | None:
    """Give what the lane itself noted of a passage that changed no stay; a car without a plate has a stay all right."""
    return passage.note if passage.note not in ("", "NO_PLATE") else None


def _stays(stories: Stories) -> Iterator[Item]:
    """Compare the vehicles that went through with the stays that began or ended with them."""
    changed: set[str] = set()
    for change in stories.facts.changes:
        passage = stories.passage(change.passage)
        if passage is not None and passage.through and passage.lane == change.lane and passage.id not in changed:
            changed.add(passage.id)
        else:
            yield _changed(change, passage)
    for passage in stories.facts.passages:
        if passage.through and passage.id not in changed:
            name = _without_stay(stories, passage)
            yield _went(passage, Link.STAYS, name or "NO_STAY_CHANGED", -1, unexplained=name is None)


def _changed(change: StayChange, passage: Passed | None) -> Item:
    """Say why a stay began or ended without a vehicle that went through: only endings of their own names may."""
    proven = change.ending in (None, "EXIT")
    name = "STAY_WITHOUT_PASSAGE" if proven else str(change.ending)
    at = moment_of(change, passage)
    number, picture = (passage.number, passage.picture) if passage else (None, None)
    return Item(change.lane, at, Link.STAYS, name, 1, proven, None, number, change.passage, picture)


def moment_of(change: StayChange, passage: Passed | None) -> datetime:
    """Give the moment at which a stay counts: that of its passage, if it went through this lane."""
    return change.at if passage is None or passage.lane != change.lane else passage.ended_at


def _without_stay(stories: Stories, passage: Passed) -> str | None:
    if (note := _note(passage)) is not None:
        return note
    if passage.outcome == "TAILGATE":
        return "TAILGATE"
    rise = stories.paired.get(passage.id)
    if rise is not None and rise.cause in BY_HAND:
        return rise.cause
    return stories.holding(passage) if rise is None else None


def _rose(stories: Stories, rise: Rise, link: Link, name: str, change: int, *, unexplained: bool = False) -> Item:
    passage = stories.passage_of(rise)
    of = passage.id if passage else None
    picture = rise.picture or (passage.picture if passage else None)
    return Item(rise.lane, rise.at, link, name, change, unexplained, rise.count, rise.number or None, of, picture)


def _went(passage: Passed, link: Link, name: str, change: int, *, unexplained: bool = False) -> Item:
    return Item(
        passage.lane,
        passage.ended_at,
        link,
        name,
        change,
        unexplained,
        None,
        passage.number,
        passage.id,
        passage.picture,
    )
