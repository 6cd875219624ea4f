"""What may stand behind a key of a tariff that knows a few words only: for whoever fills a form in."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from billing.tariff import words as w

_OF: Final[Mapping[str, type[Enum]]] = {
    "rule_type": w.RuleType,
    "time_rounding_type": w.TimeRounding,
    "free_limit": w.FreeLimit,
    "first_charge_time_mode": w.FirstCharge,
    "free_period_charging_mode": w.FreeCharging,
    "free_period_calculation_mode": w.FreeCalculation,
    "reentry_mode": w.ReentryGap,
    "first_duration_mode": w.FirstDuration,
    "charge_mode": w.ChargeMode,
    "interval_rounding": w.IntervalRounding,
    "straddle": w.Straddle,
    "daily_limit_type": w.DailyLimit,
    "aggregate_limit_mode": w.AggregateLimit,
    "factor_order": w.FactorOrder,
    "rounding_mode": w.RoundingMode,
    "day_type": w.DayType,
    "day_type_mode": w.DayTypeOf,
    "holiday_mode": w.HolidayMode,
    "holiday_missing": w.HolidayMissing,
    "vehicle_type": w.VehicleType,
    "plate_type": w.PlateType,
    "minutes_at": w.MinutesAt,
    "minutes_order": w.MinutesOrder,
    "limit": w.TicketLimit,
}


def choices() -> dict[str, list[str]]:
    """Give the words that each such key takes."""
    return {key: [str(word.value) for word in of] for key, of in _OF.items()}
