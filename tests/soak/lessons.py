"""Every lesson of a training, driven as somebody who knows the right deed would: each comes about, and is judged right.

Prints the mark of each; 1 if any was not right. A lesson that did not come about is told with what the room says of it.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from scada.model.training.lessons import LESSONS
from tests.support.training import Trainee, solve, training


def main(words: Sequence[str] | None = None) -> int:
    """Take the lessons, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.lessons", description=__doc__)
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="only these lessons")
    wanted = parser.parse_args(words).lessons or list(LESSONS)
    if unknown := [name for name in wanted if name not in LESSONS]:
        parser.error(f"there is no lesson {', '.join(unknown)}; there are: {', '.join(LESSONS)}")
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="dzt-") as folder, training(Path(folder)) as there:
        for name in wanted:
            who = "chief" if LESSONS[name].about_money else "zhang"
            with closing(Trainee(there.url, who, there.passwords[who])) as trainee:  # nobody stays signed in unused
                wrong += not _taken(trainee, name)
    sys.stdout.write(f"{len(wanted)} lessons, {wrong} not right\n")
    return int(bool(wrong))


def _taken(trainee: Trainee, name: str) -> bool:
    """Take one lesson, and say what came of it."""
    try:
        mark = solve(trainee, name)
    except AssertionError as error:
        sys.stdout.write(f"{name}: {error}\n")
        return False
    told = f"{mark['verdict']}, {mark['points']} points, answered {mark['answered_s']} s, ended {mark['ended_s']} s"
    sys.stdout.write(f"{name}: {told}, {mark['deeds']}\n")
    sys.stdout.flush()
    return mark["lesson"] == name and mark["verdict"] == "right"


if __name__ == "__main__":
    raise SystemExit(main())
