"""A lane that is stepped from event to event is the same lane as one that is scanned every 10 ms."""

from dataclasses import replace

from hypothesis import given

from plc.sim.image import image
from plc.sim.ladder import quiet_ms, scan
from plc.sim.memory import Inputs, Memory
from tests.support.plc import Bench, ready_bench
from tests.support.stories import Story, Stretch, Teller, stories

SCAN_MS = 10
HOUR_MS = 3_600_000


def beaten(inputs: Inputs, scans: int) -> Inputs:
    """Move the heartbeat on by so many scans."""
    return replace(inputs, heartbeat=(inputs.heartbeat + scans) % 65536)


def stepped(memory: Memory, stretch: Stretch) -> tuple[Memory, Inputs]:
    inputs = stretch.inputs
    for _ in range(stretch.ms // SCAN_MS):
        inputs = beaten(inputs, int(stretch.beats))
        memory = scan(memory, inputs, SCAN_MS)
    return memory, inputs


def leapt(memory: Memory, stretch: Stretch) -> tuple[Memory, int]:
    """Leap as far as nothing happens; say how many scans it took."""
    inputs, left_ms, scans = stretch.inputs, stretch.ms, 0
    while left_ms:
        ms = min(quiet_ms(memory, beaten(inputs, int(stretch.beats))), left_ms)
        inputs = beaten(inputs, stretch.beats * ms // SCAN_MS)
        memory = scan(memory, inputs, ms)
        left_ms, scans = left_ms - ms, scans + 1
    return memory, scans


@given(stories)
def test_leaping_from_event_to_event_equals_scanning_every_10_ms(story: Story) -> None:
    teller = Teller(story)
    for stretch in teller:
        memory, inputs = stepped(teller.memory, stretch)
        again, _ = leapt(teller.memory, stretch)
        assert again == memory
        assert image(again) == image(memory)
        teller.told(memory, inputs)
        if stretch.cut:
            teller.cut()


def test_an_empty_lane_with_a_living_server_is_quiet_for_hours() -> None:
    bench = ready_bench()
    bench.run(5000)
    beating = beaten(bench.inputs, 1)
    assert quiet_ms(bench.memory, beating) > HOUR_MS
    assert quiet_ms(bench.memory, bench.inputs) < 3000, "a heartbeat that stands still is an event to come"


def test_a_whole_passage_takes_a_few_dozen_scans() -> None:
    bench = ready_bench()
    moves = [
        ({"approach": True}, 3000),
        ({"safety": True}, 1000),
        ({"approach": False}, 900),
        ({"safety": False}, 5000),
    ]
    total = 0
    for at, (contacts, ms) in enumerate(moves):
        bench.wire(**contacts)
        if at == 0:
            bench.send(bench.block())
        bench.memory, scans = leapt(bench.memory, Stretch(bench.inputs, ms, beats=True))
        total += scans
    assert (bench.memory.down, bench.memory.retained.passed) == (True, 1)
    assert total < 40


def test_a_change_is_never_leapt_over() -> None:
    bench: Bench = ready_bench()
    bench.run(5000)
    assert quiet_ms(bench.memory, replace(bench.inputs, approach=True)) == SCAN_MS
