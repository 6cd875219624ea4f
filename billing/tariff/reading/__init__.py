"""Behind `read_tariff`: a tariff from its terms, with every mistake named by its key."""

from billing.tariff.reading.whole import read_tariff

__all__ = ["read_tariff"]
