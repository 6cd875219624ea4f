"""What an alarm is: what raises it, how urgent it is, what it says, and what a person shall do."""

from dataclasses import dataclass
from typing import NewType, assert_never

from scada.model.alarm.memory import Design, Priority
from scada.model.names import LaneName
from scada.model.tag import TagName

AlarmId = NewType("AlarmId", str)
"""Where it is and what: `in1.tailgate`, `plc1.communication`, `site.history_disk`."""


@dataclass(frozen=True, slots=True)
class Holds:
    """A formula over tags is true."""

    when: str


@dataclass(frozen=True, slots=True)
class Beyond:
    """A value, itself a formula, lies above (or below) a limit; it has to come back by `deadband` to be over."""

    value: str
    limit: float
    is_above: bool
    deadband: float = 0.0


@dataclass(frozen=True, slots=True)
class Counts:
    """A counter of the PLC went on: what is shorter than a scan is never missed. It wraps after `bits` bits."""

    tag: TagName
    bits: int = 32


@dataclass(frozen=True, slots=True)
class Told:
    """A row of kind `alarm` in the journal, written with the thing itself, told one of these codes (`*`: so begun).

    With `stands` it stands as long as that formula is true; without, until a person has acknowledged it.
    """

    codes: frozenset[str]
    stands: str = ""


Source = Holds | Beyond | Counts | Told


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in both languages; a text may name `{detail}`."""

    text: str
    text_zh: str
    consequence: str
    consequence_zh: str
    response: str
    response_zh: str


@dataclass(frozen=True, slots=True)
class Definition:
    """One alarm. `place` is the lane, device or camera it is about; empty for the whole site.

    `group`: alarms of which the first one counts (first-out). `parents`: while one of them stands, this one is
    suppressed by design; so it is while `suppress` (a formula) is true. `devices`: whose link what it looks at needs.
    """

    id: AlarmId
    code: str
    place: str
    lane: LaneName | None
    priority: Priority
    source: Source
    design: Design
    words: Words
    within_s: int
    link: str
    group: str = ""
    parents: tuple[AlarmId, ...] = ()
    suppress: str = ""
    audible: bool = True
    inputs: frozenset[TagName] = frozenset()


def beyond(source: Beyond, value: float, *, stands: bool) -> bool:
    """Say whether a value is beyond its limit; one that `stands` goes on until the value is back by the deadband."""
    if source.is_above:
        return value > source.limit - (source.deadband if stands else 0.0)
    return value < source.limit + (source.deadband if stands else 0.0)


def counted(before: int, now: int, bits: int) -> int:
    """Say how often a counter went on; one that went back was set anew with its PLC, and tells nothing."""
    went = (now - before) % (1 << bits)
    return went if went < 1 << (bits - 1) else 0


def cause(source: Source) -> str:
    """Say what raises an alarm, in the words of its definition."""
    match source:
        case Holds(when):
            return when
        case Beyond(value, limit, is_above, _):
            return f"{value} {'>' if is_above else '<'} {limit:g}"
        case Counts(tag):
            return f"{tag} + 1"
        case Told(codes):
            return ", ".join(sorted(codes))
        case never:
            assert_never(never)
