"""Random stories of a lane: what changes in the field, what the server writes, how long, and when the power is cut."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from plc.registers import command_words
from plc.sim.ladder import power_up
from plc.sim.memory import Inputs, Memory, Settings
from scada.model.handshake import CommandBlock
from tests.support.plc import CLAIM, Bench, ready_bench

CARS = [("approach", True), ("approach", False), ("safety", True), ("safety", False), ("closing", True)]
_FIELD = ("beam", "closing", "approach_fault", "safety_fault", "fire", "fire_reset", "button", "handset", "key")
_BARRIER = ("jog_up", "jog_down", "detached", "drive_fault", "mains_lost", "door", "lifted", "jammed", "up_stuck")
FAULTS = [(name, on) for name in (*_FIELD, *_BARRIER) for on in (True, False)]
WISHES = [("mode_wanted", mode) for mode in (0, 1, 2, 3, 4)]
SERVER = [("silent", True), ("silent", False), ("claim_wanted", 1), ("claim_wanted", 2)]
SETTINGS = (
    Settings(),
    Settings(closing_fitted=True, raise_when_lost=True),
    Settings(two_way=True, tuneout_ms=3000, pass_ms=4000),
)


@dataclass(frozen=True, slots=True)
class Order:
    """A command beside what is right: seq beside the last answered, passage beside the live one, age in ticks."""

    code: int
    ahead: int
    shift: int
    late: int

    def words(self, memory: Memory) -> tuple[int, ...]:
        """Code it as the server would at this moment."""
        seq, tick = max(memory.retained.seq + self.ahead, 0), (memory.tick - self.late) % 65536
        claim = memory.claim or CLAIM
        passage = max(memory.now + self.shift, 0)
        return command_words(CommandBlock(claim, self.code, passage, 2000, tick, seq))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Happening:
    """One change, perhaps a command with it, the time that passes then, and whether the power is cut after it."""

    what: str
    value: int
    order: Order | None
    ms: int
    cut: bool


_OPEN = Order(1, 1, 0, 0)


def _chapter(*moves: tuple[str, bool, int], order: Order | None = None) -> list[Happening]:
    """Give the moves of one car, each with the ms that pass then; the order goes out with the first."""
    return [Happening(what, on, None if at else order, ms, cut=False) for at, (what, on, ms) in enumerate(moves)]


_CAR = (("approach", True, 1200), ("safety", True, 400), ("closing", True, 200), ("approach", False, 400))
_AWAY = (("safety", False, 50), ("closing", False, 1200))
_BACK = (("approach", True, 1200), ("safety", True, 400), ("safety", False, 200), ("approach", False, 6000))
_FROM_INSIDE = (("closing", True, 1200), ("safety", True, 400), ("approach", True, 200), ("closing", False, 400))
CHAPTERS = (
    _chapter(*_CAR, *_AWAY, order=_OPEN),
    _chapter(*_CAR, *_AWAY, order=_OPEN),
    _chapter(*_CAR, *_AWAY, ("beam", True, 400), ("beam", False, 1200), order=_OPEN),
    _chapter(*_CAR, *_AWAY),
    _chapter(*_CAR, ("closing", False, 10), ("approach", True, 400), *_AWAY, order=_OPEN),
    _chapter(*_CAR, ("beam", True, 6000), ("beam", False, 200), *_AWAY, order=_OPEN),
    _chapter(("approach", True, 1200), ("safety", True, 400), ("approach", False, 6000), *_AWAY, order=_OPEN),
    _chapter(*_BACK, order=_OPEN),
    _chapter(("approach", True, 200), ("approach", False, 6000), order=_OPEN),
    _chapter(*_FROM_INSIDE, ("safety", False, 50), ("approach", False, 1200), order=_OPEN),
    _chapter(("safety", True, 200), ("safety", False, 1200)),
    _chapter(("button", True, 1200), ("button", False, 50), *_CAR, *_AWAY),
    _chapter(("key", True, 10), ("jog_up", True, 1200), ("jog_up", False, 10), ("jog_down", True, 400)),
    _chapter(("jog_down", False, 10), ("key", False, 1200)),
    _chapter(("fire", True, 1200), ("fire", False, 10), ("fire_reset", True, 10), ("fire_reset", False, 1200)),
    _chapter(("jammed", True, 10), ("approach", True, 6000), ("jammed", False, 1200), order=_OPEN),
    _chapter(("mains_lost", True, 1200), ("mains_lost", False, 1200), ("claim_wanted", True, 1200)),
)
_changes = st.one_of(
    st.sampled_from(CARS), *[st.sampled_from(FAULTS)] * 3, st.sampled_from(WISHES), st.sampled_from(SERVER)
)
_orders = st.builds(
    Order, st.sampled_from([1, 2, 3, 9]), st.sampled_from([1, 0, -1, 3]), st.integers(-1, 1), st.sampled_from([0, 300])
)


@st.composite
def _pages(draw: st.DrawFn) -> list[Happening]:
    """Draw one thing that happens, of which a car driving its way is the commonest."""
    if draw(st.booleans()):
        return draw(st.sampled_from(CHAPTERS))
    what, value = draw(_changes)
    order = draw(st.one_of(st.none(), st.just(_OPEN), _orders))
    ms = draw(st.sampled_from([10, 50, 200, 400, 1200, 1200, 6000]))
    return [Happening(what, value, order, ms, cut=draw(st.integers(0, 14)) == 14)]


def _opened(settings: Settings) -> Bench:
    bench = ready_bench(settings)
    bench.arrive()
    bench.send(bench.block())
    bench.run(1100)
    return bench


def _passing(settings: Settings) -> Bench:
    bench = _opened(settings)
    bench.wire(safety=True)
    bench.wire(approach=False)
    return bench


STARTS = tuple(make(settings) for make in (ready_bench, _opened, _passing) for settings in SETTINGS)
Story = tuple[int, list[Happening]]
stories: st.SearchStrategy[Story] = st.tuples(
    st.integers(0, len(STARTS) - 1),
    st.lists(_pages(), min_size=3, max_size=10).map(lambda pages: [one for page in pages for one in page]),
)
"""Where it starts (empty, opened, passing; by settings), and what happens then."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Inputs that stay for so long; the heartbeat moves in every scan if `beats`. `cut`: then the power is cut."""

    inputs: Inputs
    ms: int
    beats: bool
    cut: bool = False


class Teller:
    """Tells a story stretch by stretch; it must be shown the memory after each, because the server answers to it."""

    def __init__(self, story: Story) -> None:
        start, self._happenings = story
        self.memory, self._inputs = STARTS[start].memory, STARTS[start].inputs

    def __iter__(self) -> Iterator[Stretch]:
        beats = True
        for one in self._happenings:
            if one.what == "silent":
                beats = not one.value
            elif one.what == "claim_wanted":
                self._inputs = replace(self._inputs, claim_wanted=self._inputs.claim_wanted + one.value)
            else:
                self._inputs = replace(self._inputs, **{one.what: one.value})  # type: ignore[arg-type]
            yield Stretch(self._inputs, 10, beats)
            if one.order is not None:
                self._inputs = replace(self._inputs, command=one.order.words(self.memory))
            yield Stretch(self._inputs, one.ms, beats, one.cut)

    def told(self, memory: Memory, inputs: Inputs) -> None:
        """Take the memory after a stretch, and the inputs with the heartbeat where it is now."""
        self.memory, self._inputs = memory, inputs

    def cut(self) -> None:
        """Cut the power and bring it back."""
        self.memory = power_up(self.memory.retained, self.memory.settings)
