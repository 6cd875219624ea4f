"""Who came and left and what was paid, by hour or day, lane, vehicle and channel. One cell for each of them together.

Cars count where and when they passed, money when it was entered: a fee that was paid ahead stands in the hour and
beside the lanes where it was paid.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from billing.accounts.chart import Account
from scada.reports.lot.cars import UNCOUNTED, Cars
from scada.reports.money.moves import CARD, MONEY, VOUCHER, Move

Key = TypeVar("Key")
CHANNELS: Final = (*MONEY, VOUCHER, CARD)
_RECEIVABLE, _DEFERRED = Account.RECEIVABLE.value, Account.DEFERRED.value
FREE_WHY: Final = frozenset({"FREE", "MONTH", "WHITE_LIST", "TRANSIT", "SPECIAL", "VISITOR", "FIRE"})


class Place(NamedTuple):
    """Where figures belong. `lane` is empty for what happens at none, `vehicle` where no car is named."""

    at: datetime
    lane: str
    vehicle: str


@dataclass(slots=True)
class Cell:
    """Cars and fen. `came` began a stay, `left` were seen to end one; `fen` by channel."""

    came: int = 0
    left: int = 0
    uncounted: int = 0
    without_fee: int = 0
    fen: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHANNELS, 0))

    @property
    def taken_fen(self) -> int:
        """What was paid of fees and debts, in money."""
        return sum(self.fen[channel] for channel in MONEY)

    def add(self, other: "Cell") -> None:
        """Count another cell to this one."""
        self.came += other.came
        self.left += other.left
        self.uncounted += other.uncounted
        self.without_fee += other.without_fee
        for channel, fen in other.fen.items():
            self.fen[channel] += fen


def reckon(cars: Iterable[Cars], moves: Iterable[Move], start_of: Callable[[datetime], datetime]) -> dict[Place, Cell]:
    """Fill the cells; `start_of` gives the hour or the day that a moment belongs to."""
    cells: defaultdict[Place, Cell] = defaultdict(Cell)
    for alike in cars:
        _count(cells[Place(start_of(alike.at), alike.lane, alike.vehicle)], alike)
    for move in moves:
        channel, fen = channel_of(move)
        if channel:
            cells[Place(start_of(move.at), move.lane, move.vehicle)].fen[channel] += fen
    return dict(sorted(cells.items(), key=lambda one: (one[0].at, one[0].lane, one[0].vehicle)))


def in_all(cars: Iterable[Cars], moves: Iterable[Move]) -> Cell:
    """Fill one cell with everything."""
    every = Cell()
    for alike in cars:
        _count(every, alike)
    for move in moves:
        channel, fen = channel_of(move)
        if channel:
            every.fen[channel] += fen
    return every


def _count(cell: Cell, alike: Cars) -> None:
    match alike.ending:
        case "":
            cell.came += alike.number
        case ending if ending in UNCOUNTED:
            cell.uncounted += alike.number
        case _:
            cell.left += alike.number
            cell.without_fee += alike.without_fee


def channel_of(move: Move) -> tuple[str, int]:
    """Say which channel a posting counts for, and with how much; no channel if it is no payment."""
    if move.is_taken:
        return move.channel, move.taken_fen
    if move.kind == "voucher" and move.account == _RECEIVABLE:
        return VOUCHER, -move.fen
    if move.kind == "card_paid" and move.account == _DEFERRED:
        return CARD, -move.fen
    return "", 0


def together(cells: dict[Place, Cell], key: Callable[[Place], Key]) -> dict[Key, Cell]:
    """Add cells up by whatever is asked, in the order of the keys."""
    sums: defaultdict[Key, Cell] = defaultdict(Cell)
    for place, cell in cells.items():
        sums[key(place)].add(cell)
    return dict(sums)


def total(cells: Iterable[Cell]) -> Cell:
    """Add everything up."""
    every = Cell()
    for cell in cells:
        every.add(cell)
    return every


def used(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Give the channels by which anything came, in their order."""
    return tuple(channel for channel in CHANNELS if any(cell.fen[channel] for cell in cells))
