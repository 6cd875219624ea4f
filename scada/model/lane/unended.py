"""Passages that a lane has let go and still owes an end: their way, their car or their stay is not yet sure."""

from dataclasses import dataclass

from scada.model.handshake import PassageOutcome
from scada.model.lane.words import Authorisation, Direction, Ending, Passage, Reason


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A passage under leave that left the safety loop while a car still stood on the approach loop (path B).

    The plate of that car says which way it went. `looks` counts the reads that said nothing.
    """

    passage: Passage
    leads: Direction
    leave: Authorisation
    until_s: float
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Late:
    """A passage that has ended, proven by loops, and whose car or stay is still being identified.

    `ending`: how its stay ends, at an exit. `reason` and `by` stand for the leave that it did not have, or are
    those of a leave that named no stay.
    `doubtful`: it may be another car than the one of the stay that its plate leads to, which is not ended then.
    """

    passage: Passage
    leads: Direction
    outcome: PassageOutcome
    ending: Ending
    reason: Reason
    by: str
    until_s: float
    doubtful: bool = False

    @property
    def under_leave(self) -> bool:
        """Somebody let this car out, before its stay was known."""
        return self.ending is Ending.EXIT


@dataclass(frozen=True, slots=True)
class Begun:
    """The entry passage that has just begun a stay: it is annulled if the same car reverses out again."""

    passage: Passage
    until_s: float
