"""What happened at the lanes, written as the books have it: for the openings' report without a database."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from scada.reports.openings import hour_of
from scada.reports.plain import Changes, Columns, Commands, Parted, Passages, Rises, Times, part
from scada.reports.stories import Facts


def books_of(facts: Facts, zone: tzinfo) -> Columns:
    """Write everything down as columns."""
    rises = _columns(6, [(one.lane, one.number, one.count, one.cause, one.at, one.passage) for one in facts.rises])
    passages = [
        (one.lane, one.number, one.id, one.outcome, one.note, one.began_at, one.ended_at, one.picture)
        for one in facts.passages
    ]
    return Columns(
        Rises(*rises),
        Commands(*_columns(4, facts.commands)),
        Passages(*_columns(8, passages)),
        Changes(*_columns(4, facts.changes)),
        Times(lambda moments: [hour_of(at, zone) for at in moments]),
    )


def parted(facts: Facts, zone: tzinfo) -> Parted:
    """Part what happened, and keep the pictures."""
    found = part(books_of(facts, zone))
    pictures = {(one.lane, one.count): one.picture for one in facts.rises}
    rises = [replace(one, picture=pictures[one.lane, one.count]) for one in found.facts.rises]
    return replace(found, facts=replace(found.facts, rises=rises))


def _columns(width: int, rows: Sequence[tuple[Any, ...]]) -> Iterable[Sequence[Any]]:
    return zip(*rows, strict=True) if rows else [()] * width
