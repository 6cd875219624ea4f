"""A PLC that is stepped from event to event does what it does when it is scanned every 10 ms."""

from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from plc.sim.ladder import power_up, scan
from plc.sim.memory import Inputs, Memory, Retained
from scada.model.handshake import CommandCode, Mode
from scada.sim.virtual.agenda import Agenda
from scada.sim.virtual.cabinet import SCAN_MS, Cabinet
from scada.sim.virtual.carpark import BEGAN_AT

BEATS = frozenset({"heard", "silent_ms", "inputs"})
"""A living server is thought of as beating all the time; when exactly differs."""
contacts = st.sampled_from(
    [*("approach", "safety") * 6, *("beam", "key", "lifted", "jammed", "button", "mains_lost", "fire", "safety_fault")]
)
changes = st.one_of(
    st.tuples(contacts, st.booleans()),
    st.tuples(st.just("mode_wanted"), st.sampled_from([int(Mode.AUTO), int(Mode.HOLD_OPEN), int(Mode.LOCKED)])),
    st.tuples(st.just("open"), st.booleans()),
    st.tuples(st.just("serving"), st.booleans()),
)
stories = st.lists(st.tuples(changes, st.integers(1, 120) | st.sampled_from([98, 99, 100, 101, 210, 510])), max_size=25)


class Twins:
    """The same PLC twice: once in a cabinet, once scanned every 10 ms."""

    def __init__(self) -> None:
        self.agenda = Agenda(BEGAN_AT)
        self.cabinet = Cabinet(self.agenda)
        self.plain = power_up(Retained())
        self._inputs = Inputs()
        self._serving = False
        self._seq = 0
        self._scanned_ms = 0
        self._serve(on=True)
        self.put(claim_wanted=77)
        self.wait(2000)

    def _serve(self, *, on: bool) -> None:
        self.cabinet.serve(on=on)
        if self._serving and not on:
            self._scan()
        self._serving = on

    def put(self, **changed: object) -> None:
        self.cabinet.wire(**changed)
        self._inputs = _with(self._inputs, **changed)
        self._scan()

    def change(self, name: str, value: int) -> None:
        match name:
            case "serving":
                self._serve(on=bool(value))
            case "open":
                self._open()
            case _:
                self.put(**{name: value})

    def _open(self) -> None:
        self._seq += 1
        memory = self.plain
        claim, now, tick = memory.claim, memory.now, memory.tick
        check = (claim + 3 + 7 * now + 11 * 2000 + 13 * tick + 19 * self._seq) % 65536
        self.put(command=(claim, int(CommandCode.OPEN), 0, now, 2000, tick, check, 0, self._seq))

    def wait(self, ms: int) -> None:
        self.agenda.run_until(self.agenda.now_ms + ms)
        self.cabinet.catch_up()
        while self._scanned_ms < self.agenda.now_ms:
            self._scan()

    def _scan(self) -> None:
        if self._serving:
            self._inputs = _with(self._inputs, heartbeat=(self._inputs.heartbeat + 1) % 65536)
        self.plain = scan(self.plain, self._inputs, SCAN_MS)
        self._scanned_ms += SCAN_MS


def _with(inputs: Inputs, **changed: object) -> Inputs:
    kept = {one.name: getattr(inputs, one.name) for one in fields(Inputs)}
    return Inputs(**{**kept, **changed})


def _seen(memory: Memory) -> dict[str, object]:
    return {one.name: getattr(memory, one.name) for one in fields(Memory) if one.name not in BEATS}


@given(stories)
@settings(max_examples=80, deadline=None)
def test_a_plc_stepped_from_event_to_event_does_what_one_scanned_every_10_ms_does(
    story: list[tuple[tuple[str, int], int]],
) -> None:
    twins = Twins()
    for (name, value), wait in story:
        twins.change(name, value)
        twins.wait(wait * SCAN_MS)
        assert _seen(twins.cabinet.memory) == _seen(twins.plain)
