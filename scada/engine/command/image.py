"""What the tags say of a lane: its image for the lane machine, and its side of the handshake."""

from collections.abc import Callable
from enum import IntEnum
from typing import TypeVar

from scada.engine.tags import TagTable
from scada.model.handshake import Mode, PassageOutcome, PlcImage, RiseCause
from scada.model.lane.image import DARK, OFF, LaneImage, Signal
from scada.model.names import LaneName
from scada.model.tag import Quality, TagName

OUTER, INNER = 1, 2
"""`passage.side`: from which side of a two-way lane the live passage began."""
HEARTBEAT_LOST_S = 3.0
"""A heartbeat of the PLC that stands still this long is a PLC that stands still, whatever is read."""

_OUT_OF_REACH = (Quality.NOT_CONNECTED, Quality.STALE, Quality.COMMUNICATION)
_SIGNALS = ("loop.approach", "loop.safety", "gate.up", "gate.down", "gate.close_permit", "beam", "gate.attached")
_NEEDED = ("loop.approach", "loop.safety", "gate.up", "gate.down", "gate.close_permit", "passage.now", "claim.now")
HANDSHAKE = ("ack.seq", "ack.result", "plc.tick", "plc.boot", "claim.now", "passage.now")
"""The points from which a command is judged."""
LANE_POINTS = (
    *_SIGNALS,
    "loop.approach_fault",
    "loop.safety_fault",
    "loop.closing",
    "gate.drive_fault",
    "passage.side",
    "mode.now",
    "claim.now",
    "passage.now",
    "passage.next",
    "passage.last",
    "passage.outcome",
    "rise.count",
    "rise.cause",
    "rise.passage",
)
"""The points whose change a lane must hear of; the PLC's clock and heartbeat move all the time."""

E = TypeVar("E", bound=IntEnum)


class _Blind(Exception):
    """Something that must be known is not."""


def lane_image(tags: TagTable, lane: LaneName, now_s: float, owns: Callable[[int], bool]) -> LaneImage:
    """Build a lane's image; `DARK` when the PLC is out of reach or its heartbeat stands still.

    `owns` says whether a claim is this server's. Points that a map may leave out have plain defaults.
    """
    reader = _Reader(tags, lane)
    if not _is_alive(reader, now_s):
        return DARK
    try:
        return _image(reader, owns)
    except _Blind:
        return DARK


def plc_image(tags: TagTable, lane: LaneName) -> PlcImage | None:
    """Give the PLC's side of the handshake; None unless all of it is good."""
    reader = _Reader(tags, lane)
    try:
        seq, result, tick, boot, claim, passage = (reader.number(point) for point in HANDSHAKE)
    except _Blind:
        return None
    return PlcImage(seq, result, tick, boot, claim, passage)


def _is_alive(reader: "_Reader", now_s: float) -> bool:
    if not all(reader.has(point) for point in (*_NEEDED, "hb.plc")):
        return False
    if any(reader.is_out_of_reach(point) for point in (*_SIGNALS, "hb.plc") if reader.has(point)):
        return False
    return now_s - reader.changed_s("hb.plc") < HEARTBEAT_LOST_S


def _image(reader: "_Reader", owns: Callable[[int], bool]) -> LaneImage:
    return LaneImage(
        approach=reader.loop("approach"),
        safety=reader.loop("safety"),
        up=reader.signal("gate.up"),
        down=reader.signal("gate.down"),
        close_permit=reader.signal("gate.close_permit"),
        mode=reader.word("mode.now", Mode, Mode.AUTO),
        passage_now=reader.number("passage.now"),
        passage_next=reader.number("passage.next", 0),
        passage_last=reader.number("passage.last", 0),
        outcome=reader.word("passage.outcome", PassageOutcome, PassageOutcome.NONE),
        rise_count=reader.number("rise.count", 0),
        rise_cause=reader.word("rise.cause", RiseCause, RiseCause.NONE),
        rise_passage=reader.number("rise.passage", 0),
        alive=True,
        claimed=owns(reader.number("claim.now")),
        beam=reader.signal("beam", OFF),
        attached=reader.signal("gate.attached", Signal(on=True)),
        closing=reader.signal("loop.closing", OFF),
        drive_fault=reader.signal("gate.drive_fault", OFF),
        inner_side=reader.number("passage.side", OUTER) == INNER,
    )


class _Reader:
    """Reads one lane's points from the table."""

    def __init__(self, tags: TagTable, lane: LaneName) -> None:
        self._tags = tags
        self._lane = lane

    def _name(self, point: str) -> TagName:
        return TagName(f"{self._lane}.{point}")

    def has(self, point: str) -> bool:
        return self._name(point) in self._tags

    def is_out_of_reach(self, point: str) -> bool:
        return self._tags.get(self._name(point)).quality in _OUT_OF_REACH

    def changed_s(self, point: str) -> float:
        return self._tags.changed_s(self._name(point))

    def signal(self, point: str, default: Signal | None = None) -> Signal:
        if default is not None and not self.has(point):
            return default
        seen = self._tags.get(self._name(point))
        return Signal(bool(seen.value), seen.quality)

    def loop(self, which: str) -> Signal:
        """Read a loop; its fault relay, where there is one, speaks for its quality."""
        own = self.signal(f"loop.{which}")
        fault = self.signal(f"loop.{which}_fault", OFF)
        return own if fault.is_off or not own.quality.is_good else Signal(own.on, Quality.FAULT)

    def number(self, point: str, default: int | None = None) -> int:
        if default is not None and not self.has(point):
            return default
        if not self.has(point):
            raise _Blind(point)
        seen = self._tags.get(self._name(point))
        if not seen.quality.is_good or not isinstance(seen.value, int):
            raise _Blind(point)
        return seen.value

    def word(self, point: str, words: type[E], default: E) -> E:
        number = self.number(point, int(default))
        try:
            return words(number)
        except ValueError as error:
            raise _Blind(point) from error
