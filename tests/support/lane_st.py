"""`docs/plc/lane.st` wired as the ladder is, and compared with it at the addresses of the tag map."""

from dataclasses import fields
from pathlib import Path

from plc.map.addresses import Area
from plc.plan import Point
from plc.registers import Kind
from plc.sim.image import image
from plc.sim.memory import Inputs, Memory, Retained, Settings
from plc.tagmap import read_map
from scada.model.tag import Value, point_of
from tests.support.st import Env, parse

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "plc" / "lane.st").read_text(encoding="utf-8")
LANE = parse(TEXT)
WRITTEN = 1024
"""The first register that the server writes: %MW0."""
TAGS = [tag for tag in read_map(ROOT / "plc/sim/tags.csv", ROOT / "plc/sim/devices.csv").tags if tag.lane == "in1"]
SHOWN = [(point_of(tag.name), tag.point) for tag in TAGS if tag.is_read]
CONTACTS = [one.name for one in fields(Inputs) if one.type is bool]
WORDS = [LANE.at(f"%MW{number}") for number in range(12)]


def set_as(options: Settings) -> Env:
    """Name the ladder's settings as the program does."""
    return {
        "s_closing_fitted": options.closing_fitted,
        "s_raise_lost": options.raise_when_lost,
        "s_two_way": options.two_way,
        "t_lost": options.server_lost_ms,
        "t_glitch": options.glitch_ms,
        "t_gone": options.gone_ms,
        "t_clear": options.clear_ms,
        "t_pass": options.pass_ms,
        "t_tuneout_ms": options.tuneout_ms,
        "t_open_ms": options.open_ms,
        "t_close_ms": options.close_ms,
    }


def kept_as(kept: Retained) -> Env:
    """Name what the ladder kept over a power cut as the program does."""
    return {
        "r_boot": kept.boot,
        "r_count": kept.passages,
        "r_seq": kept.seq,
        "r_open": kept.opened,
        "r_pass": kept.passed,
        "r_reverse": kept.backed,
        "r_tail": kept.tailed,
        "r_reopen": kept.reopened,
        "r_glitch": kept.glitches,
        "r_rise": kept.rises,
        "r_asked": kept.asked,
        "r_fire": kept.fire,
        "r_pos": kept.position_ms // 10,
    }


class Plc:
    """The program in Structured Text, wired as the ladder is."""

    def __init__(self, options: Settings, kept: Retained | None = None) -> None:
        self._options = options
        self.env = LANE.start(kept_as(kept or Retained()), set_as(options))

    def restart(self) -> None:
        """Cut the power: only what is retained is left."""
        self.env = LANE.start(self.env, set_as(self._options))

    def scan(self, inputs: Inputs) -> None:
        """Wire it and run it once."""
        for name in CONTACTS:
            self.env[f"x_{name}"] = getattr(inputs, name)
        words = (inputs.heartbeat, inputs.claim_wanted, *inputs.command, inputs.mode_wanted)
        self.env.update(zip(WORDS, words, strict=True))
        LANE.scan(self.env)


def places_of(point: Point) -> tuple[str, ...]:
    """Name the program's variables at a tag's address."""
    place = point.place
    if place.area is Area.COIL:
        return (LANE.at(f"%QX{place.start // 8}.{place.start % 8}"),)
    return tuple(LANE.at(f"%QW{at}") for at in range(place.start, place.start + point.size))


PLACES = [(name, point, places_of(point)) for name, point in SHOWN]


def held(env: Env, point: Point, places: tuple[str, ...]) -> int:
    """Read a tag's address as a Modbus master would: high word first."""
    if len(places) == 2:
        return env[places[0]] * 65536 + env[places[1]]
    return (env[places[0]] >> (point.place.bit or 0)) & 1 if point.kind is Kind.BOOL else int(env[places[0]])


def differences(plc: Plc, memory: Memory) -> dict[str, tuple[Value, int]]:
    """Name every tag that the two show differently: the ladder's value, and what the text holds there."""
    shown = image(memory)
    found: dict[str, tuple[Value, int]] = {}
    for name, point, places in PLACES:
        value, text = shown[name], held(plc.env, point, places)
        assert isinstance(value, int | float)
        if text != (value if isinstance(value, int) and point.scaling.scale == 1 else round(point.scaling.raw(value))):
            found[name] = (value, text)
    if plc.env["i_side"] != shown["passage.side"]:
        found["passage.side"] = (shown["passage.side"], int(plc.env["i_side"]))
    return found
