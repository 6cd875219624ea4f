"""What `docs/plc` says of numbers, defaults and addresses is what the code holds, and its examples can be used."""

import re
from pathlib import Path

from plc.sim.memory import Settings
from plc.tagmap import lint, read_map
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


def test_the_example_of_formulas_can_be_copied_as_it_stands(tmp_path: Path) -> None:
    page = (DOCS / "tags.md").read_text(encoding="utf-8")
    example = page.split("## Derived tags", 1)[1].split("```")[1].lstrip()
    head, *formulas = example.splitlines()
    heads = f"tag,device,address,{head.removeprefix('tag,')}"
    lines = [f"{name},,,{rest}" for name, _, rest in (line.partition(",") for line in formulas)]
    inputs = ["cabinet.door,plc1,HR17.0,bool", "count.open,plc1,HR18,u32", "count.pass,plc1,HR20,u32"]
    file = tmp_path / "tags.csv"
    file.write_text("\n".join([heads, *(f"in1.{one}" for one in inputs), *lines]), encoding="utf-8")
    assert lint(file, SHIPPED / "devices.csv") == []
