"""A car that was away for some minutes only: its new stay goes on with the one before, as one stay in one price."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from scada.model.money import NOTHING, Fen

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class GoesOn:
    """What a stay goes on with: when its car first came in (None: with nothing), and from when to when it was away.

    `charged_fen` is what the stays before were charged, however that was settled: it is never asked for again.
    """

    first_at: datetime | None = None
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    charged_fen: Fen = NOTHING

    def to_json(self) -> dict[str, object]:
        """Give it as JSON values, to be kept with its stay."""
        first = None if self.first_at is None else self.first_at.isoformat()
        gaps = [[left.isoformat(), back.isoformat()] for left, back in self.gaps]
        return {"first_at": first, "gaps": gaps, "charged_fen": self.charged_fen}

    @staticmethod
    def of_json(kept: Mapping[str, Any]) -> "GoesOn":
        """Read what was kept with a stay."""
        first, moment = kept["first_at"], datetime.fromisoformat
        gaps = tuple((moment(left), moment(back)) for left, back in kept["gaps"])
        return GoesOn(None if first is None else moment(first), gaps, Fen(kept["charged_fen"]))

    def began(self, entered_at: datetime) -> datetime:
        """Give the entry from which the price of a stay is reckoned."""
        return self.first_at or entered_at

    def away(self, entered_at: datetime) -> tuple[tuple[int, int], ...]:
        """Give the whole seconds since then in which the car was away."""
        began = self.began(entered_at)
        return tuple(((left - began) // _SECOND, (back - began) // _SECOND) for left, back in self.gaps)


ALONE: Final = GoesOn()
