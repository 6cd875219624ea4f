"""Who has not been heard of for too long: looked at in groups, and a group only when one of it could be too old."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scada.engine.tag.cell import Cell
from scada.engine.tag.wheel import Wheel

MOST = 250
"""Cells of a group: the loop is not held up by one look."""
SPREAD = 0.25
"""Groups look so much of their limit early, each another share of it: tags scanned together are not all due at once."""


@dataclass(frozen=True, slots=True)
class _Group:
    cells: tuple[Cell, ...]
    limit_s: float
    early_s: float


class Ageing:
    """Watches the age of all tags that have a limit."""

    def __init__(self, cells: Iterable[Cell], at_s: float) -> None:
        self._wheel: Wheel[_Group] = Wheel()
        for group in _groups(cells):
            self._wheel.add(group, at_s + group.limit_s - group.early_s)

    def too_old(self, now_s: float) -> Iterator[Cell]:
        """Give the tags that have just become too old."""
        for group in self._wheel.due(now_s):
            yield from self._look(group, now_s)

    def _look(self, group: _Group, now_s: float) -> list[Cell]:
        limit_s = group.limit_s
        oldest_s, first_s, old = now_s - limit_s, now_s, []
        for cell in group.cells:
            if cell.ages and cell.seen_s < first_s:
                if cell.seen_s < oldest_s:
                    old.append(cell)
                else:
                    first_s = cell.seen_s
        due_s = first_s + limit_s
        early_s = due_s - group.early_s
        self._wheel.add(group, early_s if early_s > now_s else due_s)
        return old


def _groups(cells: Iterable[Cell]) -> Iterator[_Group]:
    alike: dict[tuple[str, float], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.spec.stale_s is not None:
            alike[cell.spec.device, cell.spec.stale_s].append(cell)
    parts = [
        (members[at : at + MOST], limit_s)
        for (_, limit_s), members in alike.items()
        for at in range(0, len(members), MOST)
    ]
    for number, (members, limit_s) in enumerate(parts):
        yield _Group(tuple(members), limit_s, limit_s * SPREAD * number / len(parts))
