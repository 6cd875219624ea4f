"""Hundreds of drawn plates of every kind before back end B: `python -m tests.soak.drawn [--each N] [--seed S]`.

Fails if fewer than 98 of 100 are read, or fewer than 95 of 100 in two rows or on black.
"""

import argparse
import sys
from collections import Counter

from lpr.models import find
from lpr.recognise import WheelReader
from lpr.sim.drawing.styles import Style
from lpr.sim.sets import ON_BLACK, TWO_ROWS, hard, kinds
from lpr.vote import nearest


def main() -> int:
    """Read the sets, print what was not read and a table, and give 1 if too little was."""
    parser = argparse.ArgumentParser(description="Reads drawn plates of every kind.")
    parser.add_argument("--each", type=int, default=100, metavar="N", help="plates of each look")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    reader = WheelReader(find())
    tried: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for samples in (kinds(asked.seed, asked.each * len(Style)), hard(asked.seed, asked.each * 5)):
        for sample in samples:
            guess = nearest(reader.read(sample.picture), (), 0)
            name = f"hard: {sample.seen}" if sample.seen else sample.style.value if sample.style else ""
            tried[name] += 1
            right[name] += guess is not None and guess.text == sample.plate
            if guess is None or guess.text != sample.plate:
                said = f"{guess.text} {guess.min_prob:.2f}" if guess else "nothing"
                sys.stdout.write(f"{name}: {sample.plate} read as {said}\n")
    for name, count in tried.items():
        sys.stdout.write(f"{name:24} {right[name]:4} of {count}\n")
    return int(not all(_reaches(tried, right, styles, share) for styles, share in _WANTED))


_WANTED = ((tuple(Style), 0.98), (TWO_ROWS, 0.95), (ON_BLACK, 0.95))


def _reaches(tried: Counter[str], right: Counter[str], styles: tuple[Style, ...], share: float) -> bool:
    count = sum(tried[style.value] for style in styles)
    read = sum(right[style.value] for style in styles)
    sys.stdout.write(f"{read} of {count} read, {100 * read / count:.1f} % ({100 * share:.0f} % wanted)\n")
    return read >= share * count


if __name__ == "__main__":
    sys.exit(main())
