"""How the recording of history does: figures that become tags, and troubles that become alarms."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SERVER = "history_server"
REFUSED = "history_refused"
DISK = "history_disk"
ROOM = "history_room"
EVENTS = "history_events"
LOST = "history_lost"
DEAD = "history_dead"
RETENTION = "history_retention"
TEXTS: Mapping[str, str] = {
    SERVER: "the history server does not take what is sent; it waits on disk",
    REFUSED: "the history server refuses everything: token, right or bucket are wrong; it waits on disk",
    DISK: "the disk takes no history; it waits in memory",
    ROOM: "the queue for the history server is full: its oldest analog values are thinned",
    EVENTS: "events alone fill the queue for the history server; none is given up",
    LOST: "history was lost: memory was full while the disk took nothing",
    DEAD: "the history server refused lines for good; they wait for a person",
    RETENTION: "the history server does not keep history as long as is configured",
}
"""What each trouble is called on the alarm."""


@dataclass(frozen=True, slots=True)
class HistoryFigures:
    """How it does now. `troubles` has a detail for each code of `TEXTS` that holds; counts are since start."""

    memory: int = 0
    queue_lines: int = 0
    queue_bytes: int = 0
    queue_age_s: float = 0.0
    lost: int = 0
    thinned: int = 0
    dead: int = 0
    send_errors: int = 0
    troubles: Mapping[str, str] = field(default_factory=dict)
