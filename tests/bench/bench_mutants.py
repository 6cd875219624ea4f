"""How many broken decisions the tests notice: the pure modules, broken by cosmic-ray's operators in a seeded sample.

A mutant is one small change: a comparison turned, a number moved by one, an `and` for an `or`. It is killed when a test
of its module fails. `--all` tries every mutant, which takes hours; a number tries so many.
"""

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from tests.bench.support import show

ROOT = Path(__file__).parents[2]
SAMPLE, SEED, WORKERS = 60, 20260303, 2
LIMIT_S = 600.0
"""What of a sample has not begun by then is left out."""
LONGEST_S = 150.0
"""A mutant that runs for longer hangs, and is noticed by that."""
_NEVER_DIFFERS = ("_Is", "_IsNot", "_Pow", "_Shift", "RShift", "LShift", "BitOr", "BitAnd", "BitXor")
"""Operators that change nothing (`is` for `==` between members) or break a type before any test runs."""
_LEFT_OUT = (
    "core/ReplaceComparisonOperator_Is_Eq",
    "core/ReplaceComparisonOperator_IsNot_NotEq",
    "core/RemoveDecorator",
    "core/VariableReplacer",
    "core/VariableInserter",
    "core/ExceptionReplacer",
)


@dataclass(frozen=True, slots=True)
class Group:
    """Modules and their tests, the quick ones first."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS = (
    Group(
        "lane machine",
        ("scada/model/lane/*.py",),
        ("tests/unit/test_lane_[!d]*.py", "tests/property/test_lane_[!l]*.py", "tests/property/test_lane_laws.py"),
    ),
    Group(
        "handshake",
        ("scada/model/handshake.py",),
        ("tests/unit/test_engine_gatekeeper.py", "tests/property/test_engine_exactly_once.py"),
    ),
    Group(
        "ladder",
        ("plc/sim/ladder/*.py",),
        ("tests/unit/test_plc_ladder*.py", "tests/property/test_plc_ladder_l*.py"),
    ),
    Group(
        "tariff and settlement",
        ("billing/tariff/*.py", "billing/settle.py"),
        (
            "tests/unit/test_billing_tariff.py",
            "tests/unit/test_billing_settle.py",
            "tests/property/test_billing_[mp]*.py",
        ),
    ),
    Group(
        "plates",
        ("lpr/vote.py", "lpr/match.py"),
        ("tests/unit/test_lpr_vote.py", "tests/unit/test_lpr_match.py", "tests/property/test_lpr_vote.py"),
    ),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one module: the `occurrence`-th place where the operator fits."""

    group: Group
    module: Path
    operator: str
    occurrence: int
    line: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a mutant. `seen_by`: the test that failed, or nothing."""

    mutant: Mutant
    seen_by: str
    change: str


def mutants(group: Group) -> Iterator[Mutant]:
    """Give every mutant of a group."""
    for pattern in group.modules:
        for module in sorted(ROOT.glob(pattern)):
            yield from _of_module(group, module)


def _of_module(group: Group, module: Path) -> Iterator[Mutant]:
    nodes = list(_nodes(get_ast(module.read_text(encoding="utf-8"))))
    for name in operator_names():
        if name.endswith(_NEVER_DIFFERS) or any(part in name for part in _NEVER_DIFFERS[3:]) or name in _LEFT_OUT:
            continue
        operator = get_operator(name)()
        lines = [start[0] for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, line in enumerate(lines):
            yield Mutant(group, module.relative_to(ROOT), name, occurrence, line)


def _nodes(node: object) -> Iterator[object]:
    """Walk in the order in which cosmic-ray counts."""
    yield node
    for child in getattr(node, "children", ()):
        yield from _nodes(child)


class House:
    """A copy of the tree, in which one mutant at a time is tried."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns(".*", "__pycache__", "static", "node_modules", "*.png")
        shutil.copytree(ROOT, folder, ignore=ignored, symlinks=True)

    def tries(self, mutant: Mutant) -> Tried | None:
        """Try a mutant; None where the operator changes nothing after all."""
        place = self.folder / mutant.module
        whole = place.read_text(encoding="utf-8")
        broken = mutate_code(whole, get_operator(mutant.operator)(), mutant.occurrence)
        if broken is None or broken == whole:
            return None
        place.write_text(broken, encoding="utf-8")
        try:
            return Tried(mutant, self.failing(mutant.group), _change(whole, broken))
        finally:
            place.write_text(whole, encoding="utf-8")

    def failing(self, group: Group) -> str:
        """Run the tests of a group until one fails; give its name."""
        for pattern in group.tests:
            files = [str(file.relative_to(self.folder)) for file in sorted(self.folder.glob(pattern))]
            if failed := self._run(files):
                return failed
        return ""

    def _run(self, files: Sequence[str]) -> str:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *files]
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_PROFILE": "mutants",
        }
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "it hangs"
        if done.returncode == 0:
            return ""
        failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return failed[0].split("::")[-1].split(" - ")[0] if failed else f"pytest ended with {done.returncode}"


def _change(whole: str, broken: str) -> str:
    lines = zip(whole.splitlines(), broken.splitlines(), strict=False)
    return next((f"{old.strip()}  →  {new.strip()}" for old, new in lines if old != new), "")


def chosen(most: int | None) -> tuple[list[Mutant], dict[str, int]]:
    """Choose a sample, and say how many there are of each group."""
    every = [mutant for group in GROUPS for mutant in mutants(group)]
    counts = {group.name: sum(mutant.group is group for mutant in every) for group in GROUPS}
    return every if most is None else Random(SEED).sample(every, min(most, len(every))), counts  # noqa: S311


def tried(sample: Sequence[Mutant], until_s: float) -> list[Tried]:
    """Try the sample in as many copies of the tree as there are workers."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        houses: queue.Queue[House] = queue.Queue()
        for number in range(WORKERS):
            houses.put(House(Path(folder) / str(number)))

        def one(mutant: Mutant) -> Tried | None:
            if time.monotonic() > until_s:
                return None
            house = houses.get()
            try:
                return house.tries(mutant)
            finally:
                houses.put(house)

        return [done for done in pool.map(one, sample) if done is not None]


def main(arguments: Sequence[str]) -> int:
    """Try the sample and print the score; the survivors stand below it."""
    most = None if "--all" in arguments else int(arguments[0]) if arguments else SAMPLE
    began_s = time.monotonic()
    sample, counts = chosen(most)
    done = tried(sample, began_s + (LIMIT_S if most is not None else float("inf")))
    rows = [
        _row(group.name, counts[group.name], [one for one in done if one.mutant.group is group]) for group in GROUPS
    ]
    rows.append(_row("all", sum(counts.values()), done))
    minutes = (time.monotonic() - began_s) / 60
    note = f"sample of {len(done)} with seed {SEED}, {minutes:.1f} min; the survivors:\n" + "\n".join(_survivors(done))
    show("Mutants of the pure modules", ("modules", "mutants", "tried", "noticed", "score"), rows, note)
    return 0


def _row(name: str, count: int, done: Sequence[Tried]) -> tuple[str, ...]:
    noticed = sum(bool(one.seen_by) for one in done)
    return name, f"{count:,}", str(len(done)), str(noticed), f"{noticed / len(done):.0%}" if done else "-"


def _survivors(done: Sequence[Tried]) -> Iterator[str]:
    for one in done:
        if not one.seen_by:
            yield f"{one.mutant.module}:{one.mutant.line}  {one.change}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
