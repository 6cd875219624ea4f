"""What is remembered of one alarm, and the name of the state that follows from it (`hmi.md` §3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple


class Moment(NamedTuple):
    """A moment: `at` by the calendar, for what people set a time to; `s` in monotonic seconds, for delays."""

    at: datetime
    s: float


class State(Enum):
    """The states, and the overlays under which an alarm is shown instead."""

    NORM = "NORM"
    UNACK = "UNACK"
    ACKED = "ACKED"
    RTNUN = "RTNUN"
    LTCH = "LTCH"
    SHLVD = "SHLVD"
    DSUPR = "DSUPR"
    OOSRV = "OOSRV"


class Priority(Enum):
    """How urgent: safety, lane stopped, revenue unguarded, degraded."""

    P1 = 1
    P2 = 2
    P3 = 3
    P4 = 4


@dataclass(frozen=True, slots=True)
class Shelf:
    """A person wants to hear no more of it until a time; a `one_shot` also ends when it has returned to normal."""

    until: datetime
    one_shot: bool = False


@dataclass(frozen=True, slots=True)
class Design:
    """How an alarm behaves. Times are in seconds.

    With `count`, the condition counts as true once it has come so often within `count_s`, or has stood for
    `on_delay_s`. What happens `once` has no end of its own: it stands until a person has acknowledged it.
    `re_alarm_s`: an acknowledged alarm that still stands calls again after so long, `re_alarm_most` times.
    """

    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    count: int = 0
    count_s: float = 10.0
    latching: bool = False
    auto_ack: bool = False
    once: bool = False
    re_alarm_s: float = 0.0
    re_alarm_most: int = 3
    shelve_most: timedelta = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Memory:
    """Two memories, `active` and `unacked`, a third one, `latched`, and three overlays that know nothing of another.

    `seen` is the condition as it was last known, `unknown` says that it is not known now. `waited_s` counts how long
    the condition has differed from `active`; it stands still while the condition is unknown. `rises` are the seconds
    at which the condition came. `acked_s` counts how long it has been acknowledged and stood.
    """

    active: bool = False
    unacked: bool = False
    latched: bool = False
    shelf: Shelf | None = None
    suppressed: bool = False
    out_of_service: bool = False
    seen: bool = False
    unknown: bool = False
    waited_s: float = 0.0
    rises: tuple[float, ...] = ()
    acked_s: float = 0.0
    re_alarms: int = 0
    looked_s: float | None = None

    @property
    def is_covered(self) -> bool:
        """Say whether an overlay keeps it from being announced (SuppressedOrShelved)."""
        return self.shelf is not None or self.suppressed or self.out_of_service

    @property
    def retain(self) -> bool:
        """Say whether it is of interest: it stands, or waits for a person."""
        return self.active or self.unacked or self.latched

    @property
    def state(self) -> State:
        """Name the state below any overlay."""
        match (self.active, self.unacked, self.latched):
            case (True, True, _):
                return State.UNACK
            case (True, False, _):
                return State.ACKED
            case (False, True, _):
                return State.RTNUN
            case (False, False, True):
                return State.LTCH
            case _:
                return State.NORM

    @property
    def shown(self) -> State:
        """Name what is shown: out of service before suppressed by design before shelved before the state."""
        if self.out_of_service:
            return State.OOSRV
        if self.suppressed:
            return State.DSUPR
        return self.state if self.shelf is None else State.SHLVD

    @property
    def is_announced(self) -> bool:
        """Say whether it stands in the list of people: it blinks, is steady, or has its own look."""
        return self.retain and not self.is_covered

    @property
    def sounds(self) -> bool:
        """Say whether it blinks and sounds."""
        return not self.is_covered and self.state is State.UNACK
