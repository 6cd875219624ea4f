"""Random fault schedules for billing: `python -m tests.soak.faults --schedules 1000`.

Plant and WeChat are killed, notices are lost, late, doubled, reordered and forged, answers are dropped before and after
they take effect; then everything calms down, and the judge holds WeChat's books against ours.
`--seed N -v` plays one schedule again and tells its story, `--shrink` leaves out what it fails without.
"""

import argparse
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Sequence

import structlog

from tests.support.storm.run import Ran, run
from tests.support.storm.schedule import Schedule, drawn
from tests.support.storm.shrink import shrunk
from tests.support.storm.site import Site, made_site


def main(arguments: Sequence[str] | None = None) -> int:
    """Run schedules; one JSON object on standard output. 0: nothing was wrong."""
    parser = argparse.ArgumentParser(prog="faults", description="random fault schedules for billing")
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1, help="seed of the first one")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell the story of each")
    parser.add_argument("--shrink", action="store_true", help="make one that fails as small as may be")
    asked = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    seeds = [asked.seed] if asked.seed is not None else range(asked.first, asked.first + asked.schedules)
    with made_site(on_postgres=asked.postgres) as site:
        ran = [_run(site, drawn(seed), verbose=asked.verbose) for seed in seeds]
        for one in ran:
            if asked.shrink and one.wrong:
                small = shrunk(one.schedule, lambda schedule: bool(run(site, schedule).wrong))
                _run(site, small, verbose=True)
    told = _summary(ran)
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return int(bool(told["wrong"]))


def _run(site: Site, schedule: Schedule, *, verbose: bool) -> Ran:
    began_s = sum(os.times()[:4])
    ran = run(site, schedule)
    sys.stderr.write(f"{schedule.seed}: {sum(os.times()[:4]) - began_s:.1f} s CPU {'; '.join(ran.wrong)}\n")
    if verbose:
        sys.stderr.write("\n".join([*map(str, schedule.cars), *map(str, schedule.faults), *ran.story, ""]))
    return ran


def _summary(ran: Sequence[Ran]) -> dict[str, object]:
    faults, moved = Counter[str](), Counter[str]()
    for one in ran:
        faults += one.faults
        moved += one.moved
    return {
        "schedules": len(ran),
        "cars": sum(len(one.schedule.cars) for one in ran),
        **dict(moved),
        "faults": dict(faults.most_common()),
        "wrong": {one.schedule.seed: list(one.wrong) for one in ran if one.wrong},
    }


if __name__ == "__main__":
    sys.exit(main())
