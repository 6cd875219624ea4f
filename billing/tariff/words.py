"""The words of a tariff file: WeChat's where it has one (`tariffs.md` §2), ours for what real tariffs need beyond."""

from dataclasses import dataclass
from enum import Enum


class RuleType(Enum):
    """Which kind of rows a tariff has."""

    FIXED_INTERVAL = "CHARGING_RULE_FIXED_INTERVAL"
    SEGMENT = "CHARGING_RULE_SEGMENT"
    PER_ENTRY = "CHARGING_RULE_PER_ENTRY"


class TimeRounding(Enum):
    """What becomes of a part minute."""

    UP = "TIME_ROUND_UP"
    DOWN = "TIME_ROUND_DOWN"


class FreeLimit(Enum):
    """Whether a stay of exactly the free minutes is free."""

    INCLUSIVE = "FREE_LIMIT_INCLUSIVE"
    EXCLUSIVE = "FREE_LIMIT_EXCLUSIVE"


class FirstCharge(Enum):
    """Beyond the free minutes: charge from entry (threshold), or only what follows them (deduct)."""

    ENTER = "FIRST_CHARGE_TIME_MODE_ENTER"
    AFTER_FREE = "FIRST_CHARGE_TIME_MODE_AFTER_FREE"


class FreeCharging(Enum):
    """How free minutes are granted to a plate that comes more than once."""

    ONCE_PER_ENTRY = "FREE_PERIOD_CHARGING_ONCE_PER_ENTRY"
    ONCE_PER_24_HOURS = "FREE_PERIOD_CHARGING_ONCE_PER_24_HOURS"
    ONCE_PER_CALENDAR_DAY = "FREE_PERIOD_CHARGING_ONCE_PER_CALENDAR_DAY"
    CUMULATIVE_QUOTA = "FREE_PERIOD_CHARGING_CUMULATIVE_QUOTA_CALCULATION"


class FreeCalculation(Enum):
    """Several free times at once: all start together, or one after the other."""

    CONCURRENT = "FREE_PERIOD_CAL_CONCURRENT_START"
    SEQUENTIAL = "FREE_PERIOD_CAL_SEQUENTIAL_START"


class ReentryGap(Enum):
    """A car that comes back soon: a new stay, or the old one goes on, with the minutes away charged or not."""

    NEVER = "REENTRY_NEVER"
    CHARGED = "REENTRY_GAP_CHARGED"
    FREE = "REENTRY_GAP_FREE"


class FirstDuration(Enum):
    """Whether the first period is given again at each restart."""

    ONLY = "FIRST_DURATION_MODE_ONLY_FIRST_DURATION"
    EVERY = "FIRST_DURATION_MODE_EVERY_FIRST_DURATION"


class ChargeMode(Enum):
    """How one segment is charged."""

    INTERVAL = "INTERVAL"
    ONE_TIME = "ONE_TIME"


class IntervalRounding(Enum):
    """Whether a started unit counts, or only a full one."""

    UP = "INTERVAL_ROUND_UP"
    DOWN = "INTERVAL_ROUND_DOWN"


class Again(Enum):
    """A moment at which something starts anew."""

    ROLLING_24H = "ROLLING_24H"
    CALENDAR_DAY = "CALENDAR_DAY"
    WINDOW = "WINDOW"


class Straddle(Enum):
    """To which side a unit belongs that lies across a border."""

    EARLIER = "STRADDLE_EARLIER"
    LATER = "STRADDLE_LATER"
    SPLIT = "STRADDLE_SPLIT"
    RESTART = "STRADDLE_RESTART"


class DailyLimit(Enum):
    """What a day is to a cap."""

    ROLLING_24H = "DAILY_LIMIT_ROLLING_24H"
    CALENDAR_DAY = "DAILY_LIMIT_CALENDAR_DAY"


class AggregateLimit(Enum):
    """Several caps at once: all of them (the smallest result), or the one that is named."""

    MIN = "AGGREGATE_LIMIT_MODE_MIN"
    NORMAL = "AGGREGATE_LIMIT_MODE_NORMAL"


class FactorOrder(Enum):
    """Whether factors are applied before the caps or after them."""

    BEFORE_CAP = "FACTOR_BEFORE_CAP"
    AFTER_CAP = "FACTOR_AFTER_CAP"


class RoundingMode(Enum):
    """How the total is rounded, once, at the end."""

    HALF_UP = "ROUND_HALF_UP"
    UP = "ROUND_UP"
    DOWN = "ROUND_DOWN"


class DayType(Enum):
    """What sort of day it is."""

    WEEKDAY = "DAY_TYPE_WEEKDAY"
    HOLIDAY = "DAY_TYPE_HOLIDAY"
    ALL = "DAY_TYPE_ALL_DAY"


class DayTypeOf(Enum):
    """Whose day counts when a stay crosses midnight."""

    ENTRY = "DAY_TYPE_OF_ENTRY"
    UNIT = "DAY_TYPE_OF_UNIT"


class HolidayMode(Enum):
    """Which days are holidays: the decreed ones with make-up workdays, weekends only, or whenever banks are closed."""

    LEGAL = "HOLIDAY_MODE_LEGAL_MODY"
    CALENDAR = "HOLIDAY_MODE_CALENDAR_MODY"
    FINANCIAL = "HOLIDAY_MODE_FINANCIAL_MODY"


class HolidayMissing(Enum):
    """What to do while a year's table is missing: price nothing, or take weekends for holidays (and alarm)."""

    REFUSE = "HOLIDAY_MISSING_REFUSE"
    WEEKENDS = "HOLIDAY_MISSING_WEEKENDS"


class VehicleType(Enum):
    """The class of a vehicle; motorcycles are our own addition."""

    SMALL = "VEHICLE_TYPE_SMALL"
    LARGE = "VEHICLE_TYPE_LARGE"
    EXTRA_LARGE = "VEHICLE_TYPE_EXTRA_LARGE"
    MOTORCYCLE = "VEHICLE_TYPE_MOTORCYCLE"
    ALL = "VEHICLE_TYPE_ALL_TYPE"


class PlateType(Enum):
    """As what a car stands here; ALL is our own addition."""

    TEMPORARY = "PLATE_TYPE_TEMPORARY"
    MONTHLY = "PLATE_TYPE_MONTHLY"
    FREE = "PLATE_TYPE_FREE"
    PREPAID = "PLATE_TYPE_PREPAID"
    OTHERS = "PLATE_TYPE_OTHERS"
    ALL = "PLATE_TYPE_ALL_TYPE"


class MinutesAt(Enum):
    """Which part of the stay a voucher of minutes lets off."""

    START = "VOUCHER_MINUTES_AT_START"
    END = "VOUCHER_MINUTES_AT_END"
    DEAREST = "VOUCHER_MINUTES_DEAREST"
    """The first or the last ones, whichever lets off more."""
    CHEAPEST = "VOUCHER_MINUTES_CHEAPEST"
    """The first or the last ones, whichever lets off less."""


class MinutesOrder(Enum):
    """Whether a voucher's minutes run before the free time or after it, where one follows the other."""

    BEFORE_FREE = "VOUCHER_BEFORE_FREE"
    AFTER_FREE = "VOUCHER_AFTER_FREE"


class VoucherKind(Enum):
    """What a voucher lets off."""

    MINUTES = "minutes"
    MONEY = "money"
    PERCENT = "percent"
    FULL = "full"


class TicketLimit(Enum):
    """How often a ticket counts."""

    NONE = "TICKET_NO_LIMIT"
    ONE_PER_STAY = "TICKET_ONE_PER_STAY"
    ONCE_PER_24_HOURS = "TICKET_ONCE_PER_24_HOURS"


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a tariff: at which key, what is wrong, what to do."""

    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what}; {self.remedy}"


class TariffError(ValueError):
    """A tariff that cannot be used, or cannot price what was asked."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults
