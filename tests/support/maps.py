"""A site's tag map with everything around it in memory: files, versions, links, a table, and lanes that may be busy."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from plc.map.mapped import TagMap
from plc.tagmap import Files
from scada.clock import SystemClock
from scada.engine.links import Links
from scada.engine.tags import TagTable
from scada.maps.inuse import Parts, SiteMap, start_map
from scada.model.names import LaneName
from scada.model.tag import TagSpec
from scada.store.mapversions import MapVersions
from tests.support.engine import KeptJournal, until
from tests.support.links import Wire
from tests.support.plc import SHIPPED

CLOCK = SystemClock()
DEVICES = "device,protocol,host,port\nplc1,modbus-tcp,127.0.0.1,5020\nplc2,modbus-tcp,127.0.0.1,5021\n"
ROWS = "a1.meter.power,plc1,HR0,u16,W\na1.meter.total,plc1,HR1,u32,\nb2.meter.power,plc2,HR0,u16,W\n"


class MapSite:
    """A site's map files, a table, links in memory, and lanes that may be busy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: Files = folder / "tags.csv", folder / "devices.csv", {}, ()
        self.versions = MapVersions(folder / "maps")
        self.journal = KeptJournal()
        self.occupied: set[str] = set()
        self.told: list[TagMap] = []
        self.wires: list[Wire] = []

    def write(self, rows: str, devices: str = DEVICES) -> None:
        (self.folder / "tags.csv").write_text(f"tag,device,address,type,unit\n{rows}", encoding="utf-8")
        (self.folder / "devices.csv").write_text(devices, encoding="utf-8")

    async def put(self, rows: str, devices: str = DEVICES) -> None:
        await asyncio.to_thread(self.write, rows, devices)

    async def __aenter__(self) -> "MapSite":
        if not await asyncio.to_thread((self.folder / "tags.csv").is_file):
            await self.put(ROWS)
        tag_map, number = await asyncio.to_thread(start_map, self.files, self.versions, CLOCK)
        self.tags = TagTable(self.specs(tag_map), CLOCK)
        self.links = Links(self.drivers(tag_map))
        self.maps = SiteMap(self.files, self.versions, CLOCK, tag_map, number)
        self.maps.parts = Parts(
            self.tags, self.links, self.journal, self.specs, self.drivers, self.told.append, self.busy
        )
        self._task = asyncio.create_task(self.links.run())
        await until(lambda: all(wire.starts for wire in self.wires))
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def specs(self, tag_map: TagMap) -> Sequence[TagSpec]:
        return [tag.spec for tag in tag_map.tags]

    def drivers(self, tag_map: TagMap) -> Sequence[Wire]:
        names = {device: [str(tag.name) for tag in tag_map.on(device)] for device in tag_map.devices}
        made = [Wire(device, *tags) for device, tags in names.items() if tags]
        self.wires += made
        return made

    def busy(self, lane: LaneName) -> str:
        return f"a car is in {lane}" if lane in self.occupied else ""

    def running(self, device: str) -> list[Wire]:
        return [wire for wire in self.wires if wire.name == device and wire.starts > wire.stops]


def many_lanes(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write a good map of at least so many rows: the shipped lane again and again, each on a device of its own."""
    heads, *lines = (SHIPPED / "tags.csv").read_text(encoding="utf-8").splitlines()
    lane = [line for line in lines if line.startswith("in1.")]
    device_heads, device, *_ = (SHIPPED / "devices.csv").read_text(encoding="utf-8").splitlines()
    tags, devices = [heads], [device_heads]
    for number in range(-(-rows // len(lane))):
        tags += [line.replace("in1.", f"in{number}.").replace(",plc1,", f",p{number},") for line in lane]
        devices.append(
            device.replace("plc1", f"p{number}").replace("127.0.0.1", f"10.0.{number // 250}.{number % 250}")
        )
    (folder / "many.csv").write_text("\n".join(tags), encoding="utf-8")
    (folder / "many_devices.csv").write_text("\n".join(devices), encoding="utf-8")
    return folder / "many.csv", folder / "many_devices.csv"
