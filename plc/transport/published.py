"""What a driver has told of its device: so that a lost link can be told of every tag, and a quiet one stays fresh.

It also watches the PLC's own heartbeats (`hb.plc` of each lane): values that are read well from a PLC that stands still
are not good, and a program that has just been downloaded looks exactly like that (`plc.md` §1).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import structlog

from plc.map.mapped import MappedTag
from scada.clock import Clock
from scada.model.tag import Quality, TagName, TagUpdate, Value, lane_of, point_of
from scada.ports import TagSink

HEARTBEAT = "hb.plc"
"""The point that a PLC moves every second, for as long as its program runs."""
STILL_S = 3.0
"""A heartbeat that has not moved for so long, while it was read, says that the PLC stands still."""

_name = itemgetter(0)
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Pulse:
    """One heartbeat: the value it showed last, and since when."""

    limit_s: float
    value: Value = None
    since_s: float = 0.0
    is_still: bool = False

    def judge(self, seen: TagUpdate, now_s: float) -> bool:
        """Look at the heartbeat; say whether it has just stopped or begun to move again."""
        if not seen.quality.is_good or seen.value != self.value:
            self.value, self.since_s = seen.value, now_s
        was_still = self.is_still
        self.is_still = now_s - self.since_s >= self.limit_s
        return self.is_still is not was_still


class Published:
    """The last update of each tag that a driver reads, and the way to the sink."""

    def __init__(self, tags: Iterable[MappedTag], sink: TagSink, clock: Clock) -> None:
        read = [tag for tag in tags if tag.is_read]
        self._sink, self._clock = sink, clock
        self._last = {tag.name: TagUpdate(tag.name, None, Quality.NOT_CONNECTED) for tag in read}
        self._pulses = {
            tag.name: _Pulse(max(STILL_S, 2.5 * tag.scan.period_s)) for tag in read if point_of(tag.name) == HEARTBEAT
        }
        self._still: frozenset[str] = frozenset()

    @property
    def is_still(self) -> bool:
        """Say whether a heartbeat of the PLC stands still."""
        return bool(self._still)

    def tell(self, updates: Sequence[TagUpdate], unchanged: Iterable[TagName] = ()) -> None:
        """Publish what was seen in one scan, in one call; of `unchanged` tags only the age begins anew."""
        self._last.update(zip(map(_name, updates), updates, strict=True))
        if unchanged:
            fresh = set(map(_name, updates))
            updates = [*updates, *(self._last[name] for name in unchanged if name not in fresh)]
        if self._pulses:
            updates = self._judged(updates)
        if updates:
            self._sink(updates)

    def bad(self, names: Iterable[TagName], quality: Quality) -> list[TagUpdate]:
        """Make updates that say these tags cannot be trusted now, and why; the values last known stay."""
        return [self._last[name]._replace(quality=quality, source_at=None) for name in names]

    def all_bad(self, quality: Quality) -> None:
        """Publish that nothing of the device can be trusted."""
        self.tell(self.bad(self._last, quality))

    def _judged(self, updates: Sequence[TagUpdate]) -> Sequence[TagUpdate]:
        """Look at the heartbeats; what a PLC says that stands still is bad, and all of it is told when it moves."""
        now_s = self._clock.seconds()
        turned = {lane_of(name) for name, pulse in self._pulses.items() if pulse.judge(self._last[name], now_s)}
        if turned:
            self._still = frozenset(lane_of(name) for name, pulse in self._pulses.items() if pulse.is_still)
            log.warning("plc heartbeats", still=sorted(self._still), moving=sorted(turned - self._still))
            others = (update for update in updates if lane_of(update.name) not in turned)
            updates = [*others, *(update for name, update in self._last.items() if lane_of(name) in turned)]
        if not self._still:
            return updates
        return [_doubted(update) if lane_of(update.name) in self._still else update for update in updates]


def _doubted(update: TagUpdate) -> TagUpdate:
    return update._replace(quality=Quality.COMMUNICATION) if update.quality.is_good else update
