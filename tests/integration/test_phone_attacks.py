"""A stranger before the real public process and desks: he learns nothing, is slowed down, and is written down."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
import requests

from billing.books import Place
from billing.doors.driver import PLATE_MOST, DriverDesk, DriverParts
from billing.doors.me import PhoneDesk
from billing.driver.means import Means
from billing.driver.tokens import Tokens
from billing.driver.visitors import Seal
from billing.pay.web import Openid
from lpr.sim.qr import decode
from scada.config import load
from scada.engine.bridge import BridgeServer
from scada.engine.doors.tickets import PASSAGE_MOST, TOO_MANY
from scada.engine.doors.tries import Tries
from scada.model.lane.words import Ending, Reason
from scada.model.names import LaneName, PassageId, StayId
from scada.sim.trial.ports import free_port
from scada.store.journal import SqlJournal
from tests.support.billing import HOUR_S, OUT1, Phone, Till, made_config, made_passage, open_till, wechat_process
from tests.support.hmi import web_process, write_config
from tests.support.plantside import Shell, shell
from tests.support.store import open_database, until
from tests.support.unplated import car_comes, inside

KEY = b"k" * 32
PLATE = "京A12345"
WORDS_OF_A_PLACE = ("出口", "out1", "picture")
Answer = requests.Response
T = TypeVar("T")


@dataclass
class Town:
    """A car park with one stay, a code of a passage that is over, and the public process before them."""

    till: Till
    url: str
    old_code: str
    stay: StayId
    bank: Phone
    lane: Shell
    at: dict[StayId, Place]

    async def refused(self) -> set[tuple[str, str]]:
        """Give what the journal says was refused."""
        return {(str(row.body["verb"]), str(row.body["code"])) for row in await self.till.journal_of("was refused")}


@dataclass
class Stranger:
    """A browser that may say whatever it likes."""

    url: str
    browser: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **headers: str) -> Answer:
        return self.browser.get(self.url + path, headers=headers, allow_redirects=False, timeout=10)

    def form(self, page: str) -> dict[str, str]:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page).text)
        assert found
        return {"csrf_token": found[1]}

    def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        return self.browser.post(self.url + path, form, headers=headers, allow_redirects=False, timeout=10)


@asynccontextmanager
async def opened_town(folder: Path) -> AsyncIterator[Town]:
    port = free_port()
    path = write_config(folder, public=port)
    web = await asyncio.to_thread(load, path)
    config = await asyncio.to_thread(made_config, folder / "till", free_port(), free_port())
    async with AsyncExitStack() as running:
        bank, phones = ExitStack(), ExitStack()
        phone = await asyncio.to_thread(bank.enter_context, wechat_process(config))
        running.push_async_callback(asyncio.to_thread, bank.close)
        lane = await running.enter_async_context(shell(folder / "lane", "out1"))
        db = await running.enter_async_context(open_database(folder))
        till = await running.enter_async_context(open_till(config, db))
        at: dict[StayId, Place] = {}
        verbs = Tries(SqlJournal(db, config.site_id, till.clock), till.clock).watched(
            {**lane.claims.verbs(), **desk_of(till, at).verbs(), **phones_of(till).verbs()}
        )
        await running.enter_async_context(
            BridgeServer(web.socket("public"), "public", verbs, {"plant": "p", "site": {}}, till.clock)
        )
        await asyncio.to_thread(phones.enter_context, web_process("public", path))
        running.push_async_callback(asyncio.to_thread, phones.close)
        old_code = lane.claims.url(lane.runner.name, PassageId("a passage that is over")).rpartition("/")[2]
        stay = await till.come_in(PLATE)
        till.clock.later_s += HOUR_S
        yield Town(till, f"http://localhost:{port}", old_code, stay, phone, lane, at)


def desk_of(till: Till, at: dict[StayId, Place]) -> DriverDesk:
    journal, tokens = SqlJournal(till.db, till.config.site_id, till.clock), Tokens(KEY, "fee")
    told, boom = Tokens(KEY, "told"), Tokens(KEY, "boom")
    means = Means(Seal(KEY), is_known=False, may_h5=True)
    parts = DriverParts(
        cashier=till.cashier,
        journal=journal,
        clock=till.clock,
        tokens=tokens,
        told=told,
        at_boom=boom,
        means=means,
        where=at.get,
        leaves=lambda stay: OUT1 if stay in at else None,
        bound=_nobody_is_bound,
        call=_nobody_comes,
        web=None,
    )
    return DriverDesk(parts)


async def _nobody_comes(lane: LaneName) -> str:
    raise AssertionError(f"a stranger has called a person to {lane}")


async def _nobody_is_bound(_binding: str) -> bool:
    return False


def phones_of(till: Till) -> PhoneDesk:
    return PhoneDesk(till.config.site_id, till.db, till.clock, Seal(KEY), Tokens(KEY, "boom"))


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    with tempfile.TemporaryDirectory(prefix="dz-") as name:
        folder = Path(name)
        for room in ("till", "lane"):
            (folder / room).mkdir()
        async with opened_town(folder) as opened:
            yield opened


def steals_a_visit(stranger: Stranger) -> None:
    """He posts from another site, without a form of ours, and with a token of his own making."""
    form = {**stranger.form("/"), "plate": PLATE}
    assert stranger.post("/fee", form, Origin="https://evil.example").status_code == 403
    assert stranger.post("/fee", form, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert stranger.post("/fee", {"plate": PLATE}).status_code == 400
    forged = Tokens(b"x" * 32, "fee").make("S1", datetime.now(UTC))
    assert stranger.get(f"/f/{forged}").status_code == 410
    assert stranger.get("/wechat/back?code=mine&state=mine").status_code == 400


def types_the_plate(stranger: Stranger) -> str:
    """He sees that the car is here and what it owes; no exit, no picture. Gives the page's address."""
    found = stranger.post("/fee?lang=//evil.example", {**stranger.form("/"), "plate": PLATE})
    page = found.headers["Location"]
    assert found.status_code == 303
    assert page.startswith("/f/")
    text = stranger.get(page).text
    assert PLATE in text
    assert [word for word in WORDS_OF_A_PLACE if word in text] == []
    return page.partition("?")[0]


def pays_a_strangers_stay(stranger: Stranger, page: str, bank: Phone) -> None:
    """He pays for the car, to see its pictures and where it was: he sees what he saw before, and that it is paid."""
    asked = {**stranger.form(page), "way": "QR"}
    code = stranger.post(f"{page}/pay", asked, Accept="application/json").json()["code"]
    content = decode(stranger.get(code).content)
    assert content is not None
    assert bank.pay(content) == "ok"


def has_a_strangers_car_looked_at(stranger: Stranger, page: str) -> None:
    """He calls a person to the car: that would tell him that it stands at a boom, and hold it up there."""
    answer = stranger.post(f"{page}/help?lang=en", stranger.form(page))
    assert answer.status_code == 409
    assert "Your car waits at no exit now." in answer.text


def sees_no_more(stranger: Stranger, page: str) -> None:
    text = stranger.get(page).text
    assert 'data-page="fee"' in text
    assert [word for word in (*WORDS_OF_A_PLACE, "jpeg") if word in text] == []


def watches_on(stranger: Stranger, page: str) -> None:
    """After the car has left, the page that he kept open tells no more."""
    assert stranger.get(page).status_code == 410
    assert stranger.get(f"{page}/state").json() == {"version": "gone"}


def asks_on(stranger: Stranger) -> None:
    """He asks from many addresses; the plate has its own limit."""
    form = {**stranger.form("/"), "plate": PLATE}
    said = [stranger.post("/fee", form, **{"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in range(25)]
    assert said.count(429) == 25 - (PLATE_MOST - 1)
    assert said[-1] == 429


def binds_a_strangers_plate(stranger: Stranger, phone: str) -> None:
    """A phone that WeChat knows does not get a plate by knowing it, nor anybody's receipt."""
    stranger.browser.cookies.set("phone", phone)
    assert stranger.post("/me/bind", {**stranger.form("/me"), "plate": PLATE}).status_code == 409
    assert stranger.get("/me/receipt/DE1").status_code == 404
    assert PLATE not in stranger.get("/me").text


def replays_an_old_code(stranger: Stranger, code: str, stay: StayId) -> None:
    """He goes on scanning yesterday's code and guessing others, under addresses that he writes himself."""
    assert stranger.get(f"/c/{code}/picture/{stay}").status_code == 404
    codes = [code, *(f"guess-{n}" for n in range(40))]
    invented = {"X-Forwarded-For": "198.51.100.1, 203.0.113.99"}
    said = [stranger.get(f"/c/{one}", **invented).status_code for one in codes]
    assert set(said) == {410, 429}
    assert said[-1] == 429


def follows_an_old_code(stranger: Stranger, code: str) -> None:
    """He asks by the address that pages follow, which answers in one word: it says no more, and not for long."""
    first = stranger.get(f"/c/{code}/state")
    assert (first.status_code, first.json()) == (410, {"version": "gone"})
    said = [stranger.get(f"/c/guess-{n}/state").status_code for n in range(70)]
    assert set(said) == {410, 429}
    assert said[-1] == 429


async def test_a_stranger_learns_nothing_is_slowed_down_and_written_down(town: Town) -> None:
    stranger = Stranger(town.url)

    async def tries(attack: Callable[..., T], *args: object) -> T:
        return await asyncio.to_thread(attack, stranger, *args)

    await tries(steals_a_visit)
    passage = made_passage(town.till.clock.now(), OUT1, PLATE, 7)
    town.at[town.stay] = Place(OUT1, passage.id)
    page = await tries(types_the_plate)
    await tries(has_a_strangers_car_looked_at, page)
    await tries(pays_a_strangers_stay, page, town.bank)
    await until(lambda: len(town.till.told.settled) == 1)
    await tries(sees_no_more, page)
    await town.till.cashier.end_stay(OUT1, town.stay, passage, Reason.QUEUE, "li", Ending.EXIT)
    await tries(watches_on, page)
    await tries(asks_on)
    await tries(binds_a_strangers_plate, Seal(KEY).close(Openid("oStranger"), town.till.clock.now()))
    await tries(follows_an_old_code, town.old_code)
    await tries(replays_an_old_code, town.old_code, town.stay)
    assert len(await town.till.journal_of("asks for a fee")) == PLATE_MOST
    assert len(await town.till.journal_of("asks for a fee too often")) == 1
    refused = await town.refused()
    assert {("claim_view", "gone"), ("fee_view", "gone"), ("fee_find", "slow"), ("me_bind", "refused")} <= refused
    assert {("claim_state", "gone"), ("fee_help", "refused")} <= refused


def guesses_a_code(stranger: Stranger, page: str, right: str) -> None:
    """A script goes through codes under many addresses, the right one among them: it is told of no stay."""
    form = stranger.form(page)
    codes = ["0000", "0001", "0002", *[right] * 12]
    answers = [
        stranger.post(f"{page}/ticket?lang=en", {**form, "code": code}, **{"X-Forwarded-For": f"203.0.113.{n}"})
        for n, code in enumerate(codes)
    ]
    assert [word for one in answers for word in ("无牌", "picture", "candidate") if word in one.text] == []
    assert [one.status_code for one in answers] == [409] * 12 + [429] * 3
    assert all("No car is known for this code." in one.text for one in answers[:PASSAGE_MOST])
    assert all(TOO_MANY in one.text for one in answers[PASSAGE_MOST:-3])
    assert stranger.get(page).text.count('data-plate="') == 0


async def test_a_script_that_guesses_claim_codes_gets_nothing_is_slowed_down_and_written_down(town: Town) -> None:
    ticket = await inside(town.lane, "0042")
    token = await car_comes(town.lane)
    await asyncio.to_thread(guesses_a_code, Stranger(town.url), f"/c/{token}", ticket.code)
    assert town.lane.pauses == [1.0, 2.0, 3.0]
    told = [row.what for row in await town.lane.journal("person", lane=True)]
    assert (told.count("wrong claim code"), told.count("claim code refused")) == (PASSAGE_MOST, 12 - PASSAGE_MOST)
    assert ("claim_ticket", "refused") in await town.refused()
