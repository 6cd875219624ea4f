"""Plates bound to phones against the real simulator: proved, limited, pushed to, and never shown to a stranger."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from billing.books import NOWHERE
from billing.doors.me import PhoneDesk
from billing.driver.bindings import MOST_PHONES, MOST_PLATES, PAID_STAYS, NotBound, Phones
from billing.driver.messenger import Messenger
from billing.driver.pushes import PushDesk
from billing.driver.tokens import Tokens
from billing.driver.visitors import Seal
from billing.orders.ways import Offer, Way
from billing.pay.gateway import Sheet
from billing.pay.web import Openid, WeChatWeb
from scada.config import Config
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.lane.words import Ending, Reason
from scada.model.money import Fen
from scada.model.names import StayId
from scada.model.plate import Plate
from scada.settings.phones import Templates
from scada.sim.trial.ports import free_port
from scada.store.schema import invoice_request, pay_order, phone_push, plate_binding
from tests.support.billing import (
    HOUR_S,
    OUT1,
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
SEAL, BOOM, FEE = Seal(KEY), Tokens(KEY, "boom"), Tokens(KEY, "fee")
PLATE = Plate("京A12345")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield config, phone


@dataclass
class Bench:
    """A till with the desk of known phones, and one that pushes."""

    till: Till
    bank: Phone
    desk: PhoneDesk
    pushes: PushDesk

    async def ask(self, verb: str, openid: str = "oMine", **args: object) -> dict[str, Any]:
        args = {"phone": SEAL.close(Openid(openid), self.till.clock.now()), **args}
        answer = await self.desk.verbs()[verb](Ask("public", verb, args, "", "", "", ""))
        assert isinstance(answer, dict)
        return answer

    async def inbox(self, openid: str = "oMine") -> list[dict[str, Any]]:
        def look() -> list[dict[str, Any]]:
            url = f"{self.bank.base}/phone/messages?openid={openid}"
            request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return list(json.loads(answer.read())["messages"])

        return await asyncio.to_thread(look)


@pytest.fixture
async def bench(site: tuple[Config, Phone], tmp_path: Path) -> AsyncIterator[Bench]:
    config, bank = site
    secret = (config.data / "sim" / "wechat" / "app_secret.txt").read_text(encoding="utf-8").strip()
    web = WeChatWeb(config.wechat.appid, secret, config.phones.oauth_url, config.phones.api_url)
    templates = Templates(fee="SIM_FEE", paid="SIM_PAID")
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(60.0,)) as till:
        zone = await asyncio.to_thread(lambda: config.site.zone_info)
        voice = Messenger(till.clock, web)
        pushes = PushDesk(config.site_id, db, till.clock, zone, templates, voice, lambda stay, _: f"http://x/f/{stay}")
        desk = PhoneDesk(config.site_id, db, till.clock, SEAL, BOOM)
        door = int(config.wechat.notify_url.split(":")[2].split("/")[0])
        with notice_door(door, till.cashier):
            async with pushes:
                yield Bench(till, bank, desk, pushes)


async def paid_by(bench: Bench, openid: str, plate: str = PLATE) -> StayId:
    """A car comes in, and a phone inside WeChat pays for it."""
    stay = await bench.till.come_in(plate)
    bench.till.clock.later_s += HOUR_S
    before = len(bench.till.told.settled)
    _, sheet = await bench.till.cashier.pay_by_phone(NOWHERE, stay, Offer(Way.JSAPI, openid))
    assert isinstance(sheet, Sheet)
    said = await asyncio.to_thread(bench.bank.post, "/phone/sheet", **sheet.values, openid=openid, choice="pay")
    assert said == {"result": "ok"}
    await until(lambda: len(bench.till.told.settled) > before)
    return stay


async def bound(bench: Bench, openid: str = "oMine") -> StayId:
    """A car stands at a boom, and a phone scans the code there."""
    stay = await bench.till.come_in()
    await bench.ask("me_bind", openid, token=BOOM.make(stay, bench.till.clock.now()))
    return stay


async def gone(bench: Bench, stay: StayId) -> None:
    passage = made_passage(bench.till.clock.now(), OUT1, PLATE, 7)
    await bench.till.cashier.end_stay(OUT1, stay, passage, Reason.PREPAID, "", Ending.EXIT)


async def test_who_has_paid_for_three_stays_may_bind_a_plate_and_who_paid_a_strangers_stay_may_not(
    bench: Bench,
) -> None:
    for _ in range(PAID_STAYS - 1):
        await gone(bench, await paid_by(bench, "oMine"))
        with pytest.raises(BridgeRefusal, match="Pay for three stays"):
            await bench.ask("me_bind", plate=PLATE)
    await paid_by(bench, "oMine")
    with pytest.raises(BridgeRefusal, match="Pay for three stays"):
        await bench.ask("me_bind", "oStranger", plate=PLATE)
    await bench.ask("me_bind", plate=PLATE)
    await bench.ask("me_bind", plate=PLATE)
    assert [one["plate"] for one in (await bench.ask("me_view"))["plates"]] == [PLATE]
    assert (await bench.ask("me_view", "oStranger"))["plates"] == []


async def test_who_stands_at_the_boom_may_bind_without_having_paid(bench: Bench) -> None:
    stay = await bench.till.come_in()
    at = bench.till.clock.now()
    with pytest.raises(BridgeRefusal, match="not a plate"):
        await bench.ask("me_bind", token=FEE.make(stay, at))
    with pytest.raises(BridgeRefusal, match="not a plate"):
        await bench.ask("me_bind", token=BOOM.make(stay, at - timedelta(days=1)))
    await bench.ask("me_bind", token=BOOM.make(stay, at))
    [row] = await bench.till.rows(plate_binding)
    assert (row.plate, row.proof, row.openid) == (PLATE, "BOOM", "oMine")


async def test_who_stands_at_the_boom_ends_what_strangers_proved_by_paying(bench: Bench) -> None:
    for _ in range(PAID_STAYS):
        await gone(bench, await paid_by(bench, "oStranger"))
    await bench.ask("me_bind", "oStranger", plate=PLATE)
    await bound(bench, "oOwner")
    assert (await bench.ask("me_view", "oStranger"))["plates"] == []
    assert [one["plate"] for one in (await bench.ask("me_view", "oOwner"))["plates"]] == [PLATE]


async def lost(bench: Bench, openid: str) -> list[tuple[str, str]]:
    return [(one["plate"], one["why"]) for one in (await bench.ask("me_view", openid))["lost"]]


async def test_a_phone_that_lost_a_plate_is_told_why_and_what_it_paid_before_proves_nothing_any_more(
    bench: Bench,
) -> None:
    for _ in range(PAID_STAYS):
        await gone(bench, await paid_by(bench, "oStranger"))
    await bench.ask("me_bind", "oStranger", plate=PLATE)
    assert await lost(bench, "oStranger") == []
    at, site = datetime.now(UTC) + timedelta(minutes=1), bench.till.config.site_id
    assert await bench.till.db.write(lambda conn: Phones(site, conn).revoke(at, PLATE)) == 1
    assert await lost(bench, "oStranger") == [(PLATE, "revoked")]
    with pytest.raises(BridgeRefusal, match="Pay for three stays"):
        await bench.ask("me_bind", "oStranger", plate=PLATE)
    later = update(pay_order).values(paid_at=at + timedelta(minutes=1))
    await bench.till.db.write(lambda conn: conn.execute(later))
    await bench.ask("me_bind", "oStranger", plate=PLATE)
    assert await lost(bench, "oStranger") == []
    await bound(bench, "oOwner")
    assert (await lost(bench, "oStranger"), await lost(bench, "oOwner")) == ([(PLATE, "gate")], [])


async def test_a_phone_learns_how_many_others_are_told_of_its_plate_and_what_it_gave_up_itself_is_no_loss(
    bench: Bench,
) -> None:
    await bound(bench, "oMine")
    await bound(bench, "oOther")
    assert [one["others"] for one in (await bench.ask("me_view"))["plates"]] == [1]
    await bench.ask("me_unbind", "oOther", plate=PLATE)
    assert [one["others"] for one in (await bench.ask("me_view"))["plates"]] == [0]
    assert await lost(bench, "oOther") == []


async def test_a_plate_that_was_taken_away_is_pushed_to_no_more(bench: Bench) -> None:
    stay = await bound(bench)
    await bench.ask("me_unbind", plate=PLATE)
    with pytest.raises(BridgeRefusal, match="not bound"):
        await bench.ask("me_unbind", plate=PLATE)
    assert await bench.till.db.read(lambda conn: list(Phones(bench.till.config.site_id, conn).of_plate(PLATE))) == []
    await bench.ask("me_bind", token=BOOM.make(stay, bench.till.clock.now()))


async def test_plates_and_phones_have_their_limits_and_an_owner_may_complain(bench: Bench) -> None:
    at, site = bench.till.clock.now(), bench.till.config.site_id

    def work(conn: Any) -> list[object]:  # noqa: ANN401
        phones = Phones(site, conn)
        mine = [phones.bind(at, "oMine", Plate(f"京A1000{n}"), at_boom=True) for n in range(MOST_PLATES + 1)]
        many = [phones.bind(at, f"o{n}", PLATE, at_boom=True) for n in range(MOST_PHONES + 1)]
        return [mine[-1], many[-1], phones.revoke(at, PLATE), phones.of_plate(PLATE)]

    first, second, revoked, left = await bench.till.db.write(work)
    assert isinstance(first, NotBound)
    assert isinstance(second, NotBound)
    assert (revoked, left) == (MOST_PHONES, [])


async def test_the_fee_is_pushed_to_the_phones_of_the_plate_and_leads_to_its_page(bench: Bench) -> None:
    stay = await bound(bench, "oPush")
    bench.pushes.fee_due(stay, "1号出口", 61, Fen(500))
    for _ in range(100):
        if found := await bench.inbox("oPush"):
            break
        await asyncio.sleep(0.05)
    assert found[0]["template"] == "SIM_FEE"
    assert found[0]["url"] == f"http://x/f/{stay}"
    assert (found[0]["data"]["plate"], found[0]["data"]["fee"], found[0]["data"]["lane"]) == (PLATE, "5.00", "1号出口")
    assert await bench.inbox("oStranger") == []
    assert [(row.kind, row.state) for row in await bench.till.rows(phone_push)] == [("fee", "SENT")]


async def pushed(bench: Bench, stay: StayId, rows: int) -> list[tuple[str, str]]:
    bench.pushes.fee_due(stay, "1号出口", 61, Fen(500))
    for _ in range(100):
        found = [(row.state, row.said) for row in await bench.till.rows(phone_push)]
        if len(found) == rows:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_a_token_that_had_ended_is_made_anew_and_who_does_not_follow_is_not_pestered(bench: Bench) -> None:
    stay = await bound(bench, "oLoyal")
    assert await pushed(bench, stay, 1) == [("SENT", "")]
    await asyncio.to_thread(bench.bank.post, "/sim/account", end_token=True)
    assert (await pushed(bench, stay, 2))[-1] == ("SENT", "")
    await asyncio.to_thread(bench.bank.post, "/sim/account", stranger="oLoyal")
    assert (await pushed(bench, stay, 3))[-1] == ("REFUSED", "43004")
    assert len(await bench.inbox("oLoyal")) == 2


async def test_a_phone_sees_its_own_payments_alone_and_asks_for_one_invoice_each(bench: Bench) -> None:
    await paid_by(bench, "oPayer")
    [payment] = (await bench.ask("me_view", "oPayer"))["payments"]
    assert (payment["plate"], payment["amount_fen"], payment["invoice"]) == (PLATE, 500, False)
    assert (await bench.ask("me_view", "oStranger"))["payments"] == []
    wanted = {"order": payment["order"], "title": "道闸公司", "tax_number": "91110108MA01ABCD12", "mail": "a@b.example"}
    for bad in ({"title": ""}, {"tax_number": "12"}, {"mail": "nobody"}):
        with pytest.raises(BridgeRefusal):
            await bench.ask("me_invoice", "oPayer", **{**wanted, **bad})
    with pytest.raises(BridgeRefusal, match="not known"):
        await bench.ask("me_invoice", "oStranger", **wanted)
    await bench.ask("me_invoice", "oPayer", **wanted)
    with pytest.raises(BridgeRefusal, match="already"):
        await bench.ask("me_invoice", "oPayer", **wanted)
    [row] = await bench.till.rows(invoice_request)
    assert (row.title, row.amount_fen) == ("道闸公司", 500)
    assert (await bench.ask("me_view", "oPayer"))["payments"][0]["invoice"] is True


async def test_what_this_plant_did_not_seal_is_nobody(bench: Bench) -> None:
    for phone in ("", "00" * 40, Seal(b"x" * 32).close(Openid("oMine"), bench.till.clock.now())):
        with pytest.raises(BridgeRefusal, match="does not know"):
            await bench.desk.verbs()["me_view"](Ask("public", "me_view", {"phone": phone}, "", "", "", ""))


async def test_who_changes_too_much_is_slowed_down(bench: Bench) -> None:
    for _ in range(20):
        with pytest.raises(BridgeRefusal, match="not bound"):
            await bench.ask("me_unbind", plate=PLATE)
    with pytest.raises(BridgeRefusal, match="Too many"):
        await bench.ask("me_unbind", plate=PLATE)
