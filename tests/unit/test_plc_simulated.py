"""A simulated device holds what is written to it, says so with every value, and moves nothing."""

from pathlib import Path

import pytest

from plc.links import build
from plc.map.mapped import TagMap
from plc.simulated import SimulatedDriver
from scada.clock import SystemClock
from scada.model.device import LinkState
from scada.model.handshake import CommandBlock, CommandCode
from scada.model.tag import Quality, TagName
from scada.ports import PlcError
from tests.support.plc import Sink, running, small_map, until

ROWS = (
    "tag,device,address,type,access,class,safe\n"
    "in1.loop,plc1,HR4.1,bool,ro,fast,1\nin1.level,plc1,HR5,u16,rw,fast,\n"
    "in1.hb.server,plc1,HR9,u16,wo,,\nin1.cmd,plc1,HR20:9,cmdblock,wo,,\n"
)
DEVICE = "device,protocol,host,port,simulated\nplc1,modbus-tcp,127.0.0.1,502,1\n"


async def test_it_tells_what_is_safe_or_written_and_never_calls_it_a_reading(tmp_path: Path) -> None:
    tags, device = await small_map(tmp_path, ROWS, DEVICE)
    sink = Sink()
    (driver,) = build(TagMap(tags, {device.name: device}), sink, SystemClock(), tmp_path)
    assert isinstance(driver, SimulatedDriver)
    async with running(driver):
        await until(lambda: sink.value("in1.loop"))
        await driver.write(TagName("in1.level"), 7)
        await driver.write(TagName("in1.hb.server"), 1)
        assert sink.value("in1.level") == 7
        told = len(sink.calls)
        await until(lambda: len(sink.calls) >= told + 2)
    assert {update.quality for update in sink.now.values()} == {Quality.FORCED}
    assert (driver.figures().state, driver.figures().writes) == (LinkState.SIMULATED, 2)


async def test_it_takes_no_command_and_no_write_that_the_real_one_would_not_take(tmp_path: Path) -> None:
    tags, device = await small_map(tmp_path, ROWS, DEVICE)
    driver = SimulatedDriver(device, tags, Sink())
    with pytest.raises(PlcError, match="simulated, nothing would move"):
        await driver.command(TagName("in1.cmd"), CommandBlock(1, CommandCode.OPEN, 1, 2000, 0, 1))
    with pytest.raises(PlcError, match="no tag that may be written"):
        await driver.write(TagName("in1.loop"), False)
