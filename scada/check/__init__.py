"""`daozha check`: every mistake of a site's configuration in one run, with file, line and key."""

from pathlib import Path

from scada.check.mistakes import Mistake, Severity, has_errors, in_order
from scada.check.reading import read
from scada.check.rules import rule_mistakes
from scada.check.shape import shape_mistakes
from scada.check.surroundings import surrounding_mistakes

__all__ = ["Mistake", "Severity", "check", "has_errors", "in_order"]


def check(file: Path) -> list[Mistake]:
    """Find every mistake in the file and in what it names, in the order of the files' lines.

    No check hides another: each runs on the raw values, as far as it can.
    """
    reading, mistakes = read(file)
    if reading is not None:
        mistakes += shape_mistakes(reading)
        mistakes += rule_mistakes(reading)
        mistakes += surrounding_mistakes(reading)
    return in_order(mistakes)
