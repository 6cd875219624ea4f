"""How well and how fast plates are read: `python -m tests.bench.bench_lpr [FOLDER]`, a folder with a `labels.csv`.

Run it before and after touching a reader; a point lost is a regression.
"""

import csv
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from lpr.models import ModelError, find
from lpr.reader.guess import PlateGuess
from lpr.reader.signs import SignReader
from lpr.recognise import WheelReader
from lpr.source import load_picture
from lpr.vote import nearest
from scada.model.plate import Plate, normal_form

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "plates"
GATES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
_MOST_READS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was read in one photograph: right plate, reads from the surest, CPU milliseconds."""

    file: str
    plate: Plate
    reads: tuple[PlateGuess, ...]
    cpu_ms: float

    @property
    def is_first(self) -> bool:
        """The first read is right."""
        return bool(self.reads) and self.reads[0].text == self.plate

    @property
    def is_nearest(self) -> bool:
        """The read that a lane would use is right: the widest plate's."""
        read = nearest(self.reads, (), 0)
        return read is not None and read.text == self.plate

    @property
    def is_any(self) -> bool:
        """One of the first three reads is right."""
        return any(read.text == self.plate for read in self.reads[:_MOST_READS])


def read_photos(folder: Path, rows: Sequence[tuple[str, Plate]], reader: WheelReader) -> list[Outcome]:
    """Read every photograph that can be decoded."""
    outcomes = []
    for file, plate in rows:
        frame = load_picture(folder / file)
        if frame is None:
            continue
        began = time.process_time()
        reads = sorted(reader.read(frame), key=lambda read: read.weight, reverse=True)
        outcomes.append(Outcome(file, plate, tuple(reads), (time.process_time() - began) * 1000))
    return outcomes


def photo_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """Print any / first, CPU time, and what each gate would let through."""
    count = len(outcomes)
    first, either = sum(one.is_first for one in outcomes), sum(one.is_any for one in outcomes)
    near = sum(one.is_nearest for one in outcomes)
    cpu_ms = sum(one.cpu_ms for one in outcomes) / count
    shares = f"any {either / count:.1%}, first {first / count:.1%}, nearest car {near / count:.1%}"
    lines = [f"B: {count} photographs, {shares}, {cpu_ms:.0f} CPU ms each"]
    for gate in GATES:
        passed = [one for one in outcomes if one.reads and one.reads[0].min_prob >= gate]
        right = sum(one.is_first for one in passed) / max(1, len(passed))
        lines.append(f"  gate {gate:.2f}: accepted {len(passed) / count:.0%}, of these right {right:.1%}")
    return lines + [_miss(one) for one in outcomes if not one.is_first]


def _miss(one: Outcome) -> str:
    reads = ", ".join(f"{read.text} {read.min_prob:.2f} {read.layers}" for read in one.reads) or "nothing"
    return f"  {one.file}: {one.plate}, read {reads}"


def crop_line(name: str, folder: Path, rows: Sequence[tuple[str, Plate]], signs: SignReader) -> str:
    """Print how many crops of plates the recogniser and the decoder read exactly."""
    right, began = 0, time.process_time()
    for file, plate in rows:
        crop = load_picture(folder / file)
        decoded = None if crop is None else signs.read(crop)
        right += decoded is not None and decoded.text == plate
    cpu_ms = (time.process_time() - began) * 1000 / len(rows)
    return f"recogniser alone, {name}: {len(rows)} crops, {right / len(rows):.1%}, {cpu_ms:.0f} CPU ms each"


def main(arguments: Sequence[str]) -> int:
    """Print the lines; 2 if a folder that was named or the models are missing."""
    folder = Path(arguments[0]) if arguments else DEFAULT
    labels = folder / "labels.csv"
    if not labels.is_file():
        sys.stdout.write(f"bench_lpr: no {labels}: nothing measured\n")
        return 2 if arguments else 0
    cv2.setNumThreads(1)
    try:
        models = find()
    except ModelError as error:
        sys.stdout.write(f"bench_lpr: {error}\n")
        return 2
    with labels.open(encoding="utf-8-sig", newline="") as lines:
        rows = [(row["file"], normal_form(row["plate"])) for row in csv.DictReader(lines)]
    reports = photo_lines(
        read_photos(folder, [row for row in rows if row[0].startswith("photos/")], WheelReader(models))
    )
    signs = SignReader(models.recogniser)
    for name, start in (("CCPD", "crops/ccpd"), ("street", "crops/easypr")):
        crops = [row for row in rows if row[0].startswith(start)]
        if crops:
            reports.append(crop_line(name, folder, crops, signs))
    sys.stdout.write("\n".join(reports) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
