"""What the product wrote down in the virtual car park, and what its people named: all that the verdict may rest on."""

from collections import Counter
from dataclasses import dataclass, field

from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.names import LaneName, PassageId


@dataclass(frozen=True, slots=True)
class PassageRow:
    """`RecordPassage`."""

    lane: LaneName
    id: PassageId
    number: int
    at_ms: int
    outcome: PassageOutcome
    note: str
    plate: str | None


@dataclass(frozen=True, slots=True)
class RiseRow:
    """`RecordRise`."""

    lane: LaneName
    at_ms: int
    count: int
    cause: RiseCause
    passage: PassageId | None
    number: int


@dataclass(frozen=True, slots=True)
class Leave:
    """An OPEN that went out: for which passage, by whom, and on which stay."""

    lane: LaneName
    at_ms: int
    number: int
    passage: PassageId
    stay: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Period:
    """Something was out of order for a while, by its name; `lane` None: the whole site."""

    kind: str
    lane: LaneName | None
    from_ms: int
    until_ms: int


@dataclass(slots=True)
class Books:
    """Rows in the order of writing."""

    passages: list[PassageRow] = field(default_factory=list)
    rises: list[RiseRow] = field(default_factory=list)
    leaves: list[Leave] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    alarms: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    """How often people and parts did what: paid, corrected, released, restarted and so on."""
