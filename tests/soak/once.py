"""Open gates over bad lines, thousands of times: `python -m tests.soak.once --wire modbus --tries 2000`.

Each try has a seed of its own, from which follows what its line does; `--first 17 --tries 1 --lanes 1` plays one again.
"""

import argparse
import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.support.faulty.lane import Tried, tries
from tests.support.faulty.wire import Wire
from tests.support.store import open_database


def main(arguments: Sequence[str] | None = None) -> int:
    """Try, judge and tell: one JSON object on standard output. 0: nothing was wrong."""
    parser = argparse.ArgumentParser(prog="once", description="gate commands over lines that go wrong")
    parser.add_argument("--wire", choices=[wire.value for wire in Wire], required=True)
    parser.add_argument("--tries", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first try")
    parser.add_argument("--lanes", type=int, default=12, help="how many at once")
    asked = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    tried = asyncio.run(_try(Wire(asked.wire), asked.lanes, range(asked.first, asked.first + asked.tries)))
    told = _summary(asked.wire, tried)
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return int(bool(told["wrong"]) or len(tried) != asked.tries)


async def _try(wire: Wire, lanes: int, seeds: range) -> list[Tried]:
    with TemporaryDirectory() as folder:
        async with open_database(Path(folder)) as db:
            return await tries(wire, lanes, seeds, Path(folder), db)


def _summary(wire: str, tried: Sequence[Tried]) -> dict[str, object]:
    ends = Counter(f"{one.outcome}, opened {one.opened}" for one in tried)
    kinds = Counter(fault.kind.value for one in tried for fault in one.faults)
    return {
        "wire": wire,
        "tries": len(tried),
        "commands sent": sum(one.sent for one in tried),
        "ends": dict(ends.most_common()),
        "planned faults": dict(kinds.most_common()),
        "wrong": [{"seed": one.seed, "why": list(one.wrong)} for one in tried if one.wrong],
    }


if __name__ == "__main__":
    sys.exit(main())
