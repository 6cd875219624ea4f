"""Reminders of month cards against the real simulator: once each, by day, through kills and jumps of the clock."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

from billing.accounts.chart import Account
from billing.books import Books
from billing.cards import book, selling
from billing.cards.book import Card, Paid
from billing.cards.terms import Product
from billing.driver.bindings import Phones
from billing.driver.messenger import Messenger
from billing.driver.reminders import CardReminders, Reminding
from billing.pay.web import WeChatWeb
from scada.config import Config
from scada.model.money import Fen
from scada.model.plate import Plate
from scada.sim.trial.ports import free_port
from scada.store.db import Database
from scada.store.schema import card_reminder
from tests.support.billing import LaterClock, Phone, made_config, wechat_process
from tests.support.store import open_database

MINE, HERS = Plate("京A12345"), Plate("京B22222")
SHANGHAI = ZoneInfo("Asia/Shanghai")
MONTH = Product("month", "月卡", Fen(30_000), 1, plates=2, grace_days=3)
PAGE = "http://localhost:8081/me/cards"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield config, phone


@dataclass
class Bench:
    """A card of two plates that ends on a day, a clock, and who reminds."""

    config: Config
    bank: Phone
    db: Database
    clock: LaterClock
    card: Card
    owner: str

    @property
    def last(self) -> date:
        """The last day of the card."""
        assert self.card.until is not None
        return self.card.until - timedelta(days=1)

    def reminders(self, api_url: str = "") -> CardReminders:
        """Give who reminds, as a plant that starts builds it."""
        secret = (self.config.data / "sim" / "wechat" / "app_secret.txt").read_text(encoding="utf-8").strip()
        names = self.config.phones
        web = WeChatWeb(self.config.wechat.appid, secret, names.oauth_url, api_url or names.api_url)
        messenger = Messenger(self.clock, web)
        return CardReminders(
            self.config.site_id, self.db, self.clock, SHANGHAI, messenger, Reminding((7, 1), "SIM_CARD", PAGE)
        )

    async def on(self, days: int, hour: int = 10, minute: int = 0, api_url: str = "") -> None:
        """Let it be so many days before the last one, and a round be made."""
        wanted = datetime.combine(self.last - timedelta(days=days), time(hour, minute), SHANGHAI)
        self.clock.later_s += (wanted - self.clock.now()).total_seconds()
        await self.reminders(api_url).go_round()

    async def told(self, openid: str = "") -> list[dict[str, Any]]:
        """Give what stands on a phone, the oldest first."""

        def look() -> list[dict[str, Any]]:
            url = f"{self.bank.base}/phone/messages?openid={openid or self.owner}"
            request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return list(reversed(json.loads(answer.read())["messages"]))

        return await asyncio.to_thread(look)

    async def days_told(self, openid: str = "") -> list[str]:
        """Give which days before the end a phone was told."""
        return [one["data"]["days"] for one in await self.told(openid)]

    async def states(self) -> list[str]:
        """Give how the reminders stand."""
        query = select(card_reminder.c.state).order_by(card_reminder.c.id)
        return list(await self.db.read(lambda conn: list(conn.execute(query).scalars())))

    async def set(self, **values: object) -> None:
        """Change all reminders by hand, as a kill would have left them."""
        await self.db.write(lambda conn: conn.execute(card_reminder.update().values(**values)))


@pytest.fixture
async def bench(site: tuple[Config, Phone], tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    config, bank = site
    clock, books, owner = LaterClock(), Books.of(config), f"o{abs(hash(request.node.name))}"

    def sold(conn: Connection) -> Card:
        at = clock.now()
        today = at.astimezone(SHANGHAI).date()
        card = selling.offer(conn, books, at, MONTH, (MINE, HERS), "", today, SHANGHAI, "phone")
        assert isinstance(card, Card)
        book.pay(conn, books, at, card, MONTH.price_fen, Paid(Account.SAFE, "li"))
        for plate in (MINE, HERS):
            Phones(config.site_id, conn).bind(at, owner, plate, at_boom=True)
        return book.find(conn, config.site_id, card.id) or card

    async with open_database(tmp_path) as db:
        yield Bench(config, bank, db, clock, await db.write(sold), owner)


async def test_a_phone_is_told_on_each_of_the_days_once_whatever_it_has_bound(bench: Bench) -> None:
    for days in (9, 8, 7, 6, 2, 1, 0, -1):
        for hour in (10, 15):
            await bench.on(days, hour)
    first, second = await bench.told()
    assert (first["template"], first["url"]) == ("SIM_CARD", PAGE)
    assert first["data"] == {
        "card": "月卡",
        "plate": f"{MINE} {HERS}",
        "until": bench.last.isoformat(),
        "days": "7",
    }
    assert second["data"]["days"] == "1"
    assert await bench.states() == ["SENT", "SENT"]


async def test_people_are_told_by_day(bench: Bench) -> None:
    for hour in (0, 8, 20, 23):
        await bench.on(7, hour)
    assert await bench.states() == []
    await bench.on(6, 9)
    assert await bench.days_told() == ["6"]


async def test_a_plant_that_was_off_tells_the_last_of_what_it_missed_and_no_more(bench: Bench) -> None:
    await bench.on(0, 10)
    await bench.on(0, 11)
    assert await bench.days_told() == ["0"]


async def test_a_card_that_was_renewed_is_told_of_again_at_its_new_end_only(bench: Bench) -> None:
    await bench.on(7)
    books, at, price = Books.of(bench.config), bench.clock.now(), MONTH.price_fen

    def renew(conn: Connection) -> None:
        found = book.find(conn, bench.config.site_id, bench.card.id)
        assert found is not None
        book.pay(conn, books, at, found, price, Paid(Account.SAFE, "li"))

    await bench.db.write(renew)
    await bench.on(1)
    assert await bench.days_told() == ["7"]
    found = await bench.db.read(lambda conn: book.find(conn, bench.config.site_id, bench.card.id))
    assert found is not None
    bench.card = found
    await bench.on(7)
    assert await bench.days_told() == ["7", "7"]


async def test_a_clock_that_jumps_ahead_and_back_tells_nobody_twice(bench: Bench) -> None:
    for days in (20, 7, -30, 20, 7, 1, 7, 1):
        await bench.on(days)
    assert await bench.days_told() == ["7", "1"]


async def test_a_server_killed_after_sending_sends_again_only_while_wechat_knows_the_message(bench: Bench) -> None:
    await bench.on(7)
    await bench.set(state="SENDING")
    await bench.on(7, 10, 5)
    assert (await bench.days_told(), await bench.states()) == (["7"], ["SENT"])
    await bench.set(state="SENDING")
    await bench.on(7, 10, 30)
    assert (await bench.days_told(), await bench.states()) == (["7"], ["UNKNOWN"])


async def test_a_server_killed_before_sending_sends_when_it_starts(bench: Bench) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    await bench.on(7, api_url=nowhere)
    assert (await bench.days_told(), await bench.states()) == ([], ["WAITING"])
    await bench.on(7, 22)
    assert await bench.states() == ["WAITING"]
    await bench.on(6)
    assert (await bench.days_told(), await bench.states()) == (["6"], ["SENT"])


async def test_what_waited_until_it_is_not_so_any_more_is_dropped(bench: Bench) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    await bench.on(7, api_url=nowhere)
    at, site = bench.clock.now(), bench.config.site_id
    await bench.db.write(lambda conn: [Phones(site, conn).unbind(at, bench.owner, plate) for plate in (MINE, HERS)])
    await bench.on(6)
    assert (await bench.days_told(), await bench.states()) == ([], ["DROPPED"])


async def test_who_does_not_follow_the_account_is_not_pestered(bench: Bench) -> None:
    await asyncio.to_thread(bench.bank.post, "/sim/account", stranger=bench.owner)
    await bench.on(7)
    await bench.on(6)
    assert (await bench.days_told(), await bench.states()) == ([], ["REFUSED"])
