"""The process that reads a history or a replay for somebody elsewhere: bounded, on connections that only read."""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

from scada.clock import clock_from
from scada.commands.bounded import answer, bound
from scada.config import Config
from scada.engine.reporting.task import Reading, reading_from
from scada.model.names import PassageId
from scada.model.tag import TagName
from scada.store.historian import asking
from scada.store.historian.answer import as_json
from scada.store.historian.export import csv_pieces
from scada.store.replaytold import replayed

TOO_LARGE: Final = "it needs more room or time than it may have: ask for fewer days"
FILE_BYTES: Final = 256 << 20
"""The largest file: a million points as text take 80 MB."""


def main() -> None:
    """Read what is asked on standard input; tell the name of the file, or why there is none."""
    bound(FILE_BYTES)
    reading, config = reading_from(sys.stdin.readline())
    answer(lambda: {"files": [read(reading, config)], "title": ""}, TOO_LARGE)


def read(reading: Reading, config: Config) -> str:
    """Write the answer into its folder; gives the file's name. Raises what the store and the disk raise."""
    name = "points.csv" if reading.kind == "points" else f"{reading.kind}.json"
    path, clock = Path(reading.folder) / name, clock_from()
    tags = [TagName(tag) for tag in reading.tags]
    if reading.kind == "replay":
        told = replayed(config, PassageId(reading.passage), clock, covered=reading.covered)
        path.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
        return name
    since, until = datetime.fromisoformat(reading.since), datetime.fromisoformat(reading.until)
    with asking(config, clock) as history:
        if reading.kind == "points":
            with path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(csv_pieces(history, tags, since, until))
        else:
            series = asyncio.run(history.trend(tags, since, until, reading.pixels))
            path.write_text(json.dumps([as_json(one) for one in series], ensure_ascii=False), "utf-8")
    return name
