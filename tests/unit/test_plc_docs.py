"""What `docs/plc/README.md` says of numbers, defaults and addresses is what the code holds."""

import re
from pathlib import Path

from plc.sim.memory import Settings
from plc.tagmap import read_map
from scada.model.handshake import LAYOUT, Mode, PassageOutcome
from tests.support.plc import SHIPPED
from tests.support.st import parse

DOCS = Path(__file__).parents[2] / "docs" / "plc"
PAGE = (DOCS / "README.md").read_text(encoding="utf-8")
LANE = parse((DOCS / "lane.st").read_text(encoding="utf-8"))


def rows(heading: str) -> list[list[str]]:
    """Give the cells of the first table below a heading, without its head."""
    body = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in body.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def in_ms(text: str) -> int:
    number, _, unit = text.partition(" ")
    return int(number) * (1000 if unit == "s" else 1)


def test_the_modes_stand_in_their_order_with_their_numbers() -> None:
    assert {name: int(number) for name, number, *_ in rows("Modes")} == {mode.name: mode.value for mode in Mode}
    assert [row[0] for row in rows("Modes")] == ["FIRE", "MAINTENANCE", "RESYNC", "LOCKED", "HOLD_OPEN", "AUTO"]


def test_every_outcome_is_explained() -> None:
    assert {row[0] for row in rows("How a passage ends")} == {one.name for one in PassageOutcome if one}


def test_the_default_settings_are_those_of_both_programs() -> None:
    env, plain = LANE.start(), Settings()
    for names, default, _ in rows("Settings and times"):
        for name in re.findall(r"`(\w+)`", names):
            value = default == "yes" if name.startswith("s_") else in_ms(default)
            assert env[name] == value, name
    ladder = {env[f"t_{name}"] for name in ("lost", "glitch", "gone", "clear", "pass", "tuneout_ms", "open_ms")}
    mine = (plain.server_lost_ms, plain.glitch_ms, plain.gone_ms, plain.clear_ms, plain.pass_ms, plain.tuneout_ms)
    assert ladder == {*mine, plain.open_ms}


def test_the_new_registers_are_where_the_page_says() -> None:
    at = {str(tag.name): tag.address for tag in read_map(SHIPPED / "tags.csv", SHIPPED / "devices.csv").on("plc1")}
    for names, first in (("count.tail", 36), ("count.glitch", 38), ("time.open_ms", 40), ("mode.wanted", 1035)):
        place = at[f"in1.{names}"]
        assert getattr(place, "start", None) == first
    assert f"Layout {LAYOUT}" in PAGE
