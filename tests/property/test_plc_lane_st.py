"""`docs/plc/lane.st` is the ladder's own program: scan by scan, both show the same image at the tag map's addresses."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from plc.map.addresses import Area
from plc.plan import Point
from plc.registers import Kind
from plc.sim.image import image
from plc.sim.ladder import power_up, scan
from plc.sim.memory import Inputs, Memory, Retained, Settings
from plc.tagmap import read_map
from scada.model.tag import Value, point_of
from tests.support.plc import SHIPPED, Bench
from tests.support.st import Env, StError, parse
from tests.support.stories import SETTINGS, Order, Story, Teller, stories

TEXT = (Path(__file__).parents[2] / "docs" / "plc" / "lane.st").read_text(encoding="utf-8")
LANE = parse(TEXT)
WRITTEN = 1024
"""The first register that the server writes: %MW0."""
TAGS = [tag for tag in read_map(SHIPPED / "tags.csv", SHIPPED / "devices.csv").tags if tag.lane == "in1"]
SHOWN = [(point_of(tag.name), tag.point) for tag in TAGS if tag.is_read]
CONTACTS = [one.name for one in fields(Inputs) if one.type is bool]
WORDS = [LANE.at(f"%MW{number}") for number in range(12)]


def set_as(options: Settings) -> Env:
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


class Plc:
    """The program in Structured Text, wired as the ladder is."""

    def __init__(self, options: Settings) -> None:
        self._options = options
        self.env = LANE.start(None, set_as(options))

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


def run_beside(plc: Plc, memory: Memory, inputs: Inputs, scans: int, beats: bool) -> tuple[Memory, Inputs]:
    """Scan both; they must show the same after every scan."""
    for _ in range(scans):
        inputs = replace(inputs, heartbeat=(inputs.heartbeat + beats) % 65536)
        memory = scan(memory, inputs, 10)
        plc.scan(inputs)
        assert differences(plc, memory) == {}
    return memory, inputs


class Beside(Teller):
    """A story told from the first power-up on, so that both programs have lived through all of it."""

    def __init__(self, story: Story, options: Settings) -> None:
        super().__init__(story)
        self.plc = Plc(options)
        memory, inputs = power_up(Retained(), options), Inputs()
        memory, inputs = run_beside(self.plc, memory, inputs, 120, beats=True)
        self.told(*run_beside(self.plc, memory, replace(inputs, claim_wanted=4711), 2, beats=True))

    def run(self) -> None:
        """Play the whole story on both."""
        for stretch in self:
            self.told(*run_beside(self.plc, self.memory, stretch.inputs, stretch.ms // 10, stretch.beats))
            if stretch.cut:
                self.cut()
                self.plc.restart()


@settings(max_examples=15)
@given(stories)
def test_the_structured_text_decides_as_the_ladder_does(story: Story) -> None:
    Beside(story, SETTINGS[story[0] % len(SETTINGS)]).run()


@pytest.mark.parametrize("options", SETTINGS)
def test_a_passage_from_claim_to_clear_is_the_same_in_both(options: Settings) -> None:
    plc, bench = Plc(options), Bench(memory=power_up(Retained(), options))

    def play(scans: int, **changes: object) -> None:
        bench.inputs = replace(bench.inputs, **changes)  # type: ignore[arg-type]
        bench.memory, bench.inputs = run_beside(plc, bench.memory, bench.inputs, scans, beats=True)

    play(120)
    play(10, claim_wanted=9)
    play(10, approach=True)
    play(120, command=Order(1, 1, 0, 0).words(bench.memory))
    for contact, on in (("safety", True), ("closing", True), ("approach", False), ("safety", False)):
        play(40, **{contact: on})
    play(300, closing=False)
    assert (bench.memory.retained.passed, bench.memory.down, plc.env["r_pass"]) == (1, True, 1)


def test_every_address_that_the_tag_map_uses_is_one_of_the_program() -> None:
    for tag in TAGS:
        if not tag.is_read:
            size = 9 if tag.kind is Kind.COMMAND else 1
            for at in range(tag.point.place.start, tag.point.place.start + size):
                assert LANE.at(f"%MW{at - WRITTEN}").startswith("c_")
    assert {name for name, _ in SHOWN} == set(image(power_up(Retained()))) - {"passage.side"}


def test_the_shipped_defaults_are_the_ladders() -> None:
    env = LANE.start()
    assert {name: env[name] for name in set_as(Settings())} == set_as(Settings())


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        ("trip := 1;", "trip := TRUE;", "a BOOL is no UINT"),
        ("now := follower;", "now := r_asked;", "a UINT is no UDINT"),
        ("IF up OR i_mode = 5", "IF up OR i_mode", "BOOL OR UINT"),
        ("staying := NOT down;", "stayed := NOT down;", "stayed is not declared"),
    ],
)
def test_a_mistake_in_the_text_is_found_as_a_compiler_would(right: str, wrong: str, why: str) -> None:
    assert right in TEXT
    with pytest.raises(StError, match=why):
        parse(TEXT.replace(right, wrong, 1))
