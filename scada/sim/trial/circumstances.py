"""What was the case at a lane when something happened: a boom held up or broken off, a server that was down.

A car may lawfully go through without a leave of its own then; the product must have it on record all the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scada.model.handshake import RiseCause
from scada.sim.trial.truth import Row, Truth

OPENERS = frozenset(
    (
        RiseCause.HOLD_OPEN,
        RiseCause.FIRE,
        RiseCause.MAINTENANCE,
        RiseCause.BUTTON,
        RiseCause.HANDSET,
        RiseCause.POWER_FAIL,
        RiseCause.UNKNOWN,
    )
)
"""A boom that rose for one of these is up for whoever comes."""
HELD_UP = frozenset(("safety", "beam", "safety_fault", "detached", "lifted", "jammed", "mains_lost", "fire", "key"))
"""A loop or contact that is wrong like this keeps the boom up, or off."""
WATCHERS = frozenset(("plant", "plc1", "ua1"))
AFTERMATH_S = 15.0
"""So long after a process is back, something may still belong to its absence."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The truth, asked about a moment (monotonic seconds)."""

    truth: Truth

    def is_open(self, lane: object, at_s: float) -> bool:
        """Say whether a lane's boom was lawfully up for everybody, or off."""
        return self._rose_for_all(lane, at_s) or self.is_held(lane, at_s)

    def is_held(self, lane: object, at_s: float) -> bool:
        """Say whether something was wrong at the barrier that keeps the boom from lowering."""
        row = _last(_of(self.truth.field, lane), at_s)
        return row is not None and bool(HELD_UP & {*_words(row, "on"), *_words(row, "stuck"), *_words(row, "blind")})

    def is_unwatched(self, at_s: float) -> bool:
        """Say whether a process that watches the lanes was down, or only just back."""
        return any(begin <= at_s <= end + AFTERMATH_S for begin, end in self._absences())

    def _rose_for_all(self, lane: object, at_s: float) -> bool:
        row = _last(_of(self.truth.rises, lane), at_s)
        return row is not None and row["cause"] in OPENERS

    def _absences(self) -> Iterator[tuple[float, float]]:
        began: dict[object, float] = {}
        for row in self.truth.cables:
            if row["part"] not in WATCHERS:
                continue
            if row["what"] == "killed":
                began.setdefault(row["part"], seconds(row["at_s"]))
            elif row["part"] in began:
                yield began.pop(row["part"]), seconds(row["at_s"])
        yield from ((since_s, float("inf")) for since_s in began.values())


def seconds(value: object) -> float:
    """Read seconds; what is none lies beyond all time."""
    return float(value) if isinstance(value, int | float) else float("inf")


def _of(rows: Sequence[Row], lane: object) -> Iterator[Row]:
    return (row for row in rows if row["lane"] == lane)


def _last(rows: Iterable[Row], at_s: float) -> Row | None:
    return next((row for row in reversed(list(rows)) if seconds(row["at_s"]) <= at_s), None)


def _words(row: Row, name: str) -> list[str]:
    words = row[name]
    return [str(word) for word in words] if isinstance(words, list) else []
