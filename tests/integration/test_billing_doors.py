"""What the control room asks of merchants, vouchers and old debts."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing.books import Books
from billing.doors.arrears import ArrearsDoor
from billing.doors.vouchers import VoucherDoor
from billing.vouchers.desk import VoucherDesk
from scada.config import Config
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.lane.words import Ending, Reason
from scada.model.money import Fen
from scada.sim.trial.ports import free_port
from scada.store.operators import Operators
from tests.support.billing import HOUR_S, OUT1, Till, made_config, made_passage, open_till, wechat_process
from tests.support.ledger import agrees
from tests.support.store import open_database

AGREED = {
    "manner": "POSTPAID",
    "most": {"minutes": 120, "full": 0},
    "limit_fen": 9000,
    "per_plate": 0,
    "per_day": 0,
    "pays_percent": 100,
}


@dataclass
class Room:
    """The verbs, and the till behind them."""

    till: Till
    verbs: dict[str, Handler]

    async def ask(self, verb: str, **args: object) -> Any:  # noqa: ANN401 - whatever the verb gives
        """Ask in a manager's name."""
        return await self.verbs[verb](Ask("control", verb, args, "li", "manager", "", ""))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    made = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(made):
        yield made


@pytest.fixture
async def room(config: Config, tmp_path: Path) -> AsyncIterator[Room]:
    async with open_database(tmp_path) as db, open_till(config, db) as till:
        books, operators = Books.of(config), Operators(db, config.site_id, till.clock)
        desk = VoucherDesk(db, books, till.clock, ZoneInfo("Asia/Shanghai"), lambda _stay: None)
        door = VoucherDoor(desk, db, books, till.clock)
        old = ArrearsDoor(till.cashier, db, books, till.clock, operators, Fen(600))
        yield Room(till, {**door.verbs(), **old.verbs()})
        await db.read(agrees)


async def left_owing(room: Room, hours: float) -> str:
    parked = await room.till.come_in()
    room.till.clock.later_s += hours * HOUR_S
    passage = made_passage(room.till.clock.now(), OUT1, "京A12345", 7)
    await room.till.cashier.end_stay(OUT1, parked, passage, Reason.QUEUE, "wang", Ending.EXIT)
    return parked


async def test_a_merchant_is_taken_in_gives_and_is_ended(room: Room) -> None:
    await room.ask("add_merchant", name="Shop", **AGREED)
    given = await room.ask("give_voucher", merchant="Shop", kind="minutes", value=60, plate="京a12345")
    [shown] = await room.ask("vouchers", plate="京A12345")
    assert (shown["id"], shown["state"]) == (given["voucher"], "ISSUED")
    with pytest.raises(BridgeRefusal, match="at most 120"):
        await room.ask("give_voucher", merchant="Shop", kind="minutes", value=121, plate="京A12345")
    await room.ask("withdraw_voucher", voucher=given["voucher"], why="the wrong car")
    await room.ask("end_merchant", merchant="Shop")
    with pytest.raises(BridgeRefusal, match="has ended"):
        await room.ask("give_voucher", merchant="Shop", kind="full", plate="京A12345")
    [merchant] = await room.ask("merchants")
    assert (merchant["merchant"], merchant["owes_fen"]) == ("Shop", 0)


@pytest.mark.parametrize(
    "wrong",
    [{"most": {}}, {"most": {"coins": 1}}, {"most": {"percent": 101}}, {"manner": "BARTER"}, {"pays_percent": 101}],
)
async def test_what_no_merchant_can_agree_to_is_refused(room: Room, wrong: dict[str, object]) -> None:
    with pytest.raises(BridgeRefusal):
        await room.ask("add_merchant", name="Shop", **{**AGREED, **wrong})


async def test_a_small_debt_is_given_up_by_one_person_and_a_large_one_by_two(room: Room) -> None:
    small = await left_owing(room, 0.9)
    [owing] = await room.ask("arrears")
    assert (owing["plate"], owing["owes_fen"]) == ("京A12345", 500)
    assert await room.ask("write_off_arrears", stay=small, why="the lane was jammed") == {"amount_fen": 500}
    large = await left_owing(room, 1.9)
    with pytest.raises(BridgeRefusal, match="a second person"):
        await room.ask("write_off_arrears", stay=large, why="the lane was jammed")
    assert len(await room.ask("arrears", plate="京A12345")) == 1
