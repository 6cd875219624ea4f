"""What is kept of one alarm beside its definition: its memories, when and why it came, and what people did with it."""

from dataclasses import dataclass, field
from datetime import datetime

from scada.model.alarm.definition import AlarmId
from scada.model.alarm.memory import Memory
from scada.model.names import LaneName


@dataclass(frozen=True, slots=True)
class Kept:
    """One alarm as it is now, and as it survives a restart.

    `since` is when it was raised last, `repeats` how often it came since a person acknowledged it, `value` what raised
    it. `source_n` is the journal's row that told it last. `is_first`: the first of its group (first-out).
    """

    id: AlarmId
    code: str
    place: str
    lane: LaneName | None
    priority: int
    memory: Memory = field(default_factory=Memory)
    since: datetime | None = None
    changed_at: datetime | None = None
    repeats: int = 0
    value: str = ""
    detail: str = ""
    passage: str = ""
    is_first: bool = False
    acked_by: str = ""
    acked_at: datetime | None = None
    comment: str = ""
    comment_by: str = ""
    shelved_by: str = ""
    shelved_why: str = ""
    taken_out_by: str = ""
    work_order: str = ""
    source_n: int = 0


@dataclass(frozen=True, slots=True)
class Happening:
    """One change of one alarm: a row of the book of alarms, and (but for `is_told` already) one of the journal."""

    at: datetime
    alarm: AlarmId
    code: str
    lane: LaneName | None
    priority: int
    what: str
    state: str
    by: str = ""
    note: str = ""
    value: str = ""
    text: str = ""
    is_announced: bool = False
    is_told: bool = False
