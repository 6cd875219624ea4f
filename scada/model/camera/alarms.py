"""When a camera's figures are an alarm: limits with hysteresis, and delays in both directions (ISA-18.2).

A lorry that parks before the camera, headlights at night or a heavy shower shall not raise one: each condition has to
stand for longer than those do. Between the two limits, and where a figure is not known, what stands goes on standing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from scada.model.camera.figures import SceneFigures
from scada.model.camera.reading import ReadFigures


class Code(Enum):
    """What may be wrong with a camera; the value is the alarm's code."""

    GONE = "camera_gone"
    BLOCKED = "camera_blocked"
    MOVED = "camera_moved"
    FOCUS = "camera_focus"
    DARK = "camera_dark"
    GLARE = "camera_glare"
    READ_RATE = "camera_read_rate"
    MISREADS = "camera_misreads"
    UNKEPT = "camera_unkept"


TEXTS: Mapping[Code, str] = {
    Code.GONE: "{camera} gives no fresh picture",
    Code.BLOCKED: "{camera} is covered or blocked",
    Code.MOVED: "{camera} does not look where it did",
    Code.FOCUS: "{camera} is out of focus or dirty",
    Code.DARK: "{camera} sees too little light",
    Code.GLARE: "{camera} is dazzled",
    Code.READ_RATE: "{camera} reads too few plates",
    Code.MISREADS: "{camera} reads too many plates wrongly",
    Code.UNKEPT: "the pictures of {camera} cannot be kept",
}


@dataclass(frozen=True, slots=True)
class Delay:
    """How long a condition has to stand before it is an alarm, and to be over before the alarm goes."""

    on_s: float
    off_s: float


DELAYS: Mapping[Code, Delay] = {
    Code.GONE: Delay(20, 10),
    Code.BLOCKED: Delay(180, 60),
    Code.MOVED: Delay(600, 60),
    Code.FOCUS: Delay(600, 120),
    Code.DARK: Delay(300, 60),
    Code.GLARE: Delay(300, 60),
    Code.READ_RATE: Delay(60, 60),
    Code.MISREADS: Delay(60, 60),
    Code.UNKEPT: Delay(0, 0),
}
LEAST_PASSAGES = 30
"""Of fewer passages no rate is an alarm."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Whether an alarm stands, and since when its condition has said otherwise."""

    active: bool = False
    since_s: float | None = None


Memories = Mapping[Code, Memory]


@dataclass(frozen=True, slots=True)
class Judged:
    """What stands after a look, and what has begun and ended by it."""

    memories: Memories
    raised: tuple[Code, ...]
    over: tuple[Code, ...]

    @property
    def standing(self) -> tuple[Code, ...]:
        """The alarms that stand."""
        return tuple(code for code, memory in self.memories.items() if memory.active)


def judge(memories: Memories, trouble: str, scene: SceneFigures, read: ReadFigures, now_s: float) -> Judged:
    """Look at a camera's figures: of a camera that gives no picture, the view says nothing."""
    levels = {**_levels(scene), **_reading(read), Code.GONE: bool(trouble), Code.UNKEPT: bool(scene.unkept)}
    if trouble:
        levels |= dict.fromkeys((Code.BLOCKED, Code.MOVED, Code.FOCUS, Code.DARK, Code.GLARE))
    after = {code: delayed(memories.get(code, Memory()), levels[code], DELAYS[code], now_s) for code in Code}
    turned = [code for code in Code if after[code].active != memories.get(code, Memory()).active]
    return Judged(
        after,
        tuple(code for code in turned if after[code].active),
        tuple(code for code in turned if not after[code].active),
    )


def delayed(memory: Memory, level: bool | None, delay: Delay, now_s: float) -> Memory:
    """Let a condition become an alarm, or an alarm end, once it has stood; what is neither begins the wait anew."""
    if level is None or level == memory.active:
        return replace(memory, since_s=None)
    since_s = now_s if memory.since_s is None else memory.since_s
    waited_s = delay.off_s if memory.active else delay.on_s
    return Memory(level) if now_s - since_s >= waited_s else replace(memory, since_s=since_s)


def beyond(value: float | None, on: float, off: float) -> bool | None:
    """Say whether a value is beyond `on`, or on the good side of `off`; None between the two, or unknown.

    With `on` above `off` high values are bad, else low ones.
    """
    if value is None:
        return None
    if on > off:
        return True if value > on else False if value <= off else None
    return True if value < on else False if value >= off else None


def _levels(scene: SceneFigures) -> dict[Code, bool | None]:
    blocked = beyond(scene.detail, 0.3, 0.5)
    moved = beyond(scene.view, 0.15, 0.3) if scene.shift is None else beyond(scene.shift, 0.03, 0.015)
    return {
        Code.BLOCKED: blocked,
        Code.MOVED: None if blocked else moved,
        Code.FOCUS: None if blocked else beyond(scene.focus, 0.5, 0.7),
        Code.DARK: beyond(scene.dark, 0.9, 0.8),
        Code.GLARE: beyond(scene.glare, 0.4, 0.25),
    }


def _reading(read: ReadFigures) -> dict[Code, bool | None]:
    if read.passages < LEAST_PASSAGES:
        return {Code.READ_RATE: None, Code.MISREADS: None}
    return {Code.READ_RATE: beyond(read.read_rate, 0.85, 0.9), Code.MISREADS: beyond(read.corrected, 0.05, 0.03)}
