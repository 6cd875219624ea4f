"""Modes against the virtual PLCs, over Modbus TCP and OPC UA: what is asked for is what the boom does."""

from pathlib import Path

from scada.engine.writing import Confirmed
from scada.model.handshake import Mode
from scada.model.modes import ModeReason, Wish
from scada.model.names import LaneName
from scada.store.modes import newest
from tests.support.one_lane import SITE, both, server, shipped
from tests.support.plc import until, virtual_plc


@both
async def test_a_lane_is_held_open_its_boom_goes_up_and_in_auto_it_comes_down_as_often_as_asked(
    tmp_path: Path, lane: str, device: str
) -> None:
    async with shipped(tmp_path) as (tag_map, db, stack):
        await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        here = await stack.enter_async_context(server(tag_map, lane, device, db))
        await here.claim()
        for _ in range(2):
            assert await here.hold_open(60) == Confirmed()
            await until(lambda: here.image().up.is_on)
            assert await here.modes.ask(Wish(Mode.AUTO, "zhao")) == Confirmed()
            await until(lambda: here.image().down.is_on)
        assert await here.modes.ask(Wish(Mode.LOCKED, "li", ModeReason.NIGHT)) == Confirmed()
        assert here.image().mode is Mode.LOCKED
        assert here.image().down.is_on
        assert here.alarms == []


@both
async def test_a_lane_held_open_over_a_server_restart_goes_on_and_closes_at_its_time(
    tmp_path: Path, lane: str, device: str
) -> None:
    async with shipped(tmp_path) as (tag_map, db, stack):
        await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        async with server(tag_map, lane, device, db) as first:
            await first.claim()
            assert await first.hold_open(10) == Confirmed()
            await until(lambda: first.image().up.is_on)
        here = await stack.enter_async_context(server(tag_map, lane, device, db))
        await here.claim()
        await until(lambda: here.image().mode is Mode.AUTO and here.image().down.is_on)
        await until(lambda: here.modes.period is None)
        periods = await db.read(lambda conn: newest(conn, SITE, LaneName(lane), 10))
        assert [(one.mode, one.by, one.ended_by) for one in periods if one.mode == "HOLD_OPEN"] == [
            ("HOLD_OPEN", "li", "expiry")
        ]
        assert here.alarms == []


@both
async def test_a_restarted_plc_with_a_car_before_its_boom_is_claimed_on_a_persons_word(
    tmp_path: Path, lane: str, device: str
) -> None:
    async with shipped(tmp_path) as (tag_map, db, stack):
        machine = await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        machine.wire(lane, {"approach": True})
        here = await stack.enter_async_context(server(tag_map, lane, device, db))
        await until(lambda: "RESYNC_OCCUPIED" in here.alarms)
        assert here.image().mode is Mode.RESYNC
        assert not here.image().claimed
        here.gatekeeper.let_claim()
        await until(lambda: here.image().claimed and here.image().mode is Mode.AUTO)
