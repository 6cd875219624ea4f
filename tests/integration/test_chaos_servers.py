"""The drill's own servers: made, killed, started again with what they had; what is lacking is said."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from scada.sim.chaos.kinds import Need
from scada.sim.chaos.servers import lacking_servers, running_servers
from scada.sim.trial.ports import HOST


def asked(port: int, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(f"postgresql://daozha@{HOST}:{port}/postgres", autocommit=True, connect_timeout=5) as line:
        done = line.execute(statement.encode())
        return done.fetchall() if done.description else []


@pytest.mark.timeout(120)
def test_a_postgres_that_is_killed_comes_back_with_what_was_committed(tmp_path: Path) -> None:
    async def play() -> None:
        async with running_servers({Need.POSTGRES, None}, tmp_path / "s") as servers:
            assert set(servers) == {"postgres"}
            server = servers["postgres"]
            await asyncio.to_thread(asked, server.port, "CREATE TABLE t AS SELECT 7 AS n")
            await server.kill()
            with pytest.raises(psycopg.OperationalError):
                await asyncio.to_thread(asked, server.port, "SELECT 1")
            await server.start()
            assert await asyncio.to_thread(asked, server.port, "SELECT n FROM t") == [(7,)]

    asyncio.run(play())


def test_servers_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert lacking_servers() == {}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "influxd" in lacking_servers()[Need.INFLUX]
