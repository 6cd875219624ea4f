"""Tariffs for tests: a simple one whose terms may be changed, the shipped examples, the vectors of the reference."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from billing.tariff import ANY_CAR, NO_TABLE, HolidayTable, Pricer, Tariff, Vehicle, read_tariff
from billing.versions.files import read_folder

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "billing" / "tariffs"
EXAMPLES = SHIPPED / "examples"
VECTORS = Path(__file__).parent / "tariff_vectors.json"
SHANGHAI = ZoneInfo("Asia/Shanghai")
Terms = dict[str, object]

ROW: Terms = {"interval_duration": 60, "interval_amount": 500, "interval_rounding": "INTERVAL_ROUND_UP"}
CAP: Terms = {"daily_limit_type": "DAILY_LIMIT_ROLLING_24H", "max_fee_per_day": 4000}
SIMPLE: Terms = {
    "name": "simple",
    "version": "simple-1",
    "title": "停车",
    "title_en": "parking",
    "effective_from": "2026-01-01",
    "rule_type": "CHARGING_RULE_FIXED_INTERVAL",
    "time_rounding_type": "TIME_ROUND_UP",
    "free_entry_duration": 15,
    "free_exit_duration": 15,
    "reentry_mode": "REENTRY_NEVER",
    "free_limit": "FREE_LIMIT_INCLUSIVE",
    "first_charge_time_mode": "FIRST_CHARGE_TIME_MODE_ENTER",
    "free_period_charging_mode": "FREE_PERIOD_CHARGING_ONCE_PER_ENTRY",
    "free_period_calculation_mode": "FREE_PERIOD_CAL_CONCURRENT_START",
    "free_restart": [],
    "restart": ["ROLLING_24H"],
    "fixed_interval_rule": [ROW],
    "fee_limit": [CAP],
}


def simple_terms(**changes: object) -> Terms:
    """Give the simple tariff's terms with some changed; None takes a key out."""
    return {key: value for key, value in {**SIMPLE, **changes}.items() if value is not None}


def simple_tariff(**changes: object) -> Tariff:
    """Give the simple tariff with some terms changed."""
    return read_tariff(simple_terms(**changes))


def example(name: str) -> Tariff:
    """Give one of the shipped examples by its name."""
    return next(file.tariff for file in read_folder(EXAMPLES).files if file.tariff.name == name)


def local(text: str) -> datetime:
    """Give a moment in Shanghai: `2026-03-03 10:00` or only the hour of that Tuesday."""
    return datetime.fromisoformat(f"2026-03-03 {text}" if len(text) < 9 else text).replace(tzinfo=SHANGHAI)


def fen(
    tariff: Tariff,
    entry: str,
    leave: str | int,
    vehicle: Vehicle = ANY_CAR,
    table: HolidayTable = NO_TABLE,
) -> int:
    """Price a stay from an entry to an exit, or of so many minutes."""
    began = local(entry)
    until = began + timedelta(minutes=leave) if isinstance(leave, int) else local(leave)
    return Pricer(tariff, SHANGHAI, vehicle, table).total(began, until)


def vectors() -> list[Mapping[str, object]]:
    """Give the vectors of the reference."""
    return list(json.loads(VECTORS.read_text(encoding="utf-8")))
