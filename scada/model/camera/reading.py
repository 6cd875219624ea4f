"""How well a camera reads: figures over the last passages that it looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scada.model.names import LaneName, PassageId, PictureId
from scada.model.plate import Plate

WINDOW = timedelta(hours=24)
MOST = 200
"""The figures are of so many passages at most, and of the last day."""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """What one camera made of one capture. `why` it is no read, empty if it is one.

    `plate` and `confidence` are of the surest string, the rejected one too; `corrected` is what a person made of it.
    """

    camera: str
    lane: LaneName
    passage: PassageId
    at: datetime
    way: str
    why: str
    plate: Plate | None
    confidence: float | None
    frames: int
    picture: PictureId | None
    corrected: bool = False

    @property
    def is_read(self) -> bool:
        """Say whether the read was believed."""
        return not self.why


@dataclass(frozen=True, slots=True)
class ReadFigures:
    """How well a camera has read; None where there is nothing to divide by."""

    passages: int
    read_rate: float | None
    under_gate: float | None
    confidence_p10: float | None
    confidence_p50: float | None
    corrected: float | None


def read_figures(rows: Sequence[ReadRow], now: datetime, most: int = MOST) -> ReadFigures:
    """Reckon over the last passages of one camera; a passage that was looked at several times counts once."""
    best: dict[PassageId, ReadRow] = {}
    for row in rows:
        if now - row.at <= WINDOW:
            best[row.passage] = _better(best.pop(row.passage, row), row)
    last = list(best.values())[-most:]
    reads = [row for row in last if row.is_read]
    faint = sum(not row.is_read and row.plate is not None for row in last)
    sure = sorted(row.confidence for row in last if row.confidence is not None)
    return ReadFigures(
        len(last),
        _share(len(reads), len(last)),
        _share(faint, len(last)),
        percentile(sure, 10),
        percentile(sure, 50),
        _share(sum(row.corrected for row in reads), len(reads)),
    )


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """Give the value that so many percent of the ordered values do not exceed; None of nothing."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else None


def unread_share(loops: int, plates: int) -> float | None:
    """Say which share of the vehicles that the loops have seen has no plate; None without vehicles."""
    return _share(max(0, loops - plates), loops)


def corrected_rows(rows: Iterable[ReadRow], passage: PassageId, plate: Plate | None) -> list[ReadRow]:
    """Give the reads that a correction makes wrong: of that passage, with another plate than it turned out to be."""
    return [row for row in rows if row.passage == passage and row.is_read and row.plate != plate]


def _better(one: ReadRow, other: ReadRow) -> ReadRow:
    return max(one, other, key=lambda row: (row.corrected, row.is_read, row.confidence or 0.0, row.at))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
