"""When a booking lets a car in, which one counts of several, and what a host may book. Pure decisions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from billing.tariff import VoucherKind
from billing.vouchers.terms import MOST, Merchant, left_of
from scada.model.money import NOTHING, Fen, yuan_text
from scada.model.names import BookingId, MerchantId
from scada.model.plate import Plate

ENTRIES_MOST: Final = 1000
NOTE_MOST: Final = 64


class Pays(Enum):
    """What the host pays of a visitor's stay: nothing, all of it, or so many minutes or fen of it."""

    NOTHING = "none"
    FULL = "full"
    MINUTES = "minutes"
    MONEY = "money"


KIND_OF: Final[Mapping[Pays, VoucherKind]] = {
    Pays.FULL: VoucherKind.FULL,
    Pays.MINUTES: VoucherKind.MINUTES,
    Pays.MONEY: VoucherKind.MONEY,
}
"""As which voucher of the host each counts."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for bookings of a site.

    A visitor may come `early` before his time and `late` after it. A booking lasts `longest` at most, and begins within
    `ahead` from now. A host pays for a `stay` so long at most, then a person looks.
    """

    early: timedelta = timedelta(minutes=30)
    late: timedelta = timedelta(minutes=60)
    longest: timedelta = timedelta(days=31)
    ahead: timedelta = timedelta(days=90)
    stay: timedelta = timedelta(hours=72)


AS_SHIPPED: Final = Rules()
"""What holds where the site's file says nothing else."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visitor as a host announces him; he may come `entries` times, 0: as often as he likes."""

    plate: Plate
    since: datetime
    until: datetime
    pays: Pays = Pays.NOTHING
    value: int = 0
    entries: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """A visitor who was announced; `came`: how often he has come."""

    id: BookingId
    host: MerchantId
    wanted: Wanted
    made_at: datetime
    came: int = 0
    withdrawn: bool = False

    @property
    def pays(self) -> bool:
        """Say whether the host pays anything of the stay."""
        return self.wanted.pays is not Pays.NOTHING

    @property
    def has_entries(self) -> bool:
        """Say whether the car may come once more."""
        return not self.withdrawn and (not self.wanted.entries or self.came < self.wanted.entries)

    def lets_in(self, at: datetime, rules: Rules) -> bool:
        """Say whether it lets its car in at a moment."""
        return self.has_entries and self.wanted.since - rules.early <= at <= self.wanted.until + rules.late

    def may_come(self, at: datetime, rules: Rules) -> bool:
        """Say whether its car may still come, now or later."""
        return self.has_entries and at <= self.wanted.until + rules.late


class State(Enum):
    """How a booking stands."""

    EXPECTED = "expected"
    CAME = "came"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"


def state_of(booking: Booking, at: datetime, rules: Rules) -> State:
    """Say how a booking stands; one that was withdrawn after its car had come has come."""
    if booking.came:
        return State.CAME
    if booking.withdrawn:
        return State.WITHDRAWN
    return State.EXPECTED if booking.may_come(at, rules) else State.MISSED


def chosen(bookings: Iterable[Booking], at: datetime, rules: Rules) -> Booking | None:
    """Give the booking that counts for a car that comes now, None if none does.

    Of several: one whose time it is before one that is early or late, a host who pays before one who does not, then the
    one that ends first, and the oldest.
    """
    good = [one for one in bookings if one.lets_in(at, rules)]
    return min(good, key=lambda one: _rank(one, at), default=None)


def _rank(booking: Booking, at: datetime) -> tuple[bool, bool, datetime, BookingId]:
    wanted = booking.wanted
    return (not wanted.since <= at <= wanted.until, not booking.pays, wanted.until, booking.id)


class BookLimit(Enum):
    """What keeps a host from booking one more visitor."""

    ENDED = "ended"
    MAY_NOT = "may_not"
    WRONG = "wrong"
    PAST = "past"
    LONG = "long"
    FAR = "far"
    AGAIN = "again"
    OPEN = "open"
    PER_DAY = "per_day"
    MONTH = "month"
    UNPAID = "unpaid"
    GONE = "gone"
    CAME = "came"


@dataclass(frozen=True, slots=True)
class NotBooked:
    """It was not booked, changed or withdrawn: why, and which limit was reached."""

    why: str
    limit: BookLimit


@dataclass(frozen=True, slots=True)
class Booked:
    """What a host has booked: of this plate, how many that may still come, how many today; what this month costs it.

    `promised_fen` is what its bookings that may still come can cost at most, as far as they name a sum.
    """

    same_plate: Sequence[Booking] = ()
    open: int = 0
    today: int = 0
    month_fen: Fen = NOTHING
    promised_fen: Fen = NOTHING
    owes_fen: Fen = NOTHING
    reserved_fen: Fen = NOTHING


def promised(wanted: Wanted, came: int = 0) -> Fen:
    """Give what a booking may still cost its host at most, as far as it names a sum; the next time, of any number."""
    if wanted.pays is not Pays.MONEY:
        return NOTHING
    return Fen(wanted.value * (max(0, wanted.entries - came) if wanted.entries else 1))


def why_not_book(host: Merchant, wanted: Wanted, booked: Booked, at: datetime, rules: Rules) -> NotBooked | None:
    """Say why a host may not book this visitor now; None if it may."""
    return _wrong(wanted) or _not_agreed(host) or _wrong_time(wanted, at, rules) or _too_many(host, wanted, booked)


def _wrong(wanted: Wanted) -> NotBooked | None:
    if not 0 <= wanted.entries <= ENTRIES_MOST or len(wanted.note) > NOTE_MOST:
        return NotBooked(f"entries: 0 to {ENTRIES_MOST}; a note has at most {NOTE_MOST} signs", BookLimit.WRONG)
    kind = KIND_OF.get(wanted.pays)
    most = 0 if kind is None else MOST[kind]
    least = 1 if most else 0
    if not least <= wanted.value <= most:
        return NotBooked(f"what the host pays, {wanted.pays.value}: from {least} to {most}", BookLimit.WRONG)
    return None


def _not_agreed(host: Merchant) -> NotBooked | None:
    if host.ended_at is not None:
        return NotBooked(f"the agreement with {host.name} has ended", BookLimit.ENDED)
    if host.agreement.hosting is None:
        return NotBooked(f"{host.name} books no visitors: daozha merchant change … --may-book", BookLimit.MAY_NOT)
    return None


def _wrong_time(wanted: Wanted, at: datetime, rules: Rules) -> NotBooked | None:
    if wanted.until <= wanted.since:
        return NotBooked("it ends before it begins", BookLimit.WRONG)
    if wanted.until + rules.late < at:
        return NotBooked("its time is over already", BookLimit.PAST)
    if wanted.until - wanted.since > rules.longest:
        return NotBooked(f"a booking lasts {rules.longest.days} days at most", BookLimit.LONG)
    if wanted.since - at > rules.ahead:
        return NotBooked(f"a booking begins within {rules.ahead.days} days", BookLimit.FAR)
    return None


def _too_many(host: Merchant, wanted: Wanted, booked: Booked) -> NotBooked | None:
    terms, name = host.agreement.hosting, host.name
    if terms is None:
        return None
    if any(one.wanted.since < wanted.until and wanted.since < one.wanted.until for one in booked.same_plate):
        return NotBooked("this plate is booked for this time already", BookLimit.AGAIN)
    if terms.open and booked.open >= terms.open:
        return NotBooked(f"{name} has {terms.open} visitors at a time who may still come", BookLimit.OPEN)
    if terms.per_day and booked.today >= terms.per_day:
        return NotBooked(f"{name} books {terms.per_day} a day at most", BookLimit.PER_DAY)
    if wanted.pays is Pays.NOTHING:
        return None
    spent = booked.month_fen + booked.promised_fen
    if terms.month_fen and (spent >= terms.month_fen or spent + promised(wanted) > terms.month_fen):
        return NotBooked(f"{name} pays {yuan_text(terms.month_fen)} yuan a month for visitors at most", BookLimit.MONTH)
    left = left_of(host.agreement, booked.owes_fen, booked.reserved_fen)
    if left is not None and left <= 0:
        return NotBooked(f"the account of {name} is used up: it must pay first", BookLimit.UNPAID)
    return None
