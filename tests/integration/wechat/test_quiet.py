"""Whatever is logged, at whatever level, by whomever: no key, no token, no payer, no whole plate stands in it."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from billing.pay.calls.parking import Leaving, ParkedCar
from billing.pay.gateway import Entrance, Refused, Sheet
from billing.pay.keys import read_keys
from billing.sim.wechat.crypto import Fault
from scada.model.money import Fen
from scada.model.plate import Plate, PlateColour
from tests.support.billing import HOUR_S, OUT1, made_passage, open_till
from tests.support.store import open_database
from tests.support.wechat import Bench, gateway_to, number, soon

OPENID = "oSECRETPAYER0001"
PLATE = Plate("粤B98761")
ESCAPED = "%E7%B2%A4B98761"
ADDRESS = "203.0.113.77"


@dataclass
class Said:
    """Everything that was said, by all loggers."""

    caplog: pytest.LogCaptureFixture
    ours: list[object]

    def text(self) -> str:
        """Give it as one text, with what each record would show of its exception and of its values."""
        records = [f"{record.getMessage()} {record.exc_text} {vars(record)}" for record in self.caplog.records]
        return "\n".join([*records, *map(repr, self.ours)])


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture) -> None:
    """Let everybody say everything."""
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "urllib3.connectionpool", "requests", "wechatpayv3", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)


def everything(at: Bench) -> list[str]:
    """Use every call well and badly; gives what the calls answered, as it would be logged."""
    said: list[object] = []
    gateway = at.gateway
    order = number()
    sheet = gateway.orders.jsapi(order, "停车费", Fen(5), soon(), OPENID)
    assert isinstance(sheet, Sheet)
    said += [sheet, gateway.orders.h5(number(), "停车费", Fen(5), soon(), ADDRESS)]
    code = at.phone.post("/phone/code", openid=OPENID)["auth_code"]
    said += [gateway.orders.code_pay(number(), "停车费", Fen(5), code, "out1")]
    at.phone.post("/phone/sheet", **sheet.values, openid=OPENID)
    said += [gateway.query(order), gateway.refunds.refund(f"R{order}A", order, Fen(5), Fen(5), "重复支付")]
    entered_at = at.wechat.clock.now() - timedelta(hours=1)
    car = ParkedCar(PLATE, PlateColour.BLUE, entered_at, "示范停车场")
    at.switch("plates", plate=PLATE, service="NORMAL")
    for fault in ("", "drop_before", "drop_after", "bad_signature", "not_json", "system_error"):
        if fault:
            at.phone.plan_answers(fault, "/v3/", times=4)
        said += [gateway.parking.find(PLATE, PlateColour.BLUE, OPENID)]
        entrance = gateway.parking.enter(number("P"), car, 0)
        name = entrance.id if isinstance(entrance, Entrance) else "none"
        out = Leaving(name, at.wechat.clock.now(), 3600, "out1")
        said += [entrance, gateway.parking.deduct(number(), "停车费", Fen(5), car, out)]
        said += [gateway.orders.jsapi(number(), "停车费", Fen(5), soon(), OPENID)]
        at.switch("clear")
    return [repr(one) for one in said] + [str(one) for one in said]


def secrets_of(at: Bench) -> list[str]:
    keys = read_keys(at.config)
    lines = keys.private_key.splitlines()[1:-1]
    return [*lines, keys.apiv3_key, OPENID, str(PLATE), ESCAPED, ADDRESS, "WECHATPAY2-SHA256-RSA2048 mchid"]


async def test_a_whole_day_at_debug_tells_no_secret(
    at: Bench, loud: None, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with capture_logs() as ours:
        answers = await asyncio.to_thread(everything, at)
        async with open_database(tmp_path) as db, open_till(at.config, db) as till:
            parked = await till.come_in(str(PLATE))
            till.clock.later_s += HOUR_S
            passage = made_passage(till.clock.now(), OUT1, str(PLATE), 7)
            order = await till.cashier.order(OUT1, passage.id, await till.cashier.quote(OUT1, passage.id, parked))
            await asyncio.to_thread(at.phone.pay, order.code_url)
            await till.cashier.close_order(order.id, "x")
            await till.cashier.notice({"Wechatpay-Serial": OPENID}, b"{}")
        structlog.get_logger().info("the last word")
    said = Said(caplog, [*ours, *answers]).text()
    assert "the last word" in said
    assert not [secret for secret in await asyncio.to_thread(secrets_of, at) if secret in said]


def test_the_pools_own_loggers_tell_no_address(at: Bench, loud: None, caplog: pytest.LogCaptureFixture) -> None:
    at.gateway.parking.find(PLATE, PlateColour.BLUE, OPENID)
    assert "plate_number" not in caplog.text
    logging.getLogger("urllib3.connectionpool").warning("Connection pool is full, discarding connection: 127.0.0.1")
    assert "Connection pool is full" in caplog.text


def test_wechats_own_words_are_told_without_what_they_repeat(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    words = Fault(400, "PARAM_ERROR", f"openid {OPENID} 与 {PLATE} 不匹配")
    monkeypatch.setattr(at.wechat.parking, "find", lambda _fields: words)
    found = at.gateway.parking.find(PLATE, PlateColour.BLUE, OPENID)
    assert found == Refused("PARAM_ERROR", "openid … 与 … 不匹配")


def test_keys_show_nothing_of_themselves(at: Bench) -> None:
    keys = read_keys(at.config)
    shown = f"{keys!r} {keys} {gateway_to(at.config)!r} {vars(gateway_to(at.config))}"
    assert not [secret for secret in (keys.apiv3_key, keys.private_key) if secret in shown]
