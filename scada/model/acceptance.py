"""The sheet by which a lane is accepted (`operations.md` §4): what must be looked at, and what the system saw of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that must be seen: its key, what is looked at, and how."""

    key: str
    title: str
    how: str


ITEMS: Final = (
    Item(
        "safety_loop",
        "The safety loop holds as long as a car stands on it",
        "a car stands there for ten minutes; the loop stays on all the time",
    ),
    Item("limits", "Both limit switches are wired", "the boom goes up and down; each end is seen, never both"),
    Item("fire", "Fire test", "the fire signal is given: the boom rises and stays up; the lane shows FIRE"),
    Item(
        "power_cut",
        "Power-cut test",
        "mains off: the boom opens or can be lifted; then the lane asks for RESYNC",
    ),
    Item("handsets", "Handset inventory", "each handset and button that moves the boom is listed, and the PLC sees it"),
    Item("footway", "A sign for people on foot, and a footway beside the lane", "look"),
    Item("stripes", "Warning stripes on the boom", "look"),
    Item(
        "motorcycle",
        "A motorcycle across the gap between the loops",
        "it drives through slowly; the boom does not come down on it",
    ),
)
KEYS: Final = tuple(item.key for item in ITEMS)
ANSWERS: Final = ("passed", "failed", "none")
"""`none`: the lane has no such thing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the two found of one item."""

    key: str
    answer: str
    note: str


def why_not_signed(answers: Mapping[str, Answer]) -> str:
    """Say why a sheet cannot be signed; empty if it can."""
    missing = [item.title for item in ITEMS if item.key not in answers]
    if missing:
        return f"not answered: {missing[0]}"
    unexplained = next((one for one in answers.values() if one.answer != "passed" and not one.note), None)
    return "what is not passed needs a note" if unexplained is not None else ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the system saw of a lane: the longest time on the safety loop, both ends of the boom, rises by cause."""

    safety_on_s: float | None
    ups: int
    downs: int
    fires: int
    restarts: int
    rises: Mapping[str, int]


def facts(seen: Seen) -> Mapping[str, Mapping[str, float]]:
    """Say by item what was measured."""
    by_hand = {cause: seen.rises.get(cause, 0) for cause in ("BUTTON", "HANDSET")}
    return {
        "safety_loop": {} if seen.safety_on_s is None else {"longest time on, s": round(seen.safety_on_s, 1)},
        "limits": {"times seen up": seen.ups, "times seen down": seen.downs},
        "fire": {"times in FIRE": seen.fires, "rises by FIRE": seen.rises.get("FIRE", 0)},
        "power_cut": {"restarts of the PLC": seen.restarts, "rises by POWER_FAIL": seen.rises.get("POWER_FAIL", 0)},
        "handsets": {f"rises by {cause}": count for cause, count in by_hand.items()},
    }
