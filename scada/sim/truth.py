"""What really happened in the virtual car park, one JSON object a line: the judge's side of the story."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from scada.clock import Clock


class TruthLog:
    """Writes what happened, each line at once. `at` is business time, `at_s` monotonic seconds."""

    def __init__(self, path: Path, clock: Clock) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._clock = clock

    def __enter__(self) -> Self:
        """Hold the file open."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file."""
        self._file.close()

    def write(self, what: str, **fields: object) -> None:
        """Write one line."""
        at = self._clock.now().isoformat()
        self._file.write(json.dumps({"what": what, "at": at, "at_s": self._clock.seconds(), **fields}) + "\n")


def read_truth(path: Path) -> Iterator[dict[str, object]]:
    """Read the lines back, in order. `at` becomes a datetime. Raises OSError or ValueError."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield {**row, "at": datetime.fromisoformat(row["at"])}
