"""`daozha tags watch/reload/rollback` against a plant's socket, and against a device without a plant."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from scada.__main__ import main
from scada.clock import SystemClock
from scada.config import load
from scada.engine.bridge import BridgeServer
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.maps.desk import MapDesk
from scada.model.tag import Quality, TagName, TagUpdate
from scada.store.operators import Operators, SignedIn, SignInRefused
from tests.support.house import ROOT
from tests.support.maps import ROWS, MapSite
from tests.support.plc import SHIPPED, at_free_port, shipped_map, virtual_plc

Out = pytest.CaptureFixture[str]


def site_of(folder: Path) -> Path:
    """Write a site whose data are in the test's own folder, by a path that is short enough for a socket."""
    config = folder / "config.toml"
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    text = text.replace('id = "demo"', f'id = "demo"\ndata = "{folder}/d"', 1)
    config.write_text(text.replace("plc/sim/", ""), encoding="utf-8")
    return config


@asynccontextmanager
async def plant(site: MapSite, config: Path, **others: Handler) -> AsyncIterator[list[str]]:
    socket = (await asyncio.to_thread(load, config)).socket("control")
    await asyncio.to_thread(socket.parent.mkdir, parents=True)
    verbs = {**MapDesk(site.maps, cast("Operators", Beside())).verbs(), **others}
    async with BridgeServer(socket, "control", verbs, {"plant": "test", "site": {}}, SystemClock(), site.tags):
        yield ["--config", str(config)]


class Beside:
    """People, as far as a second one goes: tom may sign."""

    async def vouch(self, name: str, password: str, first: str, right: str) -> SignedIn | SignInRefused:
        good = (name, password, right) == ("tom", "long enough", "sign_map") and name != first
        return SignedIn(name, "manager", must_change=False) if good else SignInRefused("no")


async def said(words: list[str]) -> int:
    return await asyncio.to_thread(main, words)


async def test_reload_shows_what_differs_applies_it_and_rollback_goes_back(tmp_path: Path, capsys: Out) -> None:
    config = await asyncio.to_thread(site_of, tmp_path)
    async with MapSite(tmp_path) as site, plant(site, config) as of_site:
        await site.put(ROWS.replace("plc2,HR0", "plc2,HR7"))
        assert await said(["tags", "reload", "--by", "tina", "--dry-run", *of_site]) == 0
        assert site.maps.version == 1
        assert await said(["tags", "reload", "--by", "tina", "--why", "new meter", *of_site]) == 0
        told = capsys.readouterr().out
        assert "changed b2.meter.power: address HR0 → HR7" in told
        assert "version 2: plc2 changed" in told
        assert await said(["tags", "reload", "--by", "tina", "--dry-run", *of_site]) == 0
        assert "nothing differs" in capsys.readouterr().out
        site.occupied.add("b2")
        assert await said(["tags", "rollback", "--by", "otto", "--wait", "0", *of_site]) == 1
        assert "a car is in b2" in capsys.readouterr().err
        site.occupied.clear()
        assert await said(["tags", "rollback", "--by", "otto", "--to", "1", *of_site]) == 0
        assert await said(["tags", "versions", "--by", "otto", "--json", *of_site]) == 0
        told = capsys.readouterr().out
        versions = json.loads(told[told.index("{") :])
        assert [(one["number"], one["by"]) for one in versions["versions"]] == [(1, "start"), (2, "tina")]


async def test_going_back_takes_a_second_person_unless_it_undoes_what_has_just_come(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = await asyncio.to_thread(site_of, tmp_path)
    async with MapSite(tmp_path) as site, plant(site, config) as of_site:
        for address in ("HR7", "HR8"):
            await site.put(ROWS.replace("plc2,HR0", f"plc2,{address}"))
            assert await said(["tags", "reload", "--by", "tina", *of_site]) == 0
        back = ["tags", "rollback", "--by", "otto", *of_site]
        assert await said([*back, "--to", "1"]) == 2
        assert "a second person is needed to go back to a former map: add --second NAME" in capsys.readouterr().err
        assert await said(back) == 0, "what has just come is undone by one"
        assert site.maps.version == 2
        assert await said([*back, "--to", "3"]) == 2, "and nothing else by the same one"
        for word, code in (("guessed", 2), ("long enough", 0)):
            monkeypatch.setattr("sys.stdin", io.StringIO(f"{word}\n"))
            assert await said([*back, "--to", "1", "--second", "tom"]) == code
        assert site.maps.version == 1
        bodies = [entry.body for entry in site.journal.entries if entry.what == "tag map"]
        signed = [(body["version"], body.get("second")) for body in bodies]
        assert signed == [(2, None), (3, None), (2, None), (1, "tom")]


async def test_reload_of_a_bad_map_names_row_and_column_and_ends_with_2(tmp_path: Path, capsys: Out) -> None:
    config = await asyncio.to_thread(site_of, tmp_path)
    async with MapSite(tmp_path) as site, plant(site, config) as of_site:
        await site.put(ROWS.replace("u32", "word"))
        assert await said(["tags", "reload", "--by", "tina", *of_site]) == 2
        assert "tags.csv:3: E05 type" in capsys.readouterr().err
        assert site.maps.version == 1


@pytest.mark.parametrize("words", [("reload",), ("versions",), ("rollback",), ("rollback", "--to", "1")])
async def test_who_may_not_is_told_what_it_takes_and_nothing_else(
    tmp_path: Path, capsys: Out, words: tuple[str, ...]
) -> None:
    async def forbid(_ask: Ask) -> object:
        raise BridgeRefusal("forbidden", "no")

    config = await asyncio.to_thread(site_of, tmp_path)
    others = dict.fromkeys(("tag_map", "reload_tags", "rollback_tags"), forbid)
    async with MapSite(tmp_path) as site, plant(site, config, **others) as of_site:
        assert await said(["tags", *words, "--by", "tina", *of_site]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("tina may not do that: --by is for a technician or administrator")


async def test_watch_shows_the_plants_values_with_their_quality(tmp_path: Path, capsys: Out) -> None:
    config = await asyncio.to_thread(site_of, tmp_path)
    async with MapSite(tmp_path) as site, plant(site, config) as of_site:
        words = ["tags", "watch", "a1.*", "--json", "--seconds", "0.2", *of_site]
        assert await said(words) == 1, "nothing has been read yet"
        capsys.readouterr()
        site.tags.apply([TagUpdate(TagName("a1.meter.power"), 7, Quality.GOOD)])
        assert await said(words) == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert {row["tag"]: (row["value"], row["quality"]) for row in rows} == {
            "a1.meter.power": (7, "GOOD"),
            "a1.meter.total": (None, "NOT_CONNECTED"),
        }


async def test_watch_without_a_plant_reads_the_device_and_writes_nothing(tmp_path: Path, capsys: Out) -> None:
    config = await asyncio.to_thread(site_of, tmp_path)
    tag_map = await asyncio.to_thread(shipped_map)
    device = at_free_port(tag_map.devices["plc1"])
    shipped = replace(tag_map, devices={**tag_map.devices, "plc1": device})
    await asyncio.to_thread(with_port, tmp_path, device.port)
    async with virtual_plc(shipped, "plc1", tmp_path) as machine:
        words = ["tags", "watch", "in1.passage.now", "--orders", "--json", "--seconds", "2", "--config", str(config)]
        assert await said(words) == 0
        assert not machine.memories["in1"].alive
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    seen = rows[-1]
    assert seen["quality"] == "GOOD"
    assert seen["orders"] == {"ABCD": 0, "CDAB": 0, "BADC": 0, "DCBA": 0}


def with_port(folder: Path, port: int) -> None:
    for name in ("tags.csv", "devices.csv"):
        text = (SHIPPED / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace("5020", str(port)), encoding="utf-8")
