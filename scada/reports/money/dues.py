"""What was due and what became of it, day by day. Each day adds up to nothing, or the report says what does not.

For the stays: fees = let off by rule + let off by people + vouchers + received + left owing, less what was paid ahead
before. For the arrears: before + made - recovered - written off = after. And each figure of the ledger is held against
the tables that the lanes work with, reckoned for itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from sqlalchemy import Connection

from billing.accounts.chart import Account
from scada.model.names import SiteId
from scada.reports.money.moves import OPENING, PAYING, Move, balances, read_moves
from scada.reports.money.working import Worked, read_working

_R, _A = Account.RECEIVABLE.value, Account.ARREARS.value


class _In:
    """The accounts by name, looked up once: a month has thousands of sums."""

    ARREARS = Account.ARREARS.value
    DISCOUNT = Account.DISCOUNT.value
    GOODWILL = Account.GOODWILL.value
    PARKING = Account.PARKING.value
    RECEIVABLE = Account.RECEIVABLE.value
    REFUNDED = Account.REFUNDED.value
    REFUND_PAYABLE = Account.REFUND_PAYABLE.value
    WECHAT = Account.WECHAT.value
    WRITTEN_OFF = Account.WRITTEN_OFF.value


_CLOSING: Final = frozenset({"ended", OPENING})


@dataclass(frozen=True, slots=True)
class Difference:
    """Two figures of a day that should be equal: the ledger's, and what the other side says."""

    day: date
    what: str
    ledger_fen: int
    other_fen: int


@dataclass(slots=True)
class Dues:
    """One day, in fen. `ahead` is what stays that are open have paid and been let off when the day ends."""

    day: date
    fees_fen: int = 0
    by_rule_fen: int = 0
    by_people_fen: int = 0
    vouchers_fen: int = 0
    received_fen: int = 0
    made_fen: int = 0
    ahead_before_fen: int = 0
    ahead_fen: int = 0
    owed_before_fen: int = 0
    recovered_fen: int = 0
    written_off_fen: int = 0
    owed_fen: int = 0
    given_back_fen: int = 0
    surplus_fen: int = 0
    _moved: dict[str, int] = field(default_factory=lambda: {_R: 0, _A: 0})

    @property
    def taken_fen(self) -> int:
        """All that was paid of what stays owe, now or later."""
        return self.received_fen + self.recovered_fen

    @property
    def stays_rest_fen(self) -> int:
        """What of the fees nothing explains: none."""
        gone = self.by_rule_fen + self.by_people_fen + self.vouchers_fen + self.received_fen + self.made_fen
        return self.fees_fen - gone + self.ahead_fen - self.ahead_before_fen

    @property
    def arrears_rest_fen(self) -> int:
        """What of the arrears nothing explains: none."""
        return self.owed_before_fen + self.made_fen - self.recovered_fen - self.written_off_fen - self.owed_fen

    def count(self, account: str, kind: str, fen: int) -> None:
        """Count postings of an account that are of one kind where they belong."""
        if account in self._moved:
            self._moved[account] += fen
        match account, kind:
            case _In.PARKING, _:
                self.fees_fen -= fen
            case _In.DISCOUNT, kind if kind in _CLOSING:
                self.by_rule_fen += fen
            case _In.GOODWILL, _:
                self.by_people_fen += fen
            case _In.RECEIVABLE, "voucher":
                self.vouchers_fen -= fen
            case _In.RECEIVABLE, kind if kind in PAYING:
                self.received_fen -= fen
            case _In.WECHAT, "opening":
                self.received_fen += fen
            case _In.ARREARS, kind if kind in _CLOSING:
                self.made_fen += fen
            case _In.ARREARS, kind if kind in PAYING:
                self.recovered_fen -= fen
            case _In.WRITTEN_OFF, _:
                self.written_off_fen += fen
            case _In.REFUNDED, _:
                self.given_back_fen += fen
            case _In.REFUND_PAYABLE, "paid":
                self.surplus_fen -= fen
            case _:
                pass

    def end(self, before: "Dues | None", opening: Mapping[str, int]) -> None:
        """Reckon what the accounts held when the day began and ended."""
        self.ahead_before_fen = before.ahead_fen if before else -opening.get(_R, 0)
        self.owed_before_fen = before.owed_fen if before else opening.get(_A, 0)
        self.ahead_fen = self.ahead_before_fen - self._moved[_R]
        self.owed_fen = self.owed_before_fen + self._moved[_A]

    def differences(self, worked: Worked) -> Iterable[Difference]:
        """Say what of the day does not add up, or is another figure in the working tables."""
        pairs = (
            ("fees less what became of them", self.stays_rest_fen, 0),
            ("arrears less what became of them", self.arrears_rest_fen, 0),
            ("fees", self.fees_fen, worked.fees_fen),
            ("taken", self.taken_fen, worked.taken_fen),
            ("vouchers", self.vouchers_fen, worked.vouchers_fen),
        )
        return (Difference(self.day, what, ledger, other) for what, ledger, other in pairs if ledger != other)


@dataclass(frozen=True, slots=True)
class DuesBook:
    """The days, and what of them does not agree."""

    days: Sequence[Dues]
    differences: Sequence[Difference]


def reckon(
    moves: Iterable[Move], opening: Mapping[str, int], worked: Mapping[date, Worked], zone: tzinfo, days: Sequence[date]
) -> DuesBook:
    """Reckon every day; `opening` is what the accounts held before the first one."""
    found = {day: Dues(day) for day in days}
    sums: defaultdict[tuple[datetime, str, str], int] = defaultdict(int)
    for at, kind, account, fen, *_ in moves:
        sums[at, account, kind] += fen
    for (at, account, kind), fen in sums.items():
        found[at.astimezone(zone).date()].count(account, kind, fen)
    before: Dues | None = None
    for one in found.values():
        one.end(before, opening)
        before = one
    wrong = [each for day, one in found.items() for each in one.differences(worked.get(day, Worked()))]
    return DuesBook(tuple(found.values()), wrong)


def read_dues(connection: Connection, site: SiteId, since: datetime, until: datetime, zone: tzinfo) -> DuesBook:
    """Read and reckon the days from `since` to before `until`."""
    moves = read_moves(connection, site, since, until, zone, vehicles=False)
    return reckon_dues(connection, site, moves, since, until, zone)


def reckon_dues(
    connection: Connection, site: SiteId, moves: Iterable[Move], since: datetime, until: datetime, zone: tzinfo
) -> DuesBook:
    """Reckon the days of postings that were read already, and read what they are held against."""
    opening, worked = balances(connection, site, since), read_working(connection, site, since, until, zone)
    return reckon(moves, opening, worked, zone, days_from(since, until, zone))


def days_from(since: datetime, until: datetime, zone: tzinfo) -> list[date]:
    """Give the site's days from one moment to before another."""
    first, last = since.astimezone(zone).date(), (until - timedelta(microseconds=1)).astimezone(zone).date()
    return [first + timedelta(days=nth) for nth in range((last - first).days + 1)]
