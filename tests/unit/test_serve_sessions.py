"""How many sessions our OPC UA server holds: its own, whatever other servers live in the process."""

from datetime import UTC, datetime

from asyncua.server.internal_session import InternalSession, SessionState

from plc.serve.sessions import Porter, ReadingServer
from scada.settings.stores import ServeOpcUa


def made_server() -> ReadingServer:
    settings = ServeOpcUa(port=4840, security=("None",), sessions=1)
    return ReadingServer(settings, Porter(settings, lambda *_: True, lambda: datetime.now(UTC)))


async def test_each_server_has_room_for_its_own_sessions() -> None:
    before = InternalSession.max_connections
    one, other = made_server(), made_server()
    session = one.create_session("a", external=True)
    assert not one.is_full()
    session.state = SessionState.Activated
    assert one.is_full()
    assert not other.is_full()
    assert InternalSession.max_connections == before
