"""The site's processes as whoever started them knows them, and how that is written down for the plant."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Life:
    """One process: its number while it lives, how often it was started again, and how it ended last."""

    name: str
    pid: int | None = None
    restarts: int = 0
    ended: str = ""


def written(keeper: int, lives: Sequence[Life]) -> str:
    """Write the lives that the process `keeper` watches."""
    return json.dumps({"keeper": keeper, "processes": [asdict(one) for one in lives]})


def read(text: str) -> tuple[int, tuple[Life, ...]]:
    """Read what was written: who watches, and the lives. Raises ValueError if it is not that."""
    try:
        told = json.loads(text)
        return int(told["keeper"]), tuple(_life(one) for one in told["processes"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no list of processes: {error}") from error


def _life(row: dict[str, object]) -> Life:
    pid = row["pid"]
    return Life(str(row["name"]), pid if isinstance(pid, int) else None, int(str(row["restarts"])), str(row["ended"]))
