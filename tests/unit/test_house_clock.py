"""The clocks: wall time may run fast in a drill, waits never do, and the two are told apart."""

from datetime import UTC, datetime, timedelta

import pytest

from scada.clock import Clock, SystemClock, VirtualClock, real_unix_seconds

CLOCKS = (SystemClock(), SystemClock(real_unix_seconds(), 60.0), VirtualClock(datetime(2026, 3, 3, tzinfo=UTC)))


@pytest.mark.parametrize("clock", CLOCKS)
def test_what_is_so_many_seconds_ahead_is_reached_after_them(clock: Clock) -> None:
    assert clock.seconds_at(clock.ahead(90.0)) - clock.seconds() == pytest.approx(90.0, abs=0.5)


def test_a_quote_of_ninety_seconds_lasts_ninety_minutes_of_a_fast_day_and_ninety_seconds_of_the_driver() -> None:
    clock = SystemClock(real_unix_seconds(), 60.0)
    assert clock.ahead(90.0) - clock.now() == pytest.approx(timedelta(minutes=90), abs=timedelta(minutes=1))
