"""What a stay costs: tariffs as data, priced by pure functions (docs/tariffs.md)."""

from billing.tariff.calendar import NO_TABLE, DayKind, HolidayTable, Special
from billing.tariff.credits import HOST, NO_CREDITS, CreditLine, Credits, Quote, Voucher, credit_lines, quote
from billing.tariff.lines import Line, LineKind
from billing.tariff.plan import ANY_CAR, Vehicle
from billing.tariff.price import Change, Priced, Pricer, price
from billing.tariff.reading import read_tariff
from billing.tariff.reentry import ALONE, GoesOn
from billing.tariff.sentences import Bill, in_words
from billing.tariff.terms import Tariff
from billing.tariff.words import DayType, Fault, FreeCharging, PlateType, TariffError, VehicleType, VoucherKind

__all__ = [
    "ALONE",
    "ANY_CAR",
    "HOST",
    "NO_CREDITS",
    "NO_TABLE",
    "Bill",
    "Change",
    "CreditLine",
    "Credits",
    "DayKind",
    "DayType",
    "Fault",
    "FreeCharging",
    "GoesOn",
    "HolidayTable",
    "Line",
    "LineKind",
    "PlateType",
    "Priced",
    "Pricer",
    "Quote",
    "Special",
    "Tariff",
    "TariffError",
    "Vehicle",
    "VehicleType",
    "Voucher",
    "VoucherKind",
    "credit_lines",
    "in_words",
    "price",
    "quote",
    "read_tariff",
]
