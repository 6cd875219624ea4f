"""What really happened in the virtual car park, one JSON object a line: the judge's side of the story."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

from scada.clock import Clock

Row = Mapping[str, object]
Number = tuple[str, int]
"""A lane, and the number its PLC gave a passage."""


class TruthLog:
    """Writes what happens from now on, in a thread of its own. `at` is business time, `at_s` monotonic seconds.

    `rows` are the lines so far.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self.rows: list[Row] = []
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._writer = Thread(target=self._write_all, name="truth", daemon=True)

    def __enter__(self) -> Self:
        """Begin to write."""
        self._writer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Write what is left and close the file."""
        self._lines.put(None)
        self._writer.join()

    def write(self, what: str, **fields: object) -> None:
        """Write one line soon."""
        at, at_s = self._clock.now(), self._clock.seconds()
        row = {"what": what, "at": at, "at_s": at_s, **fields}
        self.rows.append(row)
        self._lines.put(json.dumps({**row, "at": at.isoformat()}) + "\n")

    def _write_all(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.open("w", encoding="utf-8", buffering=1) as file:
            while (line := self._lines.get()) is not None:
                file.write(line)


def read_truth(path: Path) -> Iterator[dict[str, object]]:
    """Read the lines back, in order. `at` becomes a datetime. Raises OSError or ValueError."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield {**row, "at": datetime.fromisoformat(row["at"])}


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened: which car had which passage number, every rise of a boom, who went through where."""

    owners: Mapping[Number, str | None]
    rises: Sequence[Row]
    passed: Sequence[tuple[str, str]]
    """(car, lane) of every car that went through, in order."""
    plates: Mapping[str, str]
    struck: Sequence[str] = ()
    crossings: Sequence[Row] = ()
    """The same as `passed`, with their times."""
    field: Sequence[Row] = ()
    """What was broken, pressed or mended at the lanes."""
    cables: Sequence[Row] = ()
    """Which processes were killed, and when they were back."""
    inward: frozenset[Number] = frozenset()
    """The passages that lead in: of interest in a lane for both ways."""


def truth_of(rows: Iterable[Row]) -> Truth:
    """Sort the lines of the truth log."""
    owners: dict[Number, str | None] = {}
    inward: set[Number] = set()
    rises: list[Row] = []
    passed: list[tuple[str, str]] = []
    plates: dict[str, str] = {}
    struck: list[str] = []
    crossings: list[Row] = []
    field: list[Row] = []
    cables: list[Row] = []
    for row in rows:
        match row:
            case {"what": "passage", "lane": str(lane), "number": int(number), "car": str() | None as car}:
                owners[lane, number] = car
                if row.get("way") == "entry":
                    inward.add((lane, number))
            case {"what": "rise"}:
                rises.append(row)
            case {"what": "passed", "car": str(car), "lane": str(lane)}:
                passed.append((car, lane))
                crossings.append(row)
            case {"what": "car", "car": str(car), "plate": str(plate)}:
                plates[car] = plate
            case {"what": "struck", "car": str(car)}:
                struck.append(car)
            case {"what": "field"}:
                field.append(row)
            case {"what": "rammed", "lane": lane}:
                field.append({**row, "lane": lane, "on": ["detached"], "stuck": [], "blind": []})
            case {"what": "killed" | "back"}:
                cables.append(row)
            case _:
                continue
    return Truth(owners, rises, passed, plates, struck, crossings, field, cables, frozenset(inward))
