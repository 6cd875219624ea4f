"""A notice's whole way: WeChat's simulator, the public web process, the bridge, the cashier, the books.

Whatever is wrong with a notice, it settles nothing, asks for no gate and is written down.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import requests

from billing.sim.wechat.crypto import sealed, signed_headers
from billing.sim.wechat.keys import Platform, prepare
from scada.config import Config, load
from scada.engine.bridge import BridgeServer
from scada.model.lane.words import Order
from scada.sim.chaos.hands import Hands
from scada.sim.chaos.notices import FORGERIES, forged
from scada.sim.chaos.schedule import drawn
from scada.sim.stage.switch import Switch
from scada.sim.trial.ports import free_port
from scada.sockets import notices
from scada.store.journal import verify
from scada.store.schema import journal, notice, open_request, pay_order, settlement, stay
from tests.support.billing import HOUR_S, OUT1, Phone, Till, made_config, made_passage, open_till, wechat_process
from tests.support.hmi import web_process
from tests.support.store import open_database, until

NOT_VERIFIED = "notice not verified"
FORGED = (
    ("bad_signature", 401, NOT_VERIFIED),
    ("signtest", 401, NOT_VERIFIED),
    ("replay", 401, NOT_VERIFIED),
    ("other_amount", 204, "payment wrong_amount"),
    ("unknown_order", 204, "payment unknown_order"),
    ("other_merchant", 204, "payment wrong_merchant"),
)
FLOOD = 40


@dataclass
class Site:
    """What runs beside the test: WeChat and the public web process."""

    config: Config
    phone: Phone
    platform: Platform

    def post(self, body: bytes, headers: dict[str, str], *, chunked: bool = False) -> int:
        """Bring a notice to the public door as anybody on the internet can; gives the status."""
        content = iter((body[:100], body[100:])) if chunked else body
        with requests.Session() as session:
            session.trust_env = False
            return session.post(self.config.wechat.notify_url, data=content, headers=headers, timeout=10).status_code

    def signed(self, body: bytes, age_s: float = 0.0, serial: str = "") -> dict[str, str]:
        """Sign as WeChat does."""
        headers = signed_headers(self.platform.key, serial or self.platform.key_id, body, time.time() - age_s)
        return {**headers, "Content-Type": "application/json"}

    def notice(self, order: Order, name: str, **falsified: object) -> bytes:
        """Write WeChat's word that an order was paid."""
        fields: dict[str, object] = {
            "mchid": self.config.wechat.mchid,
            "appid": self.config.wechat.appid,
            "out_trade_no": order.id,
            "trade_state": "SUCCESS",
            "transaction_id": "4200000000",
            "success_time": "2026-03-03T10:00:00+08:00",
            "amount": {"total": order.due_fen, "currency": "CNY"},
        }
        resource = sealed(self.platform.apiv3_key, fields | falsified, "transaction")
        body = {"id": name, "event_type": "TRANSACTION.SUCCESS", "resource_type": "encrypt-resource"}
        return json.dumps(body | {"resource": resource}).encode()

    def answers(self) -> Counter[int]:
        """Count what genuine notices of the simulator were answered so far."""
        lines = (self.config.data / "sim" / "wechat.jsonl").read_text(encoding="utf-8").splitlines()
        said = [json.loads(line) for line in lines]
        return Counter(row["status"] for row in said if row["what"] == "notice" and row["manner"] == "genuine")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("way")
    config = made_config(folder, free_port(), free_port())
    path = folder / "config.toml"
    port = config.wechat.notify_url.split(":")[2].split("/")[0]
    path.write_text(path.read_text(encoding="utf-8").replace("port = 8081", f"port = {port}"), encoding="utf-8")
    config = load(path)
    with wechat_process(config) as phone, web_process("public", path):
        yield Site(config, phone, prepare(config))


@pytest.fixture
async def till(site: Site, tmp_path: Path) -> AsyncIterator[Till]:
    """The plant's side: the real cashier, which asks WeChat for nothing by itself, behind the real bridge."""
    async with open_database(tmp_path) as db, open_till(site.config, db, ask_after_s=(60.0,)) as opened:
        verbs = {"notice": notices(opened.cashier)}
        async with BridgeServer(
            site.config.socket("public"), "public", verbs, {"plant": "p", "site": {}}, opened.clock
        ):
            yield opened


async def order_at_the_exit(till: Till) -> Order:
    parked = await till.come_in()
    till.clock.later_s += HOUR_S / 2
    passage = made_passage(till.clock.now(), OUT1, "京A12345", 7)
    return await till.cashier.order(OUT1, passage.id, await till.cashier.quote(OUT1, passage.id, parked))


async def words(till: Till) -> Counter[str]:
    return Counter(row.what for row in await till.rows(journal))


async def nothing_is_paid(till: Till) -> bool:
    """No settlement, no request, no credit, and nobody was told."""
    moved = [await till.rows(settlement), await till.rows(open_request), till.told.settled, till.told.requested]
    paid = [row.paid_fen for row in await till.rows(stay)], [row.state for row in await till.rows(pay_order)]
    return not any(moved) and paid == ([0], ["OPEN"])


async def test_no_forgery_opens_and_the_genuine_notice_settles_once_however_often_it_comes(
    till: Till, site: Site
) -> None:
    order = await order_at_the_exit(till)
    for manner, status, word in FORGED:
        before = await words(till)
        assert await asyncio.to_thread(site.phone.forge, order.code_url, manner) == status, manner
        assert await nothing_is_paid(till), manner
        said = await words(till) - before
        assert said[word] == 1, manner
        assert [other for other in said if other != word and not other.startswith(f"money case: {word}")] == [], manner
    await asyncio.to_thread(site.phone.plan_notices, "duplicate")
    assert await asyncio.to_thread(site.phone.pay, order.code_url) == "ok"
    await until(lambda: site.answers() == {204: 2})
    assert await asyncio.to_thread(site.phone.forge, order.code_url, "genuine") == 204
    [settled], [asked] = await till.rows(settlement), await till.rows(open_request)
    assert (settled.amount_fen, settled.surplus_fen, settled.source) == (order.due_fen, 0, "notice")
    assert (asked.lane, asked.stay, asked.out_trade_no, asked.state) == (OUT1, order.stay, order.id, "WAITING")
    assert till.told.settled == [(order.stay, order.id)]
    assert (await words(till))["settled"] == 1
    assert await till.db.read(verify) is None


@dataclass
class Forger:
    """What the drill's forger needs of its hands."""

    wechat: Switch
    did: list[str] = field(default_factory=list)
    met: bool = True


async def test_the_forger_of_a_drill_tries_every_manner_and_is_believed_in_none(till: Till, site: Site) -> None:
    await order_at_the_exit(till)
    assert site.config.sim is not None
    hands = Forger(Switch(f"http://127.0.0.1:{site.config.sim.wechat_port}"))
    async with forged(cast("Hands", hands), drawn(["notices-forged"], 1, 1)[0].faults[0]):
        await asyncio.sleep(1.0)
    assert hands.met
    answers = {word.split()[1].rstrip(":"): word.split()[2] for word in hands.did}
    assert answers.keys() == set(FORGERIES)
    assert set(answers.values()) == {"401", "204"}
    assert await nothing_is_paid(till)


@pytest.mark.parametrize("falsified", [{"appid": "wxsomebodyelse"}, {"amount": {"total": 500, "currency": "USD"}}, {}])
async def test_a_signed_notice_for_somebody_else_is_kept_and_opens_nothing(
    till: Till, site: Site, falsified: dict[str, object]
) -> None:
    order = await order_at_the_exit(till)
    body = site.notice(order, "n-1", **(falsified or {"mchid": "", "appid": ""}))
    assert await asyncio.to_thread(site.post, body, site.signed(body)) == 204
    assert await nothing_is_paid(till)
    [kept] = await till.rows(notice)
    assert kept.body == body
    assert (await words(till))[f"payment {kept.verdict}"] == 1


async def test_what_is_not_signed_by_wechat_now_is_refused_written_down_and_opens_nothing(
    till: Till, site: Site
) -> None:
    order = await order_at_the_exit(till)
    body = site.notice(order, "n-2")
    good = site.signed(body)
    stale = site.signed(body, age_s=301)
    strange = [
        (body, {"Content-Type": "application/json"}),
        *((body, {name: text for name, text in good.items() if name != gone}) for gone in good if "Type" not in gone),
        (body + b" ", good),
        (body, stale),
        (body, {**good, "Wechatpay-Timestamp": stale["Wechatpay-Timestamp"]}),
        (body, site.signed(body, serial="A" * 40)),
        (body, site.signed(body, serial="PUB_KEY_ID_0000000000000000")),
        (body, {**good, "Wechatpay-Signature-Type": "NONE"}),
        *((junk, site.signed(junk)) for junk in (b"not json", b"\xff\xfe", b"{}", b"null")),
    ]
    before = await words(till)
    statuses = [await asyncio.to_thread(site.post, *one) for one in strange]
    assert statuses == [401] * len(strange)
    assert await words(till) - before == Counter({NOT_VERIFIED: len(strange)})
    assert await nothing_is_paid(till)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("length", [70_000, 3_000_000])
async def test_a_huge_body_is_refused_and_written_down(till: Till, site: Site, length: int, chunked: bool) -> None:
    await order_at_the_exit(till)
    before = await words(till)
    body = b"x" * length
    assert await asyncio.to_thread(lambda: site.post(body, site.signed(body), chunked=chunked)) == 401
    assert await words(till) - before == Counter([NOT_VERIFIED])
    assert await nothing_is_paid(till)


async def test_a_flood_of_unknown_serials_fills_no_journal_and_holds_up_no_genuine_notice(
    till: Till, site: Site
) -> None:
    order = await order_at_the_exit(till)
    body = site.notice(order, "n-3")
    forged = [site.signed(body, serial=f"{number:040X}") for number in range(FLOOD)]
    floods = [asyncio.to_thread(site.post, body, headers) for headers in forged]
    statuses = await asyncio.gather(*floods, asyncio.to_thread(site.post, body, site.signed(body)))
    assert statuses == [401] * FLOOD + [204]
    assert till.told.settled == [(order.stay, order.id)]
    assert (await words(till))[NOT_VERIFIED] <= 30


async def test_the_same_notice_at_the_same_moment_and_a_query_settle_once(till: Till, site: Site) -> None:
    order = await order_at_the_exit(till)
    await asyncio.to_thread(site.phone.plan_notices, "drop")
    assert await asyncio.to_thread(site.phone.pay, order.code_url) == "ok"
    paid = next(one for one in await asyncio.to_thread(site.phone.orders) if one["out_trade_no"] == order.id)
    bodies = [site.notice(order, name, transaction_id=paid["transaction_id"]) for name in ("a", "a", "b", "c")]
    statuses = await asyncio.gather(
        *(asyncio.to_thread(site.post, body, site.signed(body)) for body in bodies),
        till.cashier.close_order(order.id, "at the same moment"),
    )
    assert statuses == [204] * 4 + [None]
    assert len(await till.rows(settlement)) == len(await till.rows(open_request)) == 1
    assert till.told.settled == [(order.stay, order.id)]
    [row] = await till.rows(stay)
    assert (row.paid_fen, row.arrears_fen) == (order.due_fen, 0)


async def test_a_plant_that_is_away_makes_wechat_come_again(site: Site) -> None:
    body = b"{}"
    assert await asyncio.to_thread(site.post, body, site.signed(body)) == 503
