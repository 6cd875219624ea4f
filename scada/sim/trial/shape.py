"""The shapes of a trial site: lanes, tag map and device table as shipped, exchanged, or one gate for both ways."""

from collections.abc import Sequence
from enum import Enum
from typing import cast
from urllib.parse import urlsplit

Section = dict[str, object]
Row = dict[str, str]

GATE = "gate1"


class Shape(Enum):
    """Which lanes a trial site has, and over which protocols."""

    SHIPPED = "as shipped"
    SWAPPED = "exchanged"
    """The first two lanes change their places in the tag map, and with them their PLCs and protocols."""
    GATE = "one gate for both ways"
    """On the PLC of the first lane, which has no other."""
    GATE_SWAPPED = "one gate for both ways, exchanged"
    """On the PLC of the second lane."""


def reshaped(
    shape: Shape, content: Section, tags: Sequence[Row], devices: Sequence[Row]
) -> tuple[Sequence[Row], Sequence[Row]]:
    """Give tag map and device table of a site of this shape; `content`, its configuration, is changed to fit."""
    lanes = [str(lane["name"]) for lane in cast("list[Section]", content["lanes"])]
    match shape:
        case Shape.SHIPPED:
            return tags, devices
        case Shape.SWAPPED:
            return _exchanged(tags, {lanes[0]: lanes[1], lanes[1]: lanes[0]}), devices
        case Shape.GATE | Shape.GATE_SWAPPED:
            own = _gate_rows(tags, lanes[shape is Shape.GATE_SWAPPED])
            device = own[0]["device"]
            _make_gate(content, device)
            return own, [row for row in devices if row["device"] == device]


def _exchanged(tags: Sequence[Row], other: dict[str, str]) -> list[Row]:
    rows = []
    for row in tags:
        lane, _, point = row["tag"].partition(".")
        rows.append({**row, "tag": f"{other.get(lane, lane)}.{point}"})
    return rows


def _gate_rows(tags: Sequence[Row], like: str) -> list[Row]:
    """Give the gate the tags of a lane, and what a PLC says besides where a lane works both ways."""
    own = _exchanged([row for row in tags if row["tag"].startswith(f"{like}.")], {like: GATE})
    phase = next(row for row in own if row["tag"] == f"{GATE}.passage.phase")
    node = phase["address"].replace("Passage.Phase", "Passage.Side")
    address = "HR46" if node == phase["address"] else node
    side = {"tag": f"{GATE}.passage.side", "address": address, "hi": "2", "description": "Side of the live passage"}
    return [*own, {**phase, **side, "description_zh": "过车方向"}]


def _make_gate(content: Section, device: str) -> None:
    """Have one lane, a camera for either side of it, and its PLC told that it works both ways."""
    first, like = cast("list[Section]", content["lanes"])[0], cast("list[Section]", content["cameras"])[0]
    names = {"name": GATE, "title": "1号闸口", "title_en": "Gate 1"}
    content["lanes"] = [{**first, **names, "direction": "both", "way_policy": "tidal"}]
    content["cameras"] = [_camera(like, way) for way in ("entry", "exit")]
    sim = cast("Section", content["sim"])
    sim["field_ports"] = {device: cast("dict[str, int]", sim["field_ports"])[device]}
    sim["plc"] = {GATE: {"two_way": True}}


def _camera(like: Section, way: str) -> Section:
    name = f"cam-{GATE}-{way}"
    source = urlsplit(str(like["source"]))._replace(path=f"/{name}.mjpg").geturl()
    return {**like, "name": name, "lane": GATE, "way": way, "source": source}
