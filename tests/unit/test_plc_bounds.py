"""asyncua is given its bound before anything is decoded: as a client of a PLC, and as our own server."""

from pathlib import Path

import pytest
from asyncua.ua import ua_binary

from plc.serve import opcua
from plc.ua.client import new_client
from tests.support.plc import small_map

TABLE = "device,protocol,host,port\nu,opcua,127.0.0.1,4840\n"


class Bounded(Exception):
    """The bound was set."""


async def test_a_client_of_a_plc_knows_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, device = await small_map(tmp_path, "tag,device,address,type\nin1.a,u,ns=2;s=A,bool\n", TABLE)
    monkeypatch.delattr(ua_binary.Primitives1, "Null", raising=False)
    new_client(device)
    assert ua_binary.Primitives1.Null.unpack_array(b"", 0) == ()  # type: ignore[attr-defined]


async def test_our_server_knows_it_before_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    def bounded() -> None:
        raise Bounded

    monkeypatch.setattr(opcua, "bound_arrays", bounded)
    with pytest.raises(Bounded):
        await object.__new__(opcua.OpcUaServer).__aenter__()
