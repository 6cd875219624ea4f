"""Draw the lane machine from its code: `python -m tests.support.diagram` writes docs/lane.md.

Stories are told to the machine by chance, always the same ones, and every change of state is drawn with what led to
it. The picture shows what the machine does, not what somebody wrote that it does.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

from scada.model.handshake import Mode, PassageOutcome, RiseCause
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import DARK, OFF, Signal
from scada.model.lane.words import Direction, Fate, OpenRequest, Reason
from scada.model.names import QuoteId, RequestId, StayId
from scada.model.tag import Quality
from tests.support.lane import ON, START, TIMING, Bench, quote_of, read_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "lane.md"
STORIES = 1200
LENGTH = 24
Edges = dict[tuple[str, str], set[str]]
Deed = Callable[[Bench], object]

_HEAD = """# The lane machine

Drawn from the code by `python -m tests.support.diagram`; a test compares it. Each arrow is a change of state that was
seen when {stories} stories of chance were told to `scada.model.lane.step`, with the events that led to it: *image* is a
change of what the PLC shows, *time* the passing of a limit. The rules behind the arrows are tested in
`tests/unit/test_lane_*.py`, what must never happen in `tests/property`.
"""


def _passage(bench: Bench, change: Callable[[Bench], None]) -> None:
    if bench.lane.live is not None:
        change(bench)


def _of_live(make: Callable[[Bench], e.Event]) -> Deed:
    return lambda bench: bench.lane.live is not None and bench.hear(make(bench))


def _ends(outcome: PassageOutcome) -> Deed:
    def end(bench: Bench) -> None:
        number = bench.image.passage_now
        bench.shows(
            approach=OFF, safety=OFF, passage_now=0, passage_next=0, passage_last=number, outcome=outcome, closing=OFF
        )

    return lambda bench: _passage(bench, end)


def _arrives(bench: Bench) -> None:
    newest = max(bench.image.passage_now, bench.image.passage_last)
    if bench.image.passage_now == 0:
        bench.arrives(newest + 1)


def _stands_still(bench: Bench) -> None:
    """The safety loop clears while somebody stands on the approach loop: a new number, and nobody can tell."""
    number = bench.image.passage_now
    bench.shows(approach=ON, safety=OFF, passage_now=number + 1, passage_last=number, outcome=PassageOutcome.UNCERTAIN)


def _restarts(bench: Bench) -> None:
    """A new server takes over while nobody knows what became of a command."""
    bench.lane = replace(bench.lane, image=DARK)
    bench.hear(e.Recovered(bench.at_s, Fate.OPEN, **bench.now))
    bench.shows()


def _later(seconds: float) -> Deed:
    def wait(bench: Bench) -> None:
        bench.at_s += seconds
        bench.hear(e.TimePassed(**bench.now))

    return wait


def _accepted(bench: Bench) -> e.Event:
    request = OpenRequest(RequestId("r"), StayId("S1"), None, None, Reason.ACCEPTED, "billing", START, QuoteId("q1"))
    return e.OpenRequested(request, **bench.now)


def _deducts(bench: Bench) -> e.Event:
    return e.Quoted(bench.passage, replace(quote_of("S1", 500), auto_deduct=True), **bench.now)


def _comes_to_be_deducted(bench: Bench) -> None:
    """Come, be read and found, and let WeChat be asked for the fee: too long a way for chance alone."""
    _arrives(bench)
    if bench.lane.live is not None:
        bench.camera_reads("京A12345")
        bench.has_stay("S1")
        bench.hear(_deducts(bench))


DEEDS: tuple[Deed, ...] = (
    _arrives,
    _arrives,
    lambda bench: bench.shows(approach=OFF),
    lambda bench: bench.shows(approach=ON),
    lambda bench: bench.shows(approach=Signal(on=True, quality=Quality.FAULT)),
    lambda bench: bench.shows(safety=ON),
    lambda bench: bench.boom_rises(),
    lambda bench: bench.boom_rises(),
    lambda bench: bench.boom_rises(RiseCause.MAINTENANCE),
    lambda bench: bench.boom_lowers(),
    lambda bench: bench.shows(up=OFF),
    lambda bench: bench.shows(attached=OFF),
    lambda bench: bench.shows(attached=ON),
    lambda bench: bench.shows(mode=Mode.HOLD_OPEN, up=ON, down=OFF),
    lambda bench: bench.shows(mode=Mode.AUTO),
    lambda bench: bench.shows(mode=Mode.AUTO),
    lambda bench: bench.shows(mode=Mode.LOCKED),
    _stands_still,
    *(_ends(outcome) for outcome in PassageOutcome if outcome is not PassageOutcome.NONE),
    _ends(PassageOutcome.FORWARD),
    _later(1),
    _later(10),
    _later(100),
    _of_live(lambda bench: e.PlateSeen(bench.passage, read_of("京A12345"), **bench.now)),
    _of_live(lambda bench: e.PlateSeen(bench.passage, read_of("京A12345"), **bench.now)),
    lambda bench: bench.lane.live is not None and bench.camera_fails(),
    lambda bench: bench.lane.live is not None and bench.camera_sees_nobody(),
    _of_live(lambda bench: e.PlateCorrected(bench.passage, read_of("京B22222"), **bench.now)),
    _of_live(lambda bench: e.Admitted(bench.passage, **bench.now)),
    _of_live(lambda bench: e.NotAdmitted(bench.passage, "full", again=True, **bench.now)),
    _of_live(lambda bench: e.NotAdmitted(bench.passage, "inside", person=True, **bench.now)),
    _of_live(lambda bench: e.StayFound(bench.passage, StayId("S1"), "camera", **bench.now)),
    _of_live(lambda bench: e.StayFound(bench.passage, StayId("S1"), "camera", doubt="clone", **bench.now)),
    _of_live(lambda bench: e.StayNotFound(bench.passage, (), **bench.now)),
    lambda bench: bench.lane.live is not None and bench.owes("S1", 500),
    lambda bench: bench.lane.live is not None and bench.owes("S1", 500),
    lambda bench: bench.lane.live is not None and bench.owes("S1", 0, free=Reason.FREE),
    _of_live(_deducts),
    _comes_to_be_deducted,
    _of_live(lambda bench: e.AcceptanceRefused(bench.passage, "no", **bench.now)),
    _of_live(_accepted),
    _of_live(lambda bench: e.BillingFailed(bench.passage, "order", "away", **bench.now)),
    lambda bench: bench.pays("S1"),
    lambda bench: bench.lane.live is not None and bench.operator_opens(bench.passage),
    _of_live(lambda bench: e.Rejected(bench.passage, "li", "full", **bench.now)),
    _of_live(lambda bench: e.HelpCalled(bench.passage, **bench.now)),
    _of_live(lambda bench: e.CommandRefused(bench.passage, "mode", **bench.now)),
    lambda bench: bench.hear(e.FaultConfirmed("chen", **bench.now)),
    _restarts,
    _of_live(lambda bench: e.CommandDone(bench.passage, **bench.now)),
)
TIMES = replace(TIMING, t_stuck_approach_s=60.0, t_authorised_s=8.0)


class _Watched(Bench):
    """A bench that notes each change of state with the event that led to it."""

    def __init__(self, direction: Direction, edges: Edges) -> None:
        self.edges = edges
        super().__init__(direction, TIMES)

    def hear(self, event: e.Event) -> list[object]:  # type: ignore[override]
        before = s.NAMES[type(self.lane.state)]
        commands = super().hear(event)
        after = s.NAMES[type(self.lane.state)]
        if before != after:
            self.edges[before, after].add(_named(event))
        return list(commands)


def _named(event: e.Event) -> str:
    short = {e.ImageSeen: "image", e.TimePassed: "time"}
    return short.get(type(event), type(event).__name__)


@cache
def explored(direction: Direction) -> Edges:
    """Tell the stories and give every change of state that was seen."""
    edges: Edges = defaultdict(set)
    chance = Random(7)  # noqa: S311 the same stories every time
    for _ in range(STORIES):
        bench = _Watched(direction, edges)
        for deed in chance.choices(DEEDS, k=LENGTH):
            deed(bench)
    return edges


def drawn(edges: Edges) -> Iterator[str]:
    """Write the edges as a Mermaid state diagram, the states in the order of the code."""
    order = {name: place for place, name in enumerate(s.NAMES.values())}
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    [*] --> idle"
    for before, after in sorted(edges, key=lambda edge: (order[edge[0]], order[edge[1]])):
        yield f"    {before} --> {after}: {', '.join(sorted(edges[before, after]))}"
    yield "```"


def document() -> str:
    """Give the whole page."""
    parts = [_HEAD.format(stories=f"{2 * STORIES:,}")]
    for direction, title in ((Direction.ENTRY, "Entry"), (Direction.EXIT, "Exit")):
        parts.append(f"\n## {title}\n\n" + "\n".join(drawn(explored(direction))) + "\n")
    return "".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
