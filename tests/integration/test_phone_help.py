"""Help by a phone: the same timed call as the lane's button makes, answered by one press, and seen by who called."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from billing.doors.myhelp import CALLS_MOST, VIEWS_MOST, PhoneHelp
from billing.driver.bindings import Phones
from billing.driver.tokens import Tokens
from billing.driver.visitors import Seal
from billing.pay.web import Openid
from scada.engine.doors.claims import HELP_MOST
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.names import LaneName, StayId
from scada.model.plate import Plate, PlateUnread
from scada.store.journal import SqlJournal
from scada.store.schema import help_call
from tests.support.engine import until
from tests.support.lane import ON
from tests.support.plantside import Shell, shell

KEY = b"k" * 32
MINE = Plate("京A12345")
STAY = StayId("S1")
OUT1 = LaneName("out1")


@dataclass
class Bench:
    """A lane with its claims and calls, and help on phones beside it; `at` is where the phone's car stands."""

    shell: Shell
    help: PhoneHelp
    inside: dict[StayId, Plate]
    at: list[LaneName]

    async def ask(self, verb: str, openid: str = "oMine", **args: object) -> dict[str, Any]:
        args = {"phone": Seal(KEY).close(Openid(openid), self.shell.clock.now()), **args}
        answer = await self.help.verbs()[verb](Ask("public", verb, args, "", "", "", ""))
        assert isinstance(answer, dict)
        return answer

    async def stands(self, token: str) -> str:
        """Give how a call stands."""
        return str((await self.ask("help_view", token=token))["state"])


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[Bench]:
    async with shell(folder, "out1") as bench:
        inside: dict[StayId, Plate] = {}
        at: list[LaneName] = []

        async def open_plates() -> Mapping[StayId, Plate]:
            return inside

        help_room = PhoneHelp(
            bench.config.site_id,
            bench.db,
            bench.clock,
            SqlJournal(bench.db, bench.config.site_id, bench.clock),
            Seal(KEY),
            Tokens(KEY, "help"),
            [OUT1],
            open_plates,
            lambda _inside, _mine: at[0] if at else None,
            bench.calls,
        )
        now, site = bench.clock.now(), bench.config.site_id
        await bench.db.write(lambda conn: Phones(site, conn).bind(now, "oMine", MINE, at_boom=True))
        task = asyncio.create_task(bench.calls.run())
        await asyncio.sleep(0)
        try:
            yield Bench(bench, help_room, inside, at)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def car_waits(bench: Shell) -> None:
    bench.cameras.reading = PlateUnread("covered", None)
    bench.show(approach=ON, passage_now=1)
    await until(lambda: bench.says("lane.state") == "awaiting_driver")


async def called(bench: Shell) -> str:
    """Call from the page of the car that stands at the lane."""
    passage = bench.runner.live
    assert passage is not None
    token = bench.claims.url(bench.runner.name, passage).rpartition("/")[2]
    answer = await bench.claims_by("call_help", token=token)
    assert isinstance(answer, dict)
    return str(answer["help"])


async def test_who_calls_from_the_lanes_page_sees_when_somebody_has_answered_and_when_it_has_ended(
    tmp_path: Path,
) -> None:
    async with at_work(tmp_path) as bench:
        await car_waits(bench.shell)
        token = Tokens(KEY, "help").make(await called(bench.shell), bench.shell.clock.now())
        await until(lambda: bench.shell.says("case") == "the driver calls")
        assert await bench.stands(token) == "calling"
        await bench.shell.asks("answer_help", lane="out1")
        assert await bench.stands(token) == "answered"
        await bench.shell.asks("end_help", lane="out1", note="let out")
        assert await bench.stands(token) == "ended"


async def test_a_known_phone_whose_car_stands_at_a_lane_opens_that_cars_case(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        bench.inside[STAY] = MINE
        bench.at.append(OUT1)
        await car_waits(bench.shell)
        token = (await bench.ask("my_help"))["help"]
        await until(lambda: bench.shell.says("case") == "the driver calls")
        assert await bench.stands(token) == "calling"


async def test_a_car_elsewhere_inside_calls_to_a_lane_and_opens_no_case_of_the_car_that_stands_there(
    tmp_path: Path,
) -> None:
    async with at_work(tmp_path) as bench:
        bench.inside[STAY] = MINE
        await car_waits(bench.shell)
        with pytest.raises(BridgeRefusal, match="no such lane"):
            await bench.ask("my_help", lane="roof")
        await bench.ask("my_help", lane="out1")
        await until(lambda: bench.shell.says("help.state") == "calling")
        assert not bench.shell.says("case")
        [row] = await bench.shell.db.read(lambda conn: conn.execute(help_call.select()).all())
        assert (row.lane, row.passage, row.by) == ("out1", None, "phone")


async def test_a_phone_without_a_car_here_or_without_a_name_calls_nobody(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        bench.inside[STAY] = MINE
        for openid in ("oStranger", "oOther"):
            with pytest.raises(BridgeRefusal, match="None of your cars"):
                await bench.ask("my_help", openid, lane="out1")
        with pytest.raises(BridgeRefusal, match="does not know"):
            await bench.ask("my_help", phone="00" * 40)
        with pytest.raises(BridgeRefusal, match="no longer valid"):
            await bench.ask("help_view", token="x")
        assert not bench.shell.says("help.state")


async def test_calling_and_looking_have_their_limits(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        bench.inside[STAY] = MINE
        for _ in range(CALLS_MOST):
            token = (await bench.ask("my_help", lane="out1"))["help"]
        with pytest.raises(BridgeRefusal, match="Too many tries"):
            await bench.ask("my_help", lane="out1")
        for _ in range(VIEWS_MOST):
            await bench.ask("help_view", token=token)
        with pytest.raises(BridgeRefusal, match="Too many tries"):
            await bench.ask("help_view", token=token)
        await car_waits(bench.shell)
        for _ in range(HELP_MOST):
            await called(bench.shell)
        with pytest.raises(BridgeRefusal, match="Help is called already"):
            await called(bench.shell)
        rows = await bench.shell.db.read(lambda conn: conn.execute(help_call.select()).all())
        assert sorted(row.presses for row in rows) == [1] * CALLS_MOST + [HELP_MOST]


async def test_a_call_from_elsewhere_that_was_answered_does_not_answer_for_the_car_at_the_boom(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        bench.inside[STAY] = MINE
        elsewhere = (await bench.ask("my_help", lane="out1"))["help"]
        await bench.shell.asks("answer_help", lane="out1")
        assert bench.shell.says("help.state") == "answered"
        await car_waits(bench.shell)
        here = Tokens(KEY, "help").make(await called(bench.shell), bench.shell.clock.now())
        assert (await bench.stands(elsewhere), await bench.stands(here)) == ("answered", "calling")
        assert bench.shell.says("help.state") == "calling"
        await bench.shell.asks("answer_help", lane="out1")
        assert await bench.stands(here) == "answered"
        for _ in range(2):
            await bench.shell.asks("end_help", lane="out1")
        assert (await bench.stands(elsewhere), await bench.stands(here)) == ("ended", "ended")
        assert bench.shell.says("help.state") == ""


async def test_two_who_call_from_elsewhere_are_two_calls_and_the_car_at_the_boom_is_answered_first(
    tmp_path: Path,
) -> None:
    async with at_work(tmp_path) as bench:
        bench.inside[STAY] = MINE
        one, two = [(await bench.ask("my_help", lane="out1"))["help"] for _ in range(2)]
        await car_waits(bench.shell)
        here = Tokens(KEY, "help").make(await called(bench.shell), bench.shell.clock.now())
        for token in (here, one, two):
            assert await bench.stands(token) == "calling"
            await bench.shell.asks("answer_help", lane="out1")
            assert await bench.stands(token) == "answered"
