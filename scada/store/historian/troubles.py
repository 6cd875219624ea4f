"""What is wrong with the way of points from memory to disk, for every store alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scada.model.recording import DISK, LOST
from scada.store.historian.committer import Committer

RECENT_S = 3600.0
"""So long after the last loss the alarm about it stands."""


@dataclass(slots=True)
class Growing:
    """A count that only grows, and when it last did."""

    count: int = 0
    at_s: float = 0.0

    def grew_lately(self, count: int, now_s: float) -> bool:
        """Take the count as it is now; say whether it has grown within the hour."""
        if count > self.count:
            self.count, self.at_s = count, now_s
        return count > 0 and now_s - self.at_s < RECENT_S


def memory_troubles(committer: Committer[Any], losses: Growing, now_s: float) -> Mapping[str, str]:
    """Say whether the disk takes what is in memory, and whether any of it was lost."""
    troubles: dict[str, str] = {}
    if committer.failing:
        troubles[DISK] = committer.failing
    if losses.grew_lately(committer.dropped, now_s):
        troubles[LOST] = f"{committer.dropped} points since start"
    return troubles
