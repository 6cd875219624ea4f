"""S7s for tests: the one of `tests/peers`, and the shipped lane's program behind python-snap7's own server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from snap7.type import SrvArea

from plc.map.addresses import Area, Register
from plc.map.devices import Device
from plc.map.mapped import MappedTag, TagMap
from plc.registers import Kind, encode, payload
from plc.s7 import S7, Place, parse_place
from plc.sim.image import image
from plc.sim.machine import WORDS_WRITTEN, Machine
from plc.tagmap import examine
from scada.model.tag import TagName, Value, point_of
from tests.peers.s7_server import BitServer
from tests.support.plc import at_free_port, only_device, shipped_map

OF_SITE = {"s7": "plc.s7:S7"}
"""The entry of [tags.protocols] that makes a site speak S7."""
_LETTERS = {1: "W", 2: "D"}


def s7_map(folder: Path, rows: str, devices: str) -> TagMap:
    """Read a map of a few tags, whatever a whole lane would need besides."""
    (folder / "tags.csv").write_text(rows, encoding="utf-8")
    (folder / "devices.csv").write_text(devices, encoding="utf-8")
    return examine(folder / "tags.csv", folder / "devices.csv", OF_SITE)[0]


def lane_map() -> tuple[tuple[MappedTag, ...], Device]:
    """Give the shipped entry lane with its registers in a data block: HR4.1 is DB1.DBX9.1."""
    site = only_device(shipped_map(), "plc1")
    device = replace(at_free_port(site.devices["plc1"]), protocol=S7)
    return tuple(replace(tag, address=_moved(tag)) for tag in site.tags if tag.lane == "in1"), device


def _moved(tag: MappedTag) -> Place:
    place = tag.address
    assert isinstance(place, Register)
    if place.area is Area.COIL:
        return parse_place(f"M{place.start // 8}.{place.start % 8}")
    if tag.kind is Kind.COMMAND:
        return parse_place(f"DB1.DBB{2 * place.start}:18")
    if place.bit is not None:
        return parse_place(f"DB1.DBX{2 * place.start + (place.bit < 8)}.{place.bit % 8}")
    return parse_place(f"DB1.DB{_LETTERS[tag.point.size]}{2 * place.start}")


class S7Face:
    """Shows a machine's memory in the server's, and hands over what was written there, after every scan."""

    def __init__(self, machine: Machine, tags: Sequence[MappedTag]) -> None:
        self._machine, self._tags = machine, tags
        self._bytes = bytearray(2100)
        self.server = BitServer()
        self.server.register_area(SrvArea.DB, 1, self._bytes)
        self.server.register_area(SrvArea.MK, 0, bytearray(64))
        machine.show_by(self.show)

    async def show(self) -> None:
        """Put the image into the data block, and take the words and the command out of it."""
        for lane, memory in self._machine.memories.items():
            shown = image(memory)
            for tag in self._tags:
                if tag.lane == lane and tag.is_read and _in_db(tag):
                    self._put(tag, shown[point_of(tag.name)])
            heartbeat, claim, mode = (self._word(TagName(f"{lane}.{point}")) for point in WORDS_WRITTEN)
            self._machine.hear(lane, heartbeat=heartbeat, claim_wanted=claim, mode_wanted=mode)
            at = _start(next(tag for tag in self._tags if tag.name == f"{lane}.cmd"))
            block = bytes(self._bytes[at : at + 18])
            words = tuple(int.from_bytes(block[n : n + 2], "big") for n in range(0, 18, 2))
            self._machine.command(lane, words)

    def _word(self, name: TagName) -> int:
        at = _start(next(tag for tag in self._tags if tag.name == name))
        return int.from_bytes(self._bytes[at : at + 2], "big")

    def _put(self, tag: MappedTag, value: Value) -> None:
        at, memory = _start(tag), self._bytes
        place = tag.address
        if isinstance(place, Place) and place.bit is not None:
            on = bool(value) is not tag.scaling.invert
            memory[at] = memory[at] & ~(1 << place.bit) | (on << place.bit)
            return
        raw = tag.scaling.raw(float(value)) if isinstance(value, int | float) else value
        content = payload(encode(raw, tag.kind, tag.order))
        memory[at : at + len(content)] = content


def _start(tag: MappedTag) -> int:
    assert isinstance(tag.address, Place)
    return tag.address.start


def _in_db(tag: MappedTag) -> bool:
    return isinstance(tag.address, Place) and tag.address.db == 1


@asynccontextmanager
async def virtual_s7(tags: Sequence[MappedTag], device: Device, folder: Path) -> AsyncIterator[Machine]:
    """Run the lane's program behind python-snap7's server."""
    machine = Machine(["in1"], {}, {}, folder / "s7.json")
    face = S7Face(machine, tags)
    await asyncio.to_thread(face.server.start_to, device.host, device.port)
    scanning = asyncio.create_task(machine.run())
    try:
        yield machine
    finally:
        scanning.cancel()
        await asyncio.gather(scanning, return_exceptions=True)
        await asyncio.to_thread(face.server.stop)
