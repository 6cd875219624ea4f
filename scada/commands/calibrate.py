"""`daozha models calibrate`: what back end A's mean is worth at a site."""

import argparse
import math

from lpr.backend import open_reader
from lpr.backend.worth import LEAST_READS, calibration_of
from lpr.exam import LabelsError, examine, labelled
from lpr.models import ModelError
from lpr.recognise import Reader
from scada import say


def calibrate(asked: argparse.Namespace) -> int:
    """Read labelled pictures with A and propose the points. 1 if they do not tell, 2 if it cannot be tried."""
    try:
        sheets = labelled(asked.labels)
        reader: Reader = open_reader("A", (), asked.folder).reader
    except (LabelsError, ModelError) as error:
        say.complain(str(error))
        return 2
    answers = list(examine(reader, sheets))
    reads = [(one.guess.reported, one.is_exact) for one in answers if one.guess]
    right = sum(one.is_exact for one in answers)
    say.note(f"{len(answers)} pictures, {len(reads)} read, {right} of these right")
    points = calibration_of(reads)
    if not points:
        say.complain(f"no mean is worth anything here; it takes {LEAST_READS} reads, and nearly all of them right")
        return 1
    written = ", ".join(f"[{_rounded_up(mean):g}, {confidence:g}]" for mean, confidence in points)
    say.tell(f"calibration = [{written}]")
    return 0


def _rounded_up(mean: float) -> float:
    return math.ceil(mean * 10_000) / 10_000
