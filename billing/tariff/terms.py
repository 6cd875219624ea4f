"""A tariff as values, as it was read: rows, caps, factors, and every choice that the reference wants made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from billing.tariff.words import (
    Again,
    AggregateLimit,
    DailyLimit,
    DayType,
    DayTypeOf,
    FactorOrder,
    FirstCharge,
    FirstDuration,
    FreeCalculation,
    FreeCharging,
    FreeLimit,
    HolidayMissing,
    HolidayMode,
    MinutesAt,
    MinutesOrder,
    PlateType,
    ReentryGap,
    RoundingMode,
    Straddle,
    TicketLimit,
    TimeRounding,
    VehicleType,
    VoucherKind,
)

DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Step:
    """What is charged from `start` minutes on, until before `end`: so much for each unit.

    A unit counts once its `counts_at`-th minute has come. `unit` and `end` None: without end.
    """

    start: int
    end: int | None
    unit: int | None
    amount: int
    counts_at: int


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What holds in one window of the day, on some days, for some vehicles. Minutes of the day; `end` excluded.

    `day` is a day type, or the name of a price group or a season. `holder` is who must hold the car (`concession`).
    """

    start: int
    end: int
    day: DayType | str
    vehicle: VehicleType
    plate: PlateType
    holder: str
    steps: tuple[Step, ...]
    window_cap: int | None
    free_minutes: int | None
    first_again: FirstDuration
    first_minutes: int
    title: str
    title_en: str

    @property
    def all_day(self) -> bool:
        """Say whether the window has no border."""
        return self.end - self.start == DAY_MINUTES and self.start == 0


@dataclass(frozen=True, slots=True)
class Limit:
    """A cap for each day, rising from day to day (the last one stays), or for the whole stay (`daily` None).

    It holds for what is charged on days of `day`, to such vehicles and plates, whose holder is `holder`.
    """

    daily: DailyLimit | None
    amounts: tuple[int, ...]
    vehicle: VehicleType = VehicleType.ALL
    name: str = ""
    day: DayType | str = DayType.ALL
    plate: PlateType = PlateType.ALL
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Concession:
    """What holders of something get: free parking, first minutes (`again`: when they are given anew), a factor."""

    holder: str
    free: bool = False
    free_minutes: int = 0
    again: frozenset[Again] = frozenset()
    factor: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class VehicleClass:
    """The factor of a vehicle class, and from how many seats on a vehicle is of it."""

    vehicle: VehicleType
    factor: Fraction = Fraction(1)
    seats_from: int | None = None


@dataclass(frozen=True, slots=True)
class Season:
    """A range of days of every year, both ends included, and the weekdays in it (Monday is 0)."""

    name: str
    first: tuple[int, int]
    last: tuple[int, int]
    weekdays: frozenset[int]

    def has(self, month: int, day: int, weekday: int) -> bool:
        """Say whether a day is in it; a season may go over the year's end."""
        here = (month, day)
        inside = self.first <= here <= self.last if self.first <= self.last else here >= self.first or here <= self.last
        return inside and weekday in self.weekdays


@dataclass(frozen=True, slots=True)
class Ticket:
    """A named voucher: what it lets off, how often it counts, whether it goes together with others."""

    name: str
    kind: VoucherKind
    value: int
    limit: TicketLimit
    stackable: bool


@dataclass(frozen=True, slots=True)
class VoucherTerms:
    """How vouchers count."""

    minutes_at: MinutesAt
    order: MinutesOrder
    stackable: bool
    tickets: tuple[Ticket, ...] = ()

    def ticket(self, name: str) -> Ticket | None:
        """Give a ticket by its name."""
        return next((ticket for ticket in self.tickets if ticket.name == name), None)


@dataclass(frozen=True, slots=True)
class Free:
    """The free minutes of an entry, and all that must be said about them."""

    minutes: int = 0
    limit: FreeLimit = FreeLimit.INCLUSIVE
    mode: FirstCharge = FirstCharge.ENTER
    charging: FreeCharging = FreeCharging.ONCE_PER_ENTRY
    calculation: FreeCalculation = FreeCalculation.CONCURRENT
    again: frozenset[Again] = frozenset()


@dataclass(frozen=True, slots=True)
class Reentry:
    """Within how many minutes a car that comes back goes on with its old stay, and whether the time away is charged."""

    gap: ReentryGap = ReentryGap.NEVER
    minutes: int = 0

    def holds(self, away: timedelta) -> bool:
        """Say whether a car that was away so long goes on with its old stay."""
        return self.gap is not ReentryGap.NEVER and away <= timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Days:
    """What is to be said about day types; `groups` gives the price group of a holiday by its name in the table."""

    of: DayTypeOf = DayTypeOf.UNIT
    mode: HolidayMode = HolidayMode.CALENDAR
    missing: HolidayMissing = HolidayMissing.REFUSE
    groups: Mapping[str, str] | None = None
    seasons: tuple[Season, ...] = ()
    matter: bool = False
    """Some rule or cap holds on some days only."""

    @property
    def need_table(self) -> bool:
        """Say whether the site's holiday table is looked at."""
        return self.matter and (self.mode is not HolidayMode.CALENDAR or bool(self.groups))


@dataclass(frozen=True, slots=True)
class Rounding:
    """To so many fen, which way."""

    unit: int = 1
    mode: RoundingMode = RoundingMode.HALF_UP


@dataclass(frozen=True, slots=True, eq=False)
class Tariff:
    """One version of a tariff. Durations are whole minutes, amounts whole fen.

    Two are equal when their terms are; `digest` names the terms, and is what people sign.
    """

    name: str
    version: str
    title: str
    title_en: str
    effective_from: str
    zones: tuple[str, ...]
    demo: bool
    free_exit_duration: int
    time_rounding_type: TimeRounding
    free: Free
    reentry: Reentry
    restart: frozenset[Again]
    first_period_restart: frozenset[Again]
    straddle: Straddle
    uncharged_time_counts: bool
    rules: tuple[Rule, ...]
    limits: tuple[Limit, ...]
    limit_mode: AggregateLimit
    limit_named: str
    concessions: tuple[Concession, ...]
    classes: tuple[VehicleClass, ...]
    price_per_space: bool
    factor_order: FactorOrder
    rounding: Rounding
    days: Days
    vouchers: VoucherTerms | None
    source: Mapping[str, object]
    digest: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tariff) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def terms(self) -> dict[str, object]:
        """Give the terms as JSON values, to be kept with a stay."""
        return dict(self.source)

    @property
    def grace(self) -> timedelta:
        """How long a car may take to leave once it has paid."""
        return timedelta(minutes=self.free_exit_duration)
