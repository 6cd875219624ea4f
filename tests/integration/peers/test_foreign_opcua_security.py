"""A secured link to a server by node-opcua: a technician trusts its certificate here, and ours there."""

import asyncio
from dataclasses import replace
from pathlib import Path

from plc.opcua import OpcUaDriver
from plc.ua.client import certificate_of, look
from plc.ua.keys import KeyFolder
from scada.clock import SystemClock
from scada.model.device import LinkState
from scada.model.tag import Quality
from scada.sim.trial.ports import free_port
from tests.support.peers import foreign
from tests.support.plc import Sink, running, small_map, until

FIRST, SECOND = "Basic256Sha256/SignAndEncrypt", "Aes256Sha256RsaPss/SignAndEncrypt"
ROWS = "tag,device,address,type,access,class\nout1.u16,ua,ns=1;s=Out1.U16,u16,rw,fast\n"


def trust_there(home: Path) -> None:
    """Move what the server has rejected to what it trusts."""
    for rejected in home.rglob("rejected/*"):
        (rejected.parent.parent / "trusted" / "certs").mkdir(parents=True, exist_ok=True)
        rejected.rename(rejected.parent.parent / "trusted" / "certs" / rejected.name)


async def test_each_side_refuses_the_other_until_a_person_has_trusted_it(tmp_path: Path) -> None:
    port, sink, keys = free_port(), Sink(), KeyFolder(tmp_path / "site")
    table = f"device,protocol,host,port,timeout_ms,security\nua,opcua,127.0.0.1,{port},5000,{FIRST}\n"
    tags, device = await small_map(tmp_path, ROWS, table)
    driver = OpcUaDriver(device, tags, sink, SystemClock(), keys)
    async with foreign("node_opcua", port, tmp_path, "strict"):
        async with running(driver):
            await until(lambda: "daozha certs trust ua" in driver.figures().why, within_s=30)
            offered = await look(device)
            await asyncio.to_thread(keys.trust, "ua", certificate_of(offered[-1]))
            await until(lambda: "not yet trusted in the PLC" in driver.figures().why, within_s=30)
            assert driver.figures().state is LinkState.REFUSED
            await asyncio.to_thread(trust_there, tmp_path)
            await until(lambda: sink.quality("out1.u16") is Quality.GOOD, within_s=30)
        other = Sink()
        async with running(OpcUaDriver(replace(device, security=SECOND), tags, other, SystemClock(), keys)):
            await until(lambda: other.quality("out1.u16") is Quality.GOOD, within_s=30)
