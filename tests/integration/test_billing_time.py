"""Money and the clock: how long a quote and its order live, in a drill too, and what waiting costs."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from billing.cashier import SqlCashier
from scada.clock import VARIABLE, SystemClock, clock_setting
from scada.config import Config
from scada.model.lane.words import Ending, Reason
from scada.sim.trial.ports import free_port
from scada.store.schema import pay_order, settlement, stay
from tests.support.billing import HOUR_S, IN1, OUT1, Phone, Told, made_config, made_passage, open_till, wechat_process
from tests.support.store import open_database, until

PLATE = "京A12345"
SPEED = 3600.0
ASKING = tuple(0.5 * number for number in range(1, 40))


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone, SystemClock]]:
    """A platform in whose drill an hour is a second."""
    config = made_config(tmp_path_factory.mktemp("fast"), free_port(), free_port())
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(VARIABLE, clock_setting(SPEED))
        clock = SystemClock(float(clock_setting(SPEED).split(":")[0]), SPEED)
        with wechat_process(config) as phone:
            yield config, phone, clock


def with_quotes_of(config: Config, seconds: float) -> Config:
    lanes = [
        lane.model_copy(update={"timing": lane.timing.model_copy(update={"t_quote_s": seconds})})
        for lane in config.lanes
    ]
    return config.model_copy(update={"lanes": tuple(lanes)})


async def test_in_a_drill_a_driver_has_as_long_to_pay_as_in_life_and_fees_equal_what_was_settled(
    fast: tuple[Config, Phone, SystemClock], tmp_path: Path
) -> None:
    config, phone, clock = fast
    told = Told()
    async with (
        open_database(tmp_path) as db,
        SqlCashier(config, db, clock, told.hearers(), ask_after_s=ASKING) as cashier,
    ):
        entry = made_passage(clock.now(), IN1, PLATE, 1)
        parked = await cashier.begin_stay(IN1, entry, Reason.ADMITTED, "lane")
        came = clock.now()
        await until(lambda: clock.now() - came > timedelta(hours=1))
        passage = made_passage(clock.now(), OUT1, PLATE, 7)
        asked = await cashier.quote(OUT1, passage.id, parked)
        assert clock.seconds_at(asked.valid_until) - clock.seconds() == pytest.approx(90, abs=3)
        order = await cashier.order(OUT1, passage.id, asked)
        shown = clock.now()
        await until(lambda: clock.now() - shown > timedelta(hours=2))
        assert await asyncio.to_thread(phone.pay, order.code_url) == "ok"
        await until(lambda: bool(told.settled))
        paid = clock.now()
        await until(lambda: clock.now() - paid > timedelta(hours=1))
        await cashier.end_stay(OUT1, parked, passage, Reason.PAID, "lane", Ending.EXIT)
        [row] = await db.read(lambda conn: conn.execute(stay.select()).all())
        [settled] = await db.read(lambda conn: conn.execute(settlement.select()).all())
        assert row.fee_fen == row.paid_fen == settled.amount_fen == asked.due_fen
        assert (row.arrears_fen, row.waived_fen) == (0, 0)
        assert row.paid_until - settled.paid_at == timedelta(minutes=15)


@pytest.mark.parametrize(("t_quote_s", "life_s"), [(90.0, 90), (45.0, 60), (120.0, 120)])
async def test_a_quote_lives_as_long_as_its_lane_says_and_its_order_a_minute_at_least(
    fast: tuple[Config, Phone, SystemClock], tmp_path: Path, t_quote_s: float, life_s: int
) -> None:
    config = with_quotes_of(fast[0], t_quote_s)
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(60.0,)) as till:
        parked = await till.come_in(PLATE)
        till.clock.later_s += HOUR_S / 2
        at = till.clock.now()
        passage = made_passage(at, OUT1, PLATE, 7)
        asked = await till.cashier.quote(OUT1, passage.id, parked)
        assert (asked.valid_until - at).total_seconds() == pytest.approx(t_quote_s, abs=2)
        till.clock.later_s += 1 + t_quote_s
        again = await till.cashier.quote(OUT1, passage.id, parked)
        assert again.valid_until > asked.valid_until
        at = till.clock.now()
        await till.cashier.order(OUT1, passage.id, again)
        [made] = await till.rows(pay_order)
        assert made.quote == again.id
        assert (made.expires_at - at).total_seconds() == pytest.approx(life_s, abs=3)
