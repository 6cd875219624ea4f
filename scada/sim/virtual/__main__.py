"""`daozha month`: let a month of a 1,000-space car park pass in virtual time, and judge it."""

import argparse
import gc
import json
import sys
from collections.abc import Sequence
from random import Random
from time import perf_counter

from scada import say
from scada.sim.virtual.carpark import STAYS_A_DAY, CarPark
from scada.sim.virtual.post import SPACES
from scada.sim.virtual.report import Report, report_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Let the days pass. Exit code 1: a rule was broken."""
    asked = _parser().parse_args(arguments)
    began_s = perf_counter()
    park = CarPark(Random(asked.seed), asked.stays_a_day)  # noqa: S311 a play, not a secret
    for day in range(asked.days):
        park.run_day(day)
        gc.freeze()  # what a day leaves behind stays: not to be looked through again
        if sys.stderr.isatty():
            sys.stderr.write(f"\rday {day + 1} of {asked.days}, {len(park.till.stays)} stays")
    park.close()
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    report = report_of(park, asked.days, asked.seed, perf_counter() - began_s)
    if asked.json:
        say.tell(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        _show(report)
    return 1 if report.broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="daozha month",
        description=f"Lets days of a {SPACES}-space car park with all its faults pass in virtual time, in one process: "
        "the real lane machine, ladder, tariff and matching, stepped from event to event. "
        "The same seed gives the same days. Exit code 1: a rule of the lanes was broken.",
    )
    parser.add_argument("--days", type=int, default=30, metavar="N", help="how many (30)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="which days (1)")
    parser.add_argument(
        "--stays-a-day", type=int, default=STAYS_A_DAY, metavar="N", help=f"how many cars come ({STAYS_A_DAY})"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for programs")
    return parser


def _show(report: Report) -> None:
    say.show_table(
        f"{report.days} days, {report.figures['stays']} stays, {report.wall_s:.0f} s",
        ("lane", "rises", "causes", "openings", "completed", "stays"),
        [
            (row.lane, *map(str, (row.rises, row.causes, row.openings, row.completed, row.stays)))
            for row in report.lanes
        ],
    )
    say.show_table(
        "What keeps them apart, and cars without their own stay",
        ("name", "times"),
        _counts(report.apart | report.named),
    )
    say.show_table("What happened", ("", "times"), _counts(report.figures))
    say.show_table("What went wrong", ("period", "times"), _counts(report.periods))
    for sentence in report.broken:
        say.complain(sentence)
    if not report.broken:
        say.tell(f"no rule broken; {report.hours} lane hours are even")


def _counts(counted: dict[str, int]) -> list[tuple[str, str]]:
    return [(name, f"{count:,}") for name, count in counted.items()]


if __name__ == "__main__":
    raise SystemExit(main())
