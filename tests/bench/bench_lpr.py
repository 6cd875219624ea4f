"""How well and how fast plates are read: `python -m tests.bench.bench_lpr [FOLDER]`, a folder with a `labels.csv`.

Every back end that can start reads the pictures, in a process of its own on one thread. Run it before and after
touching a reader: a point lost is a regression, and below the floor of the default back end the bench fails.
"""

import multiprocessing
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from os import getpid
from pathlib import Path

import numpy as np

from lpr.backend import BACK_ENDS, Refusal, look, open_reader
from lpr.exam import Answer, LabelsError, Sheet, examine, labelled, tally
from lpr.models import find
from lpr.reader.detect import PlateDetector
from lpr.reader.network import straighten
from lpr.reader.signs import SignReader
from lpr.reader.textbox import TextDetector
from lpr.source import load_picture
from tests.bench.support import cpu_us, memory_mb, percentile, show

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "plates"
GATES = (0.5, 0.7, 0.8, 0.9, 0.95)
THE_GATE = 0.8
FLOORS = {"photos exact": 0.88, "crops exact": 0.96, "photos accepted": 0.83, "photos right": 0.94}
"""What the default back end read of ../shared/plates before anything was mended: never below that again."""
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """What one back end made of the pictures, and the memory of its process."""

    answers: tuple[Answer, ...]
    memory_mb: float


def measure(back_end: str, sheets: Sequence[Sheet]) -> Measured:
    """Read all pictures with one back end; called in a process of its own. Raises ModelError."""
    reader = open_reader(back_end).reader
    reader.read(np.zeros((720, 1280, 3), np.uint8))
    return Measured(tuple(examine(reader, sheets)), memory_mb(getpid()))


def groups(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    """Part photographs from crops, and crops by where they come from."""
    parted: dict[str, list[Answer]] = {}
    for answer in answers:
        folder, _, name = answer.sheet.file.rpartition("/")
        group = folder if folder != "crops" else f"crops {name.split('_')[0]}"
        parted.setdefault(group or "pictures", []).append(answer)
    return parted


def row(back_end: str, group: str, answers: Sequence[Answer]) -> list[str]:
    """Make a line of the table: what was right, and at each gate the share accepted and of these right."""
    counted, ms = tally(answers, 0), [one.ms for one in answers if not one.trouble]
    cells = [f"{back_end} {group}", str(counted.n), f"{counted.exact / counted.n:.1%}"]
    for gate in GATES:
        at = tally(answers, gate)
        cells.append(f"{at.accepted / at.n:.0%} {at.accepted_exact / max(1, at.accepted):.1%}")
    return [*cells, f"{statistics.mean(ms):.0f} {counted.ms_p50:.0f} {percentile(ms, 0.9):.0f}"]


def misses(answers: Sequence[Answer]) -> Iterator[str]:
    """Tell every picture that was not read as its label has it."""
    for one in answers:
        if not one.is_exact:
            read = f"{one.guess.text} {one.guess.min_prob:.2f}" if one.guess else one.trouble or "nothing"
            others = one.guess.alternatives[:2] if one.guess else ()
            yield f"{one.sheet.file}: {one.sheet.plate}, read {read}{''.join(f' or {other.text}' for other in others)}"


def below_floor(answers: Sequence[Answer]) -> list[str]:
    """Say what the default back end has lost."""
    photos = tally([one for one in answers if one.sheet.file.startswith("photos/")], THE_GATE)
    crops = tally([one for one in answers if one.sheet.file.startswith("crops/")], THE_GATE)
    if not photos.n or not crops.n:
        return []
    reached = {
        "photos exact": photos.exact / photos.n,
        "crops exact": crops.exact / crops.n,
        "photos accepted": photos.accepted / photos.n,
        "photos right": photos.accepted_exact / max(1, photos.accepted),
    }
    return [f"{name} {reached[name]:.1%}, floor {floor:.0%}" for name, floor in FLOORS.items() if reached[name] < floor]


def stages(sheet: Sheet) -> dict[str, float]:
    """Measure the parts of the default back end on one photograph, in milliseconds of one core."""
    models = find()
    detector, lines = PlateDetector(models.detector), TextDetector(models.text_detector)
    signs = SignReader(models.recogniser)
    frame = load_picture(sheet.path)
    if frame is None:
        return {}
    corners = detector.find(frame)[0].corners
    line = straighten(frame, corners, (168, 48))
    works: dict[str, Callable[[], object]] = {
        "plates, from afar and from near": lambda: detector.find(frame),
        "line of text": lambda: lines.cut(frame, corners),
        "signs of one look": lambda: None if line is None else signs.read(line),
    }
    return {name: cpu_us(work, _ROUNDS) / 1000 for name, work in works.items()}


def report(measured: Mapping[str, Measured], refused: Sequence[Refusal]) -> None:
    """Print the tables."""
    lines = [row(name, group, part) for name, one in measured.items() for group, part in groups(one.answers).items()]
    note = "\n".join([*map(str, refused), *(f"{name}: {one.memory_mb:.0f} MB" for name, one in measured.items())])
    heads = ("", "n", "exact", *(f"≥ {gate:g}" for gate in GATES), "CPU ms")
    title = "Plates: accepted and of these right at each gate; CPU ms: mean, middle, 9 of 10"
    show(title, heads, lines, note)
    for name, one in measured.items():
        for line in misses(one.answers):
            sys.stdout.write(f"{name} {line}\n")


def main(arguments: Sequence[str]) -> int:
    """Print the tables: 1 below the floor, 2 if a folder that was named or every back end is missing."""
    folder = Path(arguments[0]) if arguments else DEFAULT
    if not (folder / "labels.csv").is_file():
        sys.stdout.write(f"bench_lpr: no {folder / 'labels.csv'}: nothing measured\n")
        return 2 if arguments else 0
    try:
        sheets = labelled(folder / "labels.csv")
    except LabelsError as error:
        sys.stdout.write(f"bench_lpr: {error}\n")
        return 2
    able = [look(back_end) for back_end in BACK_ENDS]
    measured = {one.back_end.name: _apart(one.back_end.name, sheets) for one in able if not isinstance(one, Refusal)}
    report(measured, [one for one in able if isinstance(one, Refusal)])
    default = measured.get("B")
    if default is None:
        return 2
    first = next((sheet for sheet in sheets if sheet.file.startswith("photos/")), sheets[0])
    show("Stages", ("", "CPU ms"), [[name, f"{ms:.1f}"] for name, ms in stages(first).items()])
    lost = below_floor(default.answers)
    for line in lost:
        sys.stdout.write(f"below the floor: {line}\n")
    return 1 if lost else 0


def _apart(back_end: str, sheets: Sequence[Sheet]) -> Measured:
    """Measure in a process of its own: its memory is its own, and nothing is warm."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, back_end, sheets).result()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
