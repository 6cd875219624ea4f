"""What truly happened in the month, kept while it is made: every car and every fen, one by one."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Came:
    """A car came in (`ending` is empty), or its stay ended."""

    at: datetime
    lane: str
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """Money moved: `what` is fees, taken, vouchers, waived, arrears, recovered, written_off, given_back, cards."""

    at: datetime
    what: str
    fen: int
    channel: str = ""
    lane: str = ""
    kind: str = ""


@dataclass(slots=True)
class Truth:
    """Everything, in no order."""

    cars: list[Came] = field(default_factory=list)
    money: list[Moved] = field(default_factory=list)
    by_hand: list[tuple[datetime, str, str]] = field(default_factory=list)
    """Openings by people: when, for which reason, and the picture."""
    openings: int = 0

    def moved(self, key: Callable[[Moved], Key]) -> Counter[Key]:
        """Add money up by whatever is asked."""
        sums: Counter[Key] = Counter()
        for one in self.money:
            sums[key(one)] += one.fen
        return sums

    def counted(self, key: Callable[[Came], Key]) -> Counter[Key]:
        """Count cars by whatever is asked."""
        return Counter(key(one) for one in self.cars)
