"""What the tag table costs as it grows: looking for stale tags ten times a second, and derived tags.

The peer walks over all tags at each look, which is the plain way to do it.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from scada.clock import VirtualClock
from scada.engine.tags import SWEEP_S, TagTable
from scada.model.tag import Access, Quality, Shape, TagName, TagSpec, TagUpdate
from tests.bench.support import cpu_us, in_turns, run, show, times

SIZES = (100, 1_000, 10_000, 50_000)
STALE_S = 0.5
"""The limit of the fastest class: the dearest case."""
LOOKS = 60
ROUNDS = 3
FORMULAS = {
    "one comparison": "in1.t0 > 5",
    "three tags": "in1.t0 > 5 and not in1.t1 and in1.t2 / 2 < 9",
    "the largest": " + ".join(f"in1.t{number}" for number in range(32)),
}


def scanned(size: int) -> tuple[VirtualClock, TagTable, list[TagUpdate]]:
    """Make a table whose tags were all seen just now."""
    clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))
    specs = [
        TagSpec(TagName(f"l{n}.up"), f"plc{n // 500}", Access.READ, STALE_S, shape=Shape.BOOL) for n in range(size)
    ]
    table = TagTable(specs, clock)
    updates = [TagUpdate(spec.name, True, Quality.GOOD) for spec in specs]
    table.apply(updates)
    return clock, table, updates


def look_us(size: int) -> tuple[float, float]:
    """CPU of one look while every tag is seen every 0.2 s: the mean, and the longest."""
    clock, table, updates = scanned(size)
    taken: list[float] = []
    for number in range(LOOKS):
        clock.advance(SWEEP_S)
        table.apply(updates[number % 2 :: 2])
        began = time.process_time()
        table.sweep()
        taken.append((time.process_time() - began) * 1e6)
    return sum(taken) / len(taken), max(taken)


def walk_us(size: int) -> float:
    """CPU of asking every tag for its age."""
    clock, table, _ = scanned(size)
    cells = list(table._cells.values())

    def walk() -> int:
        now_s = clock.seconds()
        return sum(1 for cell in cells if cell.ages and now_s - cell.seen_s > (cell.spec.stale_s or 0))

    return cpu_us(walk, 10)


def look_rows() -> list[list[str]]:
    """Measure all sizes, the table and its peer in turns."""
    rows = []
    for size in SIZES:
        longest: list[float] = []

        def ours(size: int = size, longest: list[float] = longest) -> float:
            mean, most = look_us(size)
            longest.append(most)
            return mean

        def peer(size: int = size) -> float:
            return walk_us(size)

        works: dict[str, Callable[[], float]] = {"ours": ours, "peer": peer}
        seen = in_turns(ROUNDS, works)
        mean, walk = seen["ours"], seen["peer"]
        share = mean / SWEEP_S / 1e6 * 100
        rows.append(
            [f"{size:,}", f"{mean:,.0f}", f"{min(longest):,.0f}", f"{share:.2f}", f"{walk:,.0f}", times(mean, walk)]
        )
    return rows


def formula_rows() -> list[list[str]]:
    """Measure a change that a derived tag follows, less the same change that nothing follows."""
    return [[words, f"{_follow_us(text):.1f}"] for words, text in FORMULAS.items()]


def _follow_us(text: str) -> float:
    inputs = [TagSpec(TagName(f"in1.t{number}"), "plc1", Access.READ) for number in range(32)]
    derived = TagSpec(TagName("in1.derived"), "", Access.READ, formula=text)
    costs = []
    for specs in ([*inputs, derived], inputs):
        table = TagTable(specs, VirtualClock(datetime(2026, 3, 1, tzinfo=UTC)))
        table.apply([TagUpdate(spec.name, 1, Quality.GOOD) for spec in inputs])
        turns = iter(range(1_000_000))
        costs.append(cpu_us(lambda table=table, turns=turns: table.apply([_turned(next(turns))]), 2_000))  # type: ignore[misc]
    return costs[0] - costs[1]


def _turned(number: int) -> TagUpdate:
    return TagUpdate(TagName("in1.t0"), number % 9, Quality.GOOD)


def main() -> None:
    """Show what looking and following cost."""
    show(
        f"One look for stale tags, all of the fastest class ({STALE_S:g} s), {1 / SWEEP_S:.0f} looks a second",
        ["tags", "mean µs", "longest µs", "% of a core", "walking over all µs", "of that"],
        look_rows(),
    )
    show("What one derived tag adds to a change that it follows", ["formula", "CPU µs"], formula_rows())


if __name__ == "__main__":
    run(main)
