"""Paying on a phone against the real simulator: ahead, at the exit, inside WeChat, in a browser; and by strangers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import Connection

from billing.books import Place
from billing.doors.driver import (
    HELP_MOST,
    KNOWN_MOST,
    PAY_MOST,
    PLATE_DAY_MOST,
    PLATE_MOST,
    VIEW_MOST,
    DriverDesk,
    DriverParts,
)
from billing.driver.bindings import Binding, Phones
from billing.driver.means import Means
from billing.driver.tokens import Tokens
from billing.driver.visitors import Seal
from billing.orders import book
from billing.pay.web import WeChatWeb
from scada.clock import SystemClock
from scada.config import Config
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.lane.words import Ending, Reason
from scada.model.names import LaneName, OrderId, StayId
from scada.model.plate import Plate
from scada.sim.trial.ports import free_port
from scada.store.journal import SqlJournal
from scada.store.schema import open_request, pay_order, refund
from tests.support.billing import (
    HOUR_S,
    OUT1,
    LaterClock,
    Phone,
    Till,
    made_config,
    made_passage,
    notice_door,
    open_till,
    wechat_process,
)
from tests.support.store import open_database, until

KEY = b"k" * 32
PLATE = Plate("京A12345")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield config, phone


@dataclass
class Bench:
    """A till with the drivers' desk before it.

    `at` is where a stay's car waits, `leaving` by which exit it goes, `calls` where help was called to.
    """

    till: Till
    bank: Phone
    desk: DriverDesk
    at: dict[StayId, Place] = field(default_factory=dict)
    calls: list[LaneName] = field(default_factory=list)
    leaving: dict[StayId, LaneName] = field(default_factory=dict)

    async def ask(self, verb: str, **args: object) -> dict[str, Any]:
        answer = await self.desk.verbs()[verb](Ask("public", verb, args, "", "", "", ""))
        assert isinstance(answer, dict)
        return answer

    async def token(self, plate: str = "京A12345") -> str:
        return str((await self.ask("fee_find", plate=plate))["token"])

    async def settled(self, times: int = 1) -> None:
        await until(lambda: len(self.till.told.settled) == times)


class DeskClock(SystemClock):
    """The till's wall time, and seconds that go ahead with it."""

    def __init__(self, wall: LaterClock) -> None:
        super().__init__()
        self._wall = wall

    def now(self) -> datetime:
        return self._wall.now()

    def seconds(self) -> float:
        return super().seconds() + self._wall.later_s


@pytest.fixture
async def bench(site: tuple[Config, Phone], tmp_path: Path) -> AsyncIterator[Bench]:
    config, bank = site
    secret = (config.data / "sim" / "wechat" / "app_secret.txt").read_text(encoding="utf-8").strip()
    web = WeChatWeb(config.wechat.appid, secret, config.phones.oauth_url, config.phones.api_url)
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(60.0,)) as till:
        places: dict[StayId, Place] = {}
        leaving: dict[StayId, LaneName] = {}
        calls: list[LaneName] = []

        async def called(lane: LaneName) -> str:
            calls.append(lane)
            return f"call-{len(calls)}"

        parts = DriverParts(
            cashier=till.cashier,
            journal=SqlJournal(db, config.site_id, till.clock),
            clock=DeskClock(till.clock),
            tokens=Tokens(KEY, "fee"),
            told=Tokens(KEY, "told"),
            at_boom=Tokens(KEY, "boom"),
            means=Means(Seal(KEY), is_known=True, may_h5=True),
            where=places.get,
            leaves=leaving.get,
            bound=lambda binding: db.read(lambda conn: Phones(config.site_id, conn).holds(binding)),
            call=called,
            web=web,
        )
        with notice_door(int(config.wechat.notify_url.split(":")[2].split("/")[0]), till.cashier):
            yield Bench(till, bank, DriverDesk(parts), places, calls, leaving)


async def parked(bench: Bench, hours: float = 1.0) -> StayId:
    stay = await bench.till.come_in()
    bench.till.clock.later_s += hours * HOUR_S
    return stay


async def known(bench: Bench) -> tuple[str, str]:
    """Open a page inside WeChat; gives the sealed visitor, and who that is."""
    url = (await bench.ask("phone_sign_in", back="http://localhost:8081/wechat/back", state="s"))["url"]
    gone = await asyncio.to_thread(requests.get, url, allow_redirects=False, timeout=5)
    code = parse_qs(urlsplit(gone.headers["Location"]).query)["code"][0]
    return str((await bench.ask("phone_known", code=code))["phone"]), gone.cookies["openid"]


async def test_who_pays_ahead_leaves_within_the_grace_and_owes_only_the_increment_after_it(bench: Bench) -> None:
    stay = await parked(bench)
    token = await bench.token()
    fee = await bench.ask("fee_view", token=token)
    assert (fee["state"], fee["due_fen"], fee["plate"]) == ("due", fee["total_fen"], "京A12345")
    assert any("停车费合计" in sentence for sentence in fee["said"]["zh"])
    offered = await bench.ask("fee_pay", token=token, way="QR")
    await asyncio.to_thread(bench.bank.post, "/sim/clock", ahead_s=HOUR_S)
    assert await asyncio.to_thread(bench.bank.pay, offered["code_url"]) == "ok"
    await bench.settled()
    await asyncio.to_thread(bench.bank.post, "/sim/clock", ahead_s=-HOUR_S)
    paid = await bench.ask("fee_view", token=token)
    assert (paid["state"], paid["due_fen"], paid["paid_fen"]) == ("paid", 0, fee["total_fen"])
    assert paid["leave_by"]
    assert await bench.till.rows(open_request) == []
    bench.till.clock.later_s += 2 * HOUR_S
    with pytest.raises(BridgeRefusal, match="no longer valid"):
        await bench.ask("fee_view", token=token)
    later = await bench.ask("fee_view", token=await bench.token())
    assert later["due_fen"] == later["total_fen"] - fee["total_fen"] > 0
    quote = await bench.till.cashier.quote(OUT1, made_passage(bench.till.clock.now(), OUT1, "京A12345", 7).id, stay)
    assert quote.due_fen == later["due_fen"]


async def pushed(bench: Bench, stay: StayId) -> str:
    """Give the token that is pushed to the phone of the owner."""

    def bind(conn: Connection) -> str:
        made = Phones(bench.till.config.site_id, conn).bind(bench.till.clock.now(), "oOwner", PLATE, at_boom=True)
        assert isinstance(made, Binding)
        return made.id

    return bench.desk.token_pushed(stay, await bench.till.db.write(bind))


async def test_who_pays_at_the_exit_asks_that_lane_to_open(bench: Bench) -> None:
    stay = await parked(bench)
    passage = made_passage(bench.till.clock.now(), OUT1, "京A12345", 7)
    bench.at[stay] = Place(OUT1, passage.id)
    token = await bench.token()
    assert (await bench.ask("fee_view", token=token))["at_exit"] == ""
    for near in (bench.desk.token(stay), await pushed(bench, stay)):
        assert (await bench.ask("fee_view", token=near))["at_exit"] == "out1"
    offered = await bench.ask("fee_pay", token=token, way="QR")
    await asyncio.to_thread(bench.bank.pay, offered["code_url"])
    await bench.settled()
    [request] = await bench.till.rows(open_request)
    assert (request.stay, request.passage, request.lane) == (stay, passage.id, "out1")


@pytest.mark.parametrize(("plate", "may"), [("京A12345", True), ("无牌7K3M9Q2X", False)])
async def test_who_stands_at_the_boom_may_bind_his_plate_if_his_car_has_one(
    bench: Bench, plate: str, may: bool
) -> None:
    stay = await bench.till.come_in(plate)
    assert (await bench.ask("fee_view", token=bench.desk.token(stay)))["may_bind"] is may
    if may:
        assert (await bench.ask("fee_view", token=await bench.token()))["may_bind"] is False


async def test_a_page_inside_wechat_gets_the_six_signed_values_and_wechat_takes_them(bench: Bench) -> None:
    await parked(bench)
    phone, openid = await known(bench)
    offered = await bench.ask("fee_pay", token=await bench.token(), way="JSAPI", phone=phone)
    sheet = offered["sheet"]
    assert set(sheet) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    said = await asyncio.to_thread(bench.bank.post, "/phone/sheet", **sheet, openid=openid, choice="pay")
    assert said == {"result": "ok"}
    await bench.settled()


async def test_another_phone_takes_the_order_over_and_the_first_can_pay_no_more(bench: Bench) -> None:
    await parked(bench)
    token = await bench.token()
    first = await bench.ask("fee_pay", token=token, way="QR")
    again = await bench.ask("fee_pay", token=token, way="QR")
    assert again["code_url"] == first["code_url"]
    await bench.ask("fee_pay", token=token, way="JSAPI", phone=(await known(bench))[0])
    assert await asyncio.to_thread(bench.bank.pay, first["code_url"]) != "ok"
    rows = await bench.till.rows(pay_order)
    assert sorted((row.way, row.state) for row in rows) == [("JSAPI", "OPEN"), ("QR", "CLOSED")]


async def test_a_lane_whose_order_a_phone_takes_over_hears_of_it_and_is_left_no_dead_code(bench: Bench) -> None:
    stay, told = await parked(bench), bench.till.told
    passage = made_passage(bench.till.clock.now(), OUT1, "京A12345", 7)
    bench.at[stay] = Place(OUT1, passage.id)
    quote = await bench.till.cashier.quote(OUT1, passage.id, stay)
    dead = await bench.till.cashier.order(OUT1, passage.id, quote)
    token, phone = await bench.token(), (await known(bench))[0]
    await bench.ask("fee_pay", token=token, way="QR")
    assert told.changed == []
    await bench.ask("fee_pay", token=token, way="JSAPI", phone=phone)
    assert told.changed == [stay]
    await bench.ask("fee_pay", token=token, way="JSAPI", phone=phone)
    assert told.changed == [stay]
    assert await asyncio.to_thread(bench.bank.pay, dead.code_url) != "ok"
    again = await bench.till.cashier.quote(OUT1, passage.id, stay)
    order = await bench.till.cashier.order(OUT1, passage.id, again)
    assert (again.id, order.code_url) == (quote.id, "")
    assert told.changed == [stay]


async def test_a_lane_leaves_an_order_to_the_phone_that_has_it_open(bench: Bench) -> None:
    stay = await parked(bench)
    await bench.ask("fee_pay", token=await bench.token(), way="JSAPI", phone=(await known(bench))[0])
    passage = made_passage(bench.till.clock.now(), OUT1, "京A12345", 7)
    quote = await bench.till.cashier.quote(OUT1, passage.id, stay)
    order = await bench.till.cashier.order(OUT1, passage.id, quote)
    assert order.code_url == ""
    [row] = await bench.till.rows(pay_order)
    assert (row.state, row.lane, row.passage) == ("OPEN", "out1", passage.id)


async def test_a_lane_gets_a_code_of_its_own_where_nobody_knows_whether_a_phone_got_its_order(bench: Bench) -> None:
    stay = await parked(bench)
    await bench.ask("fee_pay", token=await bench.token(), way="JSAPI", phone=(await known(bench))[0])
    await bench.till.db.write(lambda conn: conn.execute(pay_order.update().values(state="UNKNOWN")))
    passage = made_passage(bench.till.clock.now(), OUT1, "京A12345", 7)
    quote = await bench.till.cashier.quote(OUT1, passage.id, stay)
    assert (await bench.till.cashier.order(OUT1, passage.id, quote)).code_url
    assert sorted((row.way, row.state) for row in await bench.till.rows(pay_order)) == [
        ("JSAPI", "CLOSED"), ("QR", "OPEN"),
    ]  # fmt: skip


async def test_an_order_that_was_paid_just_now_is_moved_to_no_lane_which_would_wait_for_it(bench: Bench) -> None:
    await parked(bench)
    offered = await bench.ask("fee_pay", token=await bench.token(), way="QR")
    await asyncio.to_thread(bench.bank.pay, offered["code_url"])
    await bench.settled()
    [row] = await bench.till.rows(pay_order)
    passage = made_passage(bench.till.clock.now(), OUT1, "京A12345", 7)
    number, place = OrderId(row.out_trade_no), Place(OUT1, passage.id)
    assert not await bench.till.db.write(lambda conn: book.move_place(conn, number, place))
    [row] = await bench.till.rows(pay_order)
    assert (row.state, row.lane) == ("PAID", None)


async def test_a_browser_outside_wechat_is_led_to_h5(bench: Bench) -> None:
    await parked(bench)
    offered = await bench.ask("fee_pay", token=await bench.token(), way="H5", address="203.0.113.7")
    assert offered["h5_url"].startswith("http")


async def test_two_phones_pay_once_and_the_second_payment_goes_back_by_itself(bench: Bench) -> None:
    stay = await parked(bench)
    token = await bench.token()
    first = await bench.ask("fee_pay", token=token, way="QR")
    paid = await asyncio.gather(*(asyncio.to_thread(bench.bank.pay, first["code_url"]) for _ in range(2)))
    assert sorted(paid)[0] == "ok"
    await bench.settled()
    assert [one for one, _ in bench.till.told.settled] == [stay]
    assert await bench.till.rows(refund) == []


async def test_a_sealed_word_of_somebody_else_and_a_way_that_is_none_pay_nothing(bench: Bench) -> None:
    await parked(bench)
    token = await bench.token()
    for args in ({"way": "JSAPI", "phone": "00" * 40}, {"way": "JSAPI"}, {"way": "APP"}, {}):
        with pytest.raises(BridgeRefusal, match="cannot pay this way"):
            await bench.ask("fee_pay", token=token, **args)
    assert await bench.till.rows(pay_order) == []


async def test_a_code_of_wechat_is_good_once(bench: Bench) -> None:
    with pytest.raises(BridgeRefusal, match="does not know"):
        await bench.ask("phone_known", code="guessed")


async def test_what_is_no_token_shows_nothing(bench: Bench) -> None:
    stay = await parked(bench)
    for token in ("x", stay, Tokens(b"x" * 32, "fee").make(stay, bench.till.clock.now())):
        with pytest.raises(BridgeRefusal, match="no longer valid"):
            await bench.ask("fee_view", token=token)


async def test_a_plate_is_asked_for_only_so_often_and_every_time_is_written_down(bench: Bench) -> None:
    await parked(bench)
    for _ in range(PLATE_MOST):
        await bench.token()
    with pytest.raises(BridgeRefusal, match="Too many tries"):
        await bench.token()
    assert len(await bench.till.journal_of("asks for a fee")) == PLATE_MOST
    assert len(await bench.till.journal_of("asks for a fee too often")) == 1
    assert await bench.token("沪B77777") == ""
    with pytest.raises(BridgeRefusal, match="not a plate"):
        await bench.token("' OR 1=1")


async def test_a_stay_that_has_ended_tells_its_driver_what_it_owes_and_who_knows_the_plate_nothing(
    bench: Bench,
) -> None:
    stay = await parked(bench)
    typed, token = await bench.token(), await pushed(bench, stay)
    passage = made_passage(bench.till.clock.now(), OUT1, "京A12345", 7)
    await bench.till.cashier.end_stay(OUT1, stay, passage, Reason.QUEUE, "li", Ending.EXIT)
    fee = await bench.ask("fee_view", token=token)
    assert (fee["state"], fee["said"]) == ("left", {})
    assert fee["due_fen"] > 0
    with pytest.raises(BridgeRefusal, match="no longer valid"):
        await bench.ask("fee_view", token=typed)
    assert await bench.token() == ""


async def test_what_was_pushed_to_a_phone_shows_nothing_once_its_binding_has_ended(bench: Bench) -> None:
    stay = await parked(bench)
    token, typed = await pushed(bench, stay), await bench.token()
    assert (await bench.ask("fee_view", token=token))["state"] == "due"
    site, at = bench.till.config.site_id, bench.till.clock.now()
    await bench.till.db.write(lambda conn: Phones(site, conn).revoke(at, PLATE))
    for verb in ("fee_view", "fee_pay"):
        with pytest.raises(BridgeRefusal, match="no longer valid"):
            await bench.ask(verb, token=token, way="QR")
    assert (await bench.ask("fee_view", token=typed))["state"] == "due"


async def test_who_watches_a_plate_all_day_is_slowed_down_and_floods_no_journal(bench: Bench) -> None:
    await parked(bench)
    for _ in range(PLATE_DAY_MOST):
        await bench.token()
        bench.till.clock.later_s += HOUR_S / PLATE_MOST + 1.0
    for _ in range(5):
        with pytest.raises(BridgeRefusal, match="Too many tries"):
            await bench.token()
        bench.till.clock.later_s += 1.0
    assert len(await bench.till.journal_of("asks for a fee too often")) == 1


async def test_one_page_asks_only_so_often_and_leaves_the_driver_at_the_boom_his_own_tries(bench: Bench) -> None:
    stay = await parked(bench)
    token = await bench.token()
    for _ in range(PAY_MOST):
        with pytest.raises(BridgeRefusal, match="cannot pay"):
            await bench.ask("fee_pay", token=token, way="APP")
    with pytest.raises(BridgeRefusal, match="Too many tries"):
        await bench.ask("fee_pay", token=token, way="QR")
    assert (await bench.ask("fee_pay", token=bench.desk.token(stay), way="QR"))["code_url"]
    for _ in range(VIEW_MOST):
        await bench.ask("fee_view", token=token)
    with pytest.raises(BridgeRefusal, match="Too many tries"):
        await bench.ask("fee_view", token=token)


async def test_wechat_is_asked_about_guessed_codes_only_so_often(bench: Bench) -> None:
    for _ in range(KNOWN_MOST):
        with pytest.raises(BridgeRefusal, match="does not know"):
            await bench.ask("phone_known", code="guessed")
    with pytest.raises(BridgeRefusal, match="Too many tries"):
        await bench.ask("phone_known", code="guessed")


async def test_the_page_of_a_fee_calls_help_for_the_car_at_the_boom_and_not_for_whoever_typed_its_plate(
    bench: Bench,
) -> None:
    stay = await parked(bench)
    passage = made_passage(bench.till.clock.now(), OUT1, "京A12345", 7)
    by_plate, boom = await bench.token(), bench.desk.token(stay)
    with pytest.raises(BridgeRefusal, match="waits at no exit"):
        await bench.ask("fee_help", token=boom)
    bench.at[stay] = Place(OUT1, passage.id)
    with pytest.raises(BridgeRefusal, match="waits at no exit"):
        await bench.ask("fee_help", token=by_plate)
    assert bench.calls == []
    for number in range(1, HELP_MOST + 1):
        assert (await bench.ask("fee_help", token=boom))["help"] == f"call-{number}"
    with pytest.raises(BridgeRefusal, match="Too many tries"):
        await bench.ask("fee_help", token=boom)
    assert set(bench.calls) == {OUT1}
    rows = await bench.till.journal_of("called for help")
    assert {(row.lane, row.passage, row.body["stay"]) for row in rows} == {(OUT1, passage.id, stay)}


async def test_whoever_pays_at_the_boom_is_told_that_the_gate_opens_and_whoever_typed_the_plate_is_not(
    bench: Bench,
) -> None:
    stay = await parked(bench)
    by_plate, boom = await bench.token(), bench.desk.token(stay)
    bench.leaving[stay] = OUT1
    assert (await bench.ask("fee_view", token=boom))["at_exit"] == OUT1
    assert (await bench.ask("fee_view", token=by_plate))["at_exit"] == ""
    with pytest.raises(BridgeRefusal, match="waits at no exit"):
        await bench.ask("fee_help", token=boom)
