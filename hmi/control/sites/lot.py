"""One car park as the wall shows it, made of its tags alone. Pure: what may not be believed is None, never a zero."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypedDict

from hmi.control.live import Change, Snapshot

GOOD: Final = frozenset({0, 0x00960000})
"""OPC UA's Good, and Good by a person's forcing."""
STALE_S: Final = 2.0
AUTO: Final = 1
_CALLS: Final = "calling"

Tags = Mapping[str, object]


class Cases(TypedDict):
    """What waits for a person."""

    open: int | None
    unanswered: int | None
    oldest_s: float | None


class Money(TypedDict):
    """What was taken since midnight of the site's clock."""

    fen: int | None
    payments: int | None


class Lane(TypedDict):
    """A lane in one word: idle, busy, person, fault, mode or unknown."""

    name: str
    title: str
    title_en: str
    direction: str
    word: str


class Zone(TypedDict):
    """A zone's count, and by how much it may be wrong."""

    name: str
    cars: int | None
    free: int | None
    drift: int | None


class Lot(TypedDict):
    """One card of the wall. `link`: live, stale, away or never; what stands beside anything but live is old."""

    name: str
    link: str
    why: str
    silent_s: float | None
    at: str | None
    lanes: list[Lane]
    words: dict[str, int]
    cases: Cases
    alarms: list[int | None]
    sounding: int | None
    inside: int | None
    zones: list[Zone]
    money: Money | None


def lot_of(name: str, told: Snapshot, silent_s: float | None, why: str) -> Lot:
    """Make the card of a car park of what was last told."""
    tags = believed(told["tags"])
    site = told["site"] or {}
    lanes = [lane_of(lane, tags) for lane in _maps(site.get("lanes"))]
    words: dict[str, int] = {}
    for lane in lanes:
        words[lane["word"]] = words.get(lane["word"], 0) + 1
    return Lot(
        name=name,
        link=link_of(told, silent_s),
        why=why,
        silent_s=None if silent_s is None else round(silent_s, 1),
        at=told["at"],
        lanes=lanes,
        words=words,
        cases=_cases(tags, told["at"]),
        alarms=[_whole(tags, f"site.alarms_p{priority}") for priority in range(1, 5)],
        sounding=_whole(tags, "site.alarms_sounding"),
        inside=_whole(tags, "site.stays_open"),
        zones=_zones(tags),
        money=Money(fen=_whole(tags, "site.today_fen"), payments=_whole(tags, "site.today_payments")),
    )


def without_money(lot: Lot) -> Lot:
    """Leave the money out, for whose role does not see it."""
    return {**lot, "money": None}


def link_of(told: Snapshot, silent_s: float | None) -> str:
    """Say how a plant is heard: a link that stands and says nothing is not live."""
    if silent_s is None:
        return "never"
    if not told["up"]:
        return "away"
    return "live" if silent_s <= STALE_S else "stale"


def lane_of(lane: Mapping[str, object], tags: Tags) -> Lane:
    """Say in one word what a lane does; what calls for a person comes first."""
    name = str(lane.get("name", ""))
    return Lane(
        name=name,
        title=str(lane.get("title", name)),
        title_en=str(lane.get("title_en", name)),
        direction=str(lane.get("direction", "")),
        word=word_of(tags.get(f"{name}.lane.state"), tags.get(f"{name}.mode.now"), tags.get(f"{name}.help.state")),
    )


def word_of(state: object, mode: object, call: object) -> str:
    """Give the word. A lane whose state or mode is not to be believed is unknown, not idle."""
    if call == _CALLS or state == "awaiting_operator":
        return "person"
    if state == "faulted":
        return "fault"
    if not isinstance(state, str) or not isinstance(mode, int):
        return "unknown"
    if mode != AUTO:
        return "mode"
    return "idle" if state == "idle" else "busy"


def believed(rows: Sequence[Change]) -> dict[str, object]:
    """Give the values that may be believed, by name."""
    return {str(name): value for name, value, status, *_ in rows if _status(status) in GOOD}


def _status(status: object) -> int:
    return status & 0xFFFF0000 if isinstance(status, int) else -1


def _cases(tags: Tags, at: str | None) -> Cases:
    oldest = tags.get("site.cases_oldest")
    since, now = _time(oldest), _time(at)
    age = None if since is None or now is None else max(0.0, round((now - since).total_seconds()))
    return Cases(open=_whole(tags, "site.cases_open"), unanswered=_whole(tags, "site.cases_unanswered"), oldest_s=age)


def _zones(tags: Tags) -> list[Zone]:
    names = [tag[5:-5] for tag in tags if tag.startswith("zone.") and tag.endswith(".cars")]
    return [
        Zone(
            name=name,
            cars=_whole(tags, f"zone.{name}.cars"),
            free=_whole(tags, f"zone.{name}.free"),
            drift=_whole(tags, f"zone.{name}.drift"),
        )
        for name in sorted(names)
    ]


def _whole(tags: Tags, name: str) -> int | None:
    value = tags.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) and text else None
    except ValueError:
        return None


def _maps(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
