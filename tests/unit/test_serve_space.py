"""How a served tag stands in its OPC UA node: type, status, and what does not fit."""

from datetime import UTC, datetime

from asyncua import ua
from asyncua.server.server import Server

from plc.registers import Kind
from plc.serve.catalogue import Served
from plc.serve.picture import NO_DATA, Picture
from plc.serve.space import NAMESPACE, Space
from scada.model.tag import Quality, TagName, Value

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
KINDS = (Kind.BOOL, Kind.U16, Kind.I32, Kind.F64, Kind.STRING)
NAMES = {kind: TagName(f"in1.{kind.value}") for kind in KINDS}
GOOD, STALE, FAULT = (one.status_code for one in (Quality.GOOD, Quality.STALE, Quality.FAULT))


ROWS: list[tuple[Kind, Value, int, object, int]] = [
    (Kind.BOOL, True, GOOD, True, GOOD),
    (Kind.U16, 65535, GOOD, 65535, GOOD),
    (Kind.U16, 65536, GOOD, None, Quality.CONFIGURATION.status_code),
    (Kind.I32, -5.0, STALE, -5, STALE),
    (Kind.I32, "five", GOOD, None, Quality.CONFIGURATION.status_code),
    (Kind.F64, 3, GOOD, 3.0, GOOD),
    (Kind.F64, None, GOOD, None, NO_DATA),
    (Kind.STRING, "Idle", GOOD, "Idle", GOOD),
    (Kind.I32, 7, FAULT, None, FAULT),
]


async def test_a_node_holds_what_fits_its_type_and_never_a_bad_value() -> None:
    server, picture = Server(), Picture()
    await server.init()
    space = Space(server, {name: Served(name, kind) for kind, name in NAMES.items()})
    await space.build()
    index = await server.get_namespace_index(NAMESPACE)
    for kind, value, status, shown, told in ROWS:
        picture.take([[NAMES[kind], value, status, AT.timestamp()]])
        await space.show(picture.drain(), AT)
        data = server.read_attribute_value(ua.NodeId.from_string(f"ns={index};s={NAMES[kind]}"))
        assert data.StatusCode is not None
        assert data.Value is not None
        assert (data.Value.Value, data.StatusCode.value) == (shown, told), (kind, value)
        assert data.SourceTimestamp == data.ServerTimestamp == AT
