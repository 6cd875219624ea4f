"""`docs/plc/lane.st` is the ladder's own program: scan by scan, both show the same image at the tag map's addresses."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from plc.registers import Kind
from plc.sim.image import image
from plc.sim.ladder import power_up, scan
from plc.sim.memory import Inputs, Memory, Retained, Settings
from tests.support.lane_st import LANE, SHOWN, TAGS, TEXT, WRITTEN, Plc, differences, set_as
from tests.support.plc import Bench
from tests.support.st import StError, parse
from tests.support.stories import SETTINGS, Order, Story, Teller, stories


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
