"""Gate-open requests: written once each, answered, or lapsed; an earlier start's are never sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from billing import outbox
from billing.books import Place
from billing.request import RequestWriter
from scada.clock import SystemClock
from scada.config import Config
from scada.model.lane.words import OpenRequest, Reason, Refused, RequestAnswer, Taken
from scada.model.names import OrderId, PassageId, SiteId, StayId
from scada.model.tag import TagName
from scada.store.db import Database
from scada.store.schema import journal, open_request
from tests.support.billing import OUT1, made_config
from tests.support.store import open_database, until

PASSAGE = PassageId("out1-20260303020000-7")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return made_config(tmp_path)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path) as opened:
        yield opened


def with_life(config: Config, seconds: float) -> Config:
    lanes = [
        lane.model_copy(update={"timing": lane.timing.model_copy(update={"t_request_s": seconds})})
        for lane in config.lanes
    ]
    return config.model_copy(update={"lanes": tuple(lanes)})


class Lane:
    """Stands in for the tag table and the lane behind it: keeps what is written, and may answer at once."""

    def __init__(self, answer: RequestAnswer | None = None) -> None:
        self.written: list[tuple[TagName, OpenRequest]] = []
        self.answer = answer
        self.writer: RequestWriter | None = None

    async def write(self, name: TagName, text: str) -> None:
        request = OpenRequest.from_text(text)
        self.written.append((name, request))
        if self.answer is not None and self.writer is not None:
            await self.writer.answered(request.id, self.answer)


@asynccontextmanager
async def writing(config: Config, db: Database, lane: Lane) -> AsyncIterator[RequestWriter]:
    async with RequestWriter(config, db, lane.write, SystemClock()) as writer:
        lane.writer = writer
        yield writer


async def put_in_outbox(db: Database) -> None:
    """As the cashier does in its settlement."""
    at, place = SystemClock().now(), Place(OUT1, PASSAGE)
    stay, order = StayId("S1"), OrderId("DE260303ABC001")
    await db.write(lambda conn: outbox.add(conn, SiteId("demo"), at, place, Reason.PAID, "billing", stay, order))


async def rows(db: Database) -> list[Any]:
    return list(await db.read(lambda conn: conn.execute(select(open_request)).all()))


async def test_a_settlements_request_is_written_once_to_its_lanes_tag(config: Config, db: Database) -> None:
    lane = Lane()
    async with writing(config, db, lane) as writer:
        await put_in_outbox(db)
        for _ in range(3):
            writer.wake()
            await asyncio.sleep(0)
        await until(lambda: len(lane.written) == 1)
        [(name, request)] = lane.written
        assert name == "out1.gate.open_request"
        assert (request.stay, request.order, request.passage) == ("S1", "DE260303ABC001", PASSAGE)
        assert request.reason is Reason.PAID
        await writer.answered(request.id, Taken())
        await writer.answered(request.id, Refused("too late"))
    assert len(lane.written) == 1
    assert [row.state for row in await rows(db)] == ["TAKEN"]


async def test_an_operator_hears_that_the_lane_took_his_request(config: Config, db: Database) -> None:
    async with writing(config, db, Lane(Taken())) as writer:
        assert await writer.ask_and_wait(OUT1, PASSAGE, Reason.GOODWILL, "wang", "rain") == Taken()
    said = await db.read(lambda conn: conn.execute(select(journal)).all())
    assert [(row.kind, row.actor, row.what) for row in said] == [
        ("person", "wang", "asks to open"),
        ("decision", "billing", "open request taken"),
    ]
    assert said[0].body["reason"] == "GOODWILL"
    assert said[0].body["note"] == "rain"


async def test_an_operator_hears_why_the_lane_refused(config: Config, db: Database) -> None:
    async with writing(config, db, Lane(Refused("another car"))) as writer:
        assert await writer.ask_and_wait(OUT1, PASSAGE, Reason.QUEUE, "wang") == Refused("another car")
    assert [(row.state, row.why) for row in await rows(db)] == [("REFUSED", "another car")]


async def test_a_request_that_nobody_answers_lapses(config: Config, db: Database) -> None:
    async with writing(with_life(config, 0.1), db, Lane()) as writer:
        answer = await writer.ask_and_wait(OUT1, PASSAGE, Reason.QUEUE, "wang")
    assert answer == Refused("nobody answered in time")
    assert [row.state for row in await rows(db)] == ["LAPSED"]


async def test_what_an_earlier_start_left_behind_lapses_and_is_never_sent(config: Config, db: Database) -> None:
    await put_in_outbox(db)
    lane = Lane()
    async with writing(config, db, lane) as writer:
        assert [row.state for row in await rows(db)] == ["LAPSED"]
        answer = asyncio.create_task(writer.ask_and_wait(OUT1, PASSAGE, Reason.QUEUE, "wang"))
        await until(lambda: bool(lane.written))
        assert [request.by for _, request in lane.written] == ["wang"]
        answer.cancel()
        await asyncio.gather(answer, return_exceptions=True)
