"""Another tag map while the plant runs: only what differs is linked anew, only while nobody is in the lane."""

import asyncio
from pathlib import Path

import pytest

from plc import tagmap
from plc.map.findings import Finding
from plc.map.mapped import TagMap
from plc.tagmap import Files, TagMapError
from scada.maps.inuse import Applied, Refused, start_map
from scada.model.tag import TagName
from tests.support.engine import START, until
from tests.support.maps import CLOCK, DEVICES, ROWS, MapSite


async def test_only_the_device_that_changes_is_linked_anew(tmp_path: Path) -> None:
    async with MapSite(tmp_path) as site:
        before = site.running("plc1")
        await site.put(ROWS.replace("plc2,HR0", "plc2,HR7"))
        outcome = await site.maps.reload("tina", "new meter", 1)
        assert outcome == Applied(2, ("plc2",), {})
        assert site.running("plc1") == before
        assert [wire.stops for wire in site.wires] == [0, 1, 0]
        await until(lambda: len(site.running("plc2")) == 1)
        assert site.maps.place(TagName("b2.meter.power"))[0].startswith("HR7 = 40008")
        assert [(entry.actor, entry.what, entry.body["version"]) for entry in site.journal.entries] == [
            ("tina", "tag map", 2)
        ]


async def test_what_only_the_screen_shows_restarts_nothing(tmp_path: Path) -> None:
    async with MapSite(tmp_path) as site:
        await site.put(ROWS.replace(",W", ",kW"))
        outcome = await site.maps.reload("tina", "", 1)
        assert isinstance(outcome, Applied)
        assert [wire.stops for wire in site.wires] == [0, 0]
        assert site.tags.spec(TagName("a1.meter.power")).unit == "kW"


async def test_tags_come_and_go_with_their_rows(tmp_path: Path) -> None:
    async with MapSite(tmp_path) as site:
        await site.put(ROWS.replace("a1.meter.total,plc1,HR1,u32", "a1.meter.hours,plc1,HR1,u32"))
        await site.maps.reload("tina", "", 1)
        assert TagName("a1.meter.hours") in site.tags
        assert TagName("a1.meter.total") not in site.tags
        await until(lambda: len(site.running("plc1")) == 1)
        assert "a1.meter.hours" in site.running("plc1")[0].tags


@pytest.mark.parametrize(
    ("rows", "devices"),
    [
        (ROWS.replace("HR7", "HR0").replace("u32", "word"), DEVICES),
        (ROWS, DEVICES.replace("modbus-tcp,127.0.0.1,5021", "telex,127.0.0.1,5021")),
        (f"{ROWS}a1.loop.approach,plc1,HR9.0,bool,\n", DEVICES),
        ("", DEVICES),
    ],
)
async def test_a_map_with_a_mistake_changes_nothing(tmp_path: Path, rows: str, devices: str) -> None:
    async with MapSite(tmp_path) as site:
        await site.put(rows, devices)
        outcome = await site.maps.reload("tina", "", 1)
        assert isinstance(outcome, Refused)
        assert all(finding.severity == "error" for finding in outcome.findings)
        assert [wire.stops for wire in site.wires] == [0, 0]
        assert site.maps.version == 1
        assert site.journal.entries == []


async def test_a_lane_changes_only_while_nobody_is_in_it_and_the_others_do_not_wait(tmp_path: Path) -> None:
    async with MapSite(tmp_path) as site:
        site.occupied.add("a1")
        await site.put(ROWS.replace("HR0", "HR9"))
        outcome = await site.maps.reload("tina", "", 0)
        assert outcome == Applied(2, ("plc2",), {"plc1": "a car is in a1"})
        assert site.tags.spec(TagName("a1.meter.power")).device == "plc1"
        assert site.maps.place(TagName("a1.meter.power"))[0].startswith("HR0")
        site.occupied.clear()
        assert await site.maps.reload("tina", "", 1) == Applied(2, ("plc1",), {})
        assert site.maps.place(TagName("a1.meter.power"))[0].startswith("HR9")


async def test_a_link_stays_until_an_output_that_pulses_has_gone_back(tmp_path: Path) -> None:
    def write(address: str) -> None:
        rows = f"a1.horn,plc1,C0,bool,wo,300\na1.hours,plc1,{address},u16,,\n"
        (tmp_path / "tags.csv").write_text(f"tag,device,address,type,access,pulse_ms\n{rows}", encoding="utf-8")
        (tmp_path / "devices.csv").write_text(DEVICES, encoding="utf-8")

    await asyncio.to_thread(write, "HR0")
    async with MapSite(tmp_path) as site:
        site.tags.connect(site.links.drivers, site.journal)
        (wire,) = site.running("plc1")
        going = asyncio.create_task(site.tags.write(TagName("a1.horn"), True, "tina", "a test"))
        await until(lambda: wire.written == [("a1.horn", True)])
        await asyncio.to_thread(write, "HR9")
        outcome = await site.maps.reload("tina", "", 2)
        assert outcome == Applied(2, ("plc1",), {})
        assert wire.written == [("a1.horn", True), ("a1.horn", False)]
        await going


async def test_a_tag_that_moves_has_one_device_at_every_moment(tmp_path: Path) -> None:
    async with MapSite(tmp_path) as site:
        site.occupied.add("b2")
        await site.put(ROWS.replace("plc2,HR0", "plc2,HR7").replace("power,plc1", "power,plc2"))
        outcome = await site.maps.reload("tina", "", 0)
        assert isinstance(outcome, Applied)
        assert set(outcome.waiting) == {"plc1", "plc2"}
        assert [wire.name for wire in site.links.drivers if "a1.meter.power" in wire.tags] == ["plc1"]
        site.occupied.clear()
        outcome = await site.maps.reload("tina", "", 1)
        assert outcome == Applied(2, ("plc1", "plc2"), {})
        assert [wire.name for wire in site.links.drivers if "a1.meter.power" in wire.tags] == ["plc2"]


async def test_files_that_change_while_they_are_read_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examine = tagmap.examine

    async with MapSite(tmp_path) as site:

        def examine_meanwhile(*files: *Files) -> tuple[TagMap, list[Finding]]:
            found = examine(*files)
            site.write("a1.meter.power,plc1,HR0,word,W\n")
            return found

        monkeypatch.setattr(tagmap, "examine", examine_meanwhile)
        await site.put(ROWS.replace("HR7", "HR0"))
        outcome = await site.maps.reload("tina", "", 1)
        assert isinstance(outcome, Refused)
        assert "changed while" in outcome.findings[0].text
        assert len(await site.maps.versions()) == 1


async def test_a_waiting_change_is_made_as_soon_as_the_lane_is_empty(tmp_path: Path) -> None:
    async with MapSite(tmp_path) as site:
        site.occupied.add("a1")
        await site.put(ROWS.replace("plc1,HR0", "plc1,HR9"))
        asyncio.get_running_loop().call_later(0.15, site.occupied.clear)
        assert await site.maps.reload("tina", "", 5) == Applied(2, ("plc1",), {})


async def test_the_old_map_stays_for_going_back_with_who_and_when(tmp_path: Path) -> None:
    async with MapSite(tmp_path) as site:
        await site.put(ROWS.replace("plc2,HR0", "plc2,HR7"))
        await site.maps.reload("tina", "new meter", 1)
        outcome = await site.maps.go_back(1, "otto", "", "the meter is wrong", 1)
        assert outcome == Applied(1, ("plc2",), {})
        assert site.maps.place(TagName("b2.meter.power"))[0].startswith("HR0")
        assert [(one.number, one.by) for one in await site.maps.versions()] == [(1, "start"), (2, "tina")]
        assert await site.maps.go_back(9, "otto", "", "", 1) is None


async def test_a_dry_run_says_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    async with MapSite(tmp_path) as site:
        await site.put(ROWS.replace("plc2,HR0", "plc2,HR7"))
        proposal = await site.maps.propose()
        assert not isinstance(proposal, Refused)
        assert [change.name for change in proposal.found.tags] == ["b2.meter.power"]
        assert len(await site.maps.versions()) == 1


async def test_a_lane_without_auto_may_go_on_without_it(tmp_path: Path) -> None:
    site = MapSite(tmp_path)
    lacking = f"{ROWS}a1.loop.approach,plc1,HR9.0,bool,\n"
    await site.put(lacking)
    async with site:
        assert "a1" in site.maps.tag_map.no_auto
        await site.put(lacking.replace("plc2,HR0", "plc2,HR7"))
        assert isinstance(await site.maps.reload("tina", "", 1), Applied)
        assert "a1" in site.told[-1].no_auto


def started(site: MapSite) -> tuple[int, str]:
    """Start with the files as they are; give the version in use and where a tag lies."""
    tag_map, number = start_map(site.files, site.versions, CLOCK)
    return number, str(next(tag.address for tag in tag_map.tags if tag.name == "a1.meter.power"))


def test_a_start_uses_new_files_and_remembers_them(tmp_path: Path) -> None:
    site = MapSite(tmp_path)
    site.write(ROWS)
    assert started(site) == (1, "HR0")
    site.write(ROWS.replace("HR0", "HR9"))
    assert started(site) == (2, "HR9")
    assert started(site) == (2, "HR9")


def test_a_start_with_broken_files_goes_on_with_the_map_in_use(tmp_path: Path) -> None:
    site = MapSite(tmp_path)
    site.write(ROWS)
    started(site)
    site.write(ROWS.replace("u16", "word"))
    assert started(site) == (1, "HR0")


def test_a_start_after_going_back_keeps_the_older_map(tmp_path: Path) -> None:
    async def story(site: MapSite) -> None:
        async with site:
            await site.put(ROWS.replace("plc1,HR0", "plc1,HR9"))
            await site.maps.reload("tina", "", 1)
            await site.maps.go_back(1, "tina", "", "", 1)

    site = MapSite(tmp_path)
    asyncio.run(story(site))
    assert started(site) == (1, "HR0")


def test_a_first_start_with_broken_files_is_refused(tmp_path: Path) -> None:
    site = MapSite(tmp_path)
    site.write(ROWS.replace("u16", "word"))
    with pytest.raises(TagMapError, match="E05"):
        started(site)


def test_the_files_of_a_version_are_those_that_were_written(tmp_path: Path) -> None:
    site = MapSite(tmp_path)
    site.write(ROWS)
    version = site.versions.keep(tagmap.contents(site.files), "tina", "", START)
    assert (version.folder / "map").read_bytes() == (tmp_path / "tags.csv").read_bytes()
    assert site.versions.keep(tagmap.contents(site.files), "otto", "", START).number == version.number
