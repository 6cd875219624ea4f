"""The bridge to a plant elsewhere, over real mutual TLS: who is let in, and what each may ask."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from scada.bridge import Bridge, Refused, Reply, Unknown, Value
from scada.check.database import Unfit
from scada.check.reaching import greet
from scada.clock import SystemClock
from scada.config import load
from scada.engine.bridge import Ask, BridgeRefusal, BridgeServer
from scada.engine.doors import rooms as door
from scada.engine.doors.rooms import People, RoomEntrance
from scada.engine.doors.unix import SocketError
from scada.engine.tags import TagTable
from scada.model.rights import by_token
from scada.model.tag import Access, Quality, TagName, TagSpec, TagUpdate
from scada.settings.sites import AllowedRoom, PlantElsewhere, Rooms
from scada.sim.trial.ports import free_port
from scada.store.db import Database
from scada.store.operators import Operators, SignInRefused
from scada.store.schema import journal
from scada.tls import TlsFiles, shown_in
from tests.support.engine import until
from tests.support.house import site_beside
from tests.support.sites import Authority, carried, way
from tests.support.store import SITE, open_database

PASSWORD = "correct horse battery"
TAG = TagName("in1.t0")


class Elsewhere:
    """A plant with a door for control rooms, as small as it can be."""

    def __init__(self, port: int, people: Operators, tags: TagTable, db: Database) -> None:
        self.port, self.people, self.tags, self.db = port, people, tags, db
        self.asked: list[Ask] = []

    async def sign_in(self, ask: Ask) -> object:
        self.asked.append(ask)
        found = await self.people.sign_in(
            str(ask.args["name"]), str(ask.args["password"]), str(ask.args.get("address", ""))
        )
        if isinstance(found, SignInRefused):
            raise BridgeRefusal("refused", found.why)
        return asdict(found)

    async def echo(self, ask: Ask) -> object:
        self.asked.append(ask)
        return ask.args


@asynccontextmanager
async def plant(
    folder: Path, files: TlsFiles, *allowed: AllowedRoom, port: int | None = None
) -> AsyncIterator[Elsewhere]:
    clock, at = SystemClock(), port or free_port()
    tags = TagTable([TagSpec(TAG, "plc1", Access.READ)], clock)
    async with open_database(folder) as db:
        people = Operators(db, SITE, clock)
        for name, role in (("wang", "operator"), ("root", "administrator")):
            await people.add(name, role, PASSWORD, must_change=False)
        there = Elsewhere(at, people, tags, db)
        verbs = {"sign_in": there.sign_in, "journal": there.echo, "open_gate": there.echo, "bearer": there.echo}
        rooms = Rooms(port=at, allowed=allowed or (AllowedRoom(name="hq"),))
        entrance = RoomEntrance(rooms, files, people, People(clock), lambda: {"version": 1})
        async with BridgeServer(entrance, "control", verbs, {"site": {"id": "north"}}, clock, tags, heartbeat_s=0.2):
            yield there


@asynccontextmanager
async def room(there: Elsewhere, files: TlsFiles, name: str = "127.0.0.1") -> AsyncIterator[Bridge]:
    bridge = Bridge(way(there.port, files, name), "control").start()
    try:
        yield bridge
    finally:
        await asyncio.to_thread(bridge.close)


async def asked(bridge: Bridge, verb: str, user: str = "", session: str = "", **args: object) -> Reply:
    return await asyncio.to_thread(
        lambda: bridge.ask(verb, dict(args), user=user, role="administrator", session=session, within_s=20.0)
    )


async def signed_in(bridge: Bridge, name: str = "wang", password: str = PASSWORD) -> Reply:
    return await asked(bridge, "sign_in", name=name, password=password, address="10.0.0.7")


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority.made(tmp_path)


async def made(work: Callable[[], TlsFiles]) -> TlsFiles:
    return await asyncio.to_thread(work)


async def test_a_room_with_its_certificate_hears_the_plant_and_asks_for_who_has_signed_in(
    tmp_path: Path, ours: Authority
) -> None:
    told: list[dict[str, object]] = []
    async with plant(tmp_path, await made(ours.plant)) as there, room(there, await made(ours.room)) as bridge:
        bridge.listen(told.append, told.append, lambda _: None)
        await until(lambda: bridge.is_linked)
        assert bridge.hello["site"] == {"id": "north"}
        assert await asked(bridge, "site_face") == Value({"version": 1})
        there.tags.apply([TagUpdate(TAG, 7, Quality.GOOD)])
        await until(lambda: any(row[:2] == [TAG, 7] for batch in told for row in batch.get("changes", ())))  # type: ignore[attr-defined]
        refused = await asked(bridge, "journal", "wang", n=1)
        assert isinstance(refused, Refused)
        assert refused.code == "sign_in"
        assert isinstance(await signed_in(bridge), Value)
        assert there.asked[-1].args["address"] == "hq: 10.0.0.7"
        assert await asked(bridge, "journal", "wang", n=1) == Value({"n": 1})
        nobody = await asked(bridge, "journal", "root", n=1)
        assert isinstance(nobody, Refused), "a room's word alone makes nobody an administrator"
        assert isinstance(await asked(bridge, "sign_out", "wang"), Value)
        assert isinstance(await asked(bridge, "journal", "wang"), Refused)


async def test_a_role_that_does_not_work_from_afar_is_refused_there_even_with_its_password(
    tmp_path: Path, ours: Authority
) -> None:
    async with plant(tmp_path, await made(ours.plant)) as there, room(there, await made(ours.room)) as bridge:
        refused = await signed_in(bridge, "root")
        assert isinstance(refused, Refused)
        assert "administrator do not work here from hq" in refused.error
        assert isinstance(await asked(bridge, "journal", "root"), Refused)
        assert isinstance(await signed_in(bridge), Value)
        await there.people.change_role("wang", "technician", "root", "he sets lanes up now")
        assert isinstance(await asked(bridge, "journal", "wang"), Refused), "the role counts as it is now"


async def test_what_changes_something_is_written_down_with_the_room_and_programs_are_not_served(
    tmp_path: Path, ours: Authority
) -> None:
    async with plant(tmp_path, await made(ours.plant)) as there, room(there, await made(ours.room)) as bridge:
        await signed_in(bridge)
        await asked(bridge, "open_gate", "wang", lane="out1")
        said = select(journal.c.actor, journal.c.body).where(journal.c.what == "from a control room")
        rows = await there.db.read(lambda conn: [tuple(row) for row in conn.execute(said)])
        assert rows == [("wang", {"room": "hq", "verb": "open_gate"})]
        assert isinstance(await asked(bridge, "bearer", hash="0" * 64), Refused)
        assert isinstance(await asked(bridge, "journal", "wang", by_token("t1")), Refused)


def with_both(files: TlsFiles, authority: Path) -> TlsFiles:
    """Believe two authorities: our side finds nothing wrong, the plant has to."""
    both = files.authority.with_name("both.pem")
    both.write_bytes(files.authority.read_bytes() + authority.read_bytes())
    return replace(files, authority=both)


async def test_a_stranger_an_ended_and_an_unlisted_certificate_are_refused_and_the_room_is_told_why(
    tmp_path: Path, ours: Authority
) -> None:
    strangers = await asyncio.to_thread(Authority.made, tmp_path, "strangers")
    theirs = await made(lambda: strangers.room("hq"))
    ca = await made(lambda: ours.room("for-its-ca"))
    crossed = await asyncio.to_thread(with_both, theirs, ca.authority)
    cases = [
        (replace(theirs, authority=ca.authority), "is not signed by"),
        (crossed, "hung up on our certificate"),
        (await made(lambda: ours.room("hq", ended=True, folder="ended")), "our certificate has ended"),
        (await made(lambda: ours.room("cousin")), "cousin is no control room of this plant"),
        (await made(lambda: ours.room("hq", folder="second")), "hq is no control room of this plant"),
        (theirs, "certificate is not good"),
    ]
    pinned = await made(lambda: ours.room("hq", folder="first"))
    shown = await asyncio.to_thread(shown_in, pinned.certificate)
    pin = AllowedRoom(name="hq", fingerprint=shown.fingerprint.upper())
    async with plant(tmp_path, await made(ours.plant), pin) as there:
        for files, why in cases:
            async with room(there, files) as bridge:
                await until(lambda: why in bridge.trouble)  # noqa: B023 - waited for within the loop
                assert not bridge.is_linked
        async with room(there, pinned) as bridge:
            await until(lambda: bridge.is_linked)
        async with room(there, pinned, "another.example") as bridge:
            await until(lambda: "certificate is not good" in bridge.trouble)


async def test_a_plants_certificate_is_no_rooms_and_a_key_that_others_can_read_is_not_used(
    tmp_path: Path, ours: Authority
) -> None:
    files = await made(ours.plant)
    async with plant(tmp_path, files, AllowedRoom(name="plant")) as there, room(there, files) as bridge:
        await until(lambda: bool(bridge.trouble))
        assert not bridge.is_linked
    await asyncio.to_thread(files.key.chmod, 0o644)
    (tmp_path / "open").mkdir()
    with pytest.raises(SocketError, match="chmod 600"):
        async with plant(tmp_path / "open", files):
            raise AssertionError("a door stands open with a key that everybody knows")


async def test_whoever_waits_is_told_when_the_link_is_lost_and_it_comes_back_by_itself(
    tmp_path: Path, ours: Authority
) -> None:
    port, files = free_port(), await made(ours.plant)
    heard: list[bool] = []
    (tmp_path / "again").mkdir()
    async with plant(tmp_path, files, port=port) as there:
        bridge = Bridge(way(port, await made(ours.room)), "control")
        bridge.listen(lambda _: None, lambda _: None, heard.append)
        bridge.start()
        await until(lambda: heard == [True])
        assert isinstance(await signed_in(bridge), Value)
    await until(lambda: heard == [True, False])
    assert isinstance(await asyncio.to_thread(lambda: bridge.ask("journal", {}, user="wang", within_s=0.2)), Unknown)
    async with plant(tmp_path / "again", files, port=port) as there:
        await until(lambda: heard == [True, False, True])
        assert isinstance(await asked(bridge, "journal", "wang"), Refused), "a new plant asks for the password anew"
        assert there.asked == []
        await asyncio.to_thread(bridge.close)


async def test_daozha_check_goes_to_the_plant_and_says_what_came_back(tmp_path: Path, ours: Authority) -> None:
    port = free_port()
    names = {"title": "北区", "title_en": "North", "address": f"127.0.0.1:{port}", "port": 8101}
    far = PlantElsewhere.model_validate({"name": "north", **names})
    data = ("virtual = true", 'virtual = true\ndata = "data"')
    site = await asyncio.to_thread(lambda: load(site_beside(tmp_path, data)))
    files = await made(ours.room)
    await asyncio.to_thread(carried, files, site)
    async with plant(tmp_path, await made(ours.plant), port=port):
        assert await asyncio.to_thread(greet, site, far) == "greeted as north, by mutual TLS"
    await asyncio.to_thread(lambda: (site.data / "sites" / "room.key").unlink())
    with pytest.raises(Unfit, match="there is no file"):
        await asyncio.to_thread(greet, site, far)


async def test_large_answers_and_many_askers_share_one_link(tmp_path: Path, ours: Authority) -> None:
    async with plant(tmp_path, await made(ours.plant)) as there, room(there, await made(ours.room)) as bridge:
        await signed_in(bridge)
        texts = [str(number) * 200_000 for number in range(1, 9)]
        answers = await asyncio.gather(*(asked(bridge, "journal", "wang", text=text) for text in texts))
        assert answers == [Value({"text": text}) for text in texts]


async def test_a_room_has_few_connections_and_each_ends_with_its_certificate(
    tmp_path: Path, ours: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = await made(ours.room)
    async with plant(tmp_path, await made(ours.plant)) as there:
        several = [Bridge(way(there.port, files), "control").start() for _ in range(door.MOST_OF_A_ROOM)]
        await until(lambda: all(bridge.is_linked for bridge in several))
        async with room(there, files) as one_more:
            await until(lambda: "connections already" in one_more.trouble)
        for bridge in several:
            await asyncio.to_thread(bridge.close)
        monkeypatch.setattr(door, "LASTS_S", 0.3)
        links: list[bool] = []
        async with room(there, files) as bridge:
            bridge.listen(lambda _: None, lambda _: None, links.append)
            await until(lambda: links.count(False) >= 1 and links.count(True) >= 2)
