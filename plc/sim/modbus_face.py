"""A virtual PLC's memory over Modbus, TCP or RTU by socket: the image where the map says, and what may be written."""

from collections.abc import Sequence
from types import TracebackType

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plc.map.addresses import Area
from plc.map.devices import Device
from plc.map.mapped import MappedTag
from plc.plan import Point
from plc.registers import COMMAND_WORDS, Kind, encode
from plc.sim.image import image
from plc.sim.machine import WORDS_WRITTEN, Machine
from scada.model.tag import Value, point_of

_WRITES = (5, 6, 15, 16, 22, 23)
_COILS = (1, 5, 15)


class ModbusFace:
    """Serves one machine on the device's port. Writes outside heartbeat, wishes and command block are refused."""

    def __init__(self, machine: Machine, device: Device, tags: Sequence[MappedTag]) -> None:
        self._machine, self._device = machine, device
        self._shown = [(tag.lane, point_of(tag.name), tag.point) for tag in tags if tag.is_read]
        self._written = {tag.name: tag.point for tag in tags if not tag.is_read}
        self._words = {word: 0 for point in self._written.values() for word in _span(point)}
        self._server: ModbusTcpServer | None = None

    async def __aenter__(self) -> "ModbusFace":
        framer = FramerType.RTU if self._device.protocol.name == "modbus-rtu-tcp" else FramerType.SOCKET
        self._server = ModbusTcpServer(self._memory(), framer=framer, address=(self._device.host, self._device.port))
        await self._server.serve_forever(background=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]

    def _memory(self) -> SimDevice:
        shown = {
            area: {word for _, _, point in self._shown if point.place.area is area for word in _span(point)}
            for area in Area
        }
        shown[Area.HOLDING] |= set(self._words)
        return SimDevice(
            self._device.unit,
            simdata=(
                _cells(shown[Area.COIL], DataType.BITS),
                _cells(shown[Area.DISCRETE], DataType.BITS),
                _cells(shown[Area.HOLDING], DataType.REGISTERS),
                _cells(shown[Area.INPUT], DataType.REGISTERS),
            ),
            action=self._access,
        )

    async def _access(
        self,
        function: int,
        first: int,
        address: int,
        count: int,
        cells: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Answer one request: take what is written, or put the image into the cells that are about to be read."""
        if function in _WRITES and values:
            return self._take(address, values)
        self._put(Area.COIL if function in _COILS else _AREA_READ[function], first, cells)
        return None

    def _take(self, address: int, values: list[int] | list[bool]) -> ExcCodes | None:
        words = range(address, address + len(values))
        if any(word not in self._words for word in words):
            return ExcCodes.ILLEGAL_ADDRESS
        self._words.update(zip(words, map(int, values), strict=True))
        for lane in self._machine.memories:
            self._hand_over(lane)
        return None

    def _hand_over(self, lane: str) -> None:
        heartbeat, claim, mode = (self._value(f"{lane}.{point}") for point in WORDS_WRITTEN)
        self._machine.hear(lane, heartbeat=heartbeat, claim_wanted=claim, mode_wanted=mode)
        command = next(point for name, point in self._written.items() if name == f"{lane}.cmd")
        self._machine.command(lane, tuple(self._words[word] for word in _span(command)))

    def _value(self, name: str) -> int:
        return next((self._words[point.place.start] for tag, point in self._written.items() if tag == name), 0)

    def _put(self, area: Area, first: int, cells: list[int]) -> None:
        images = {lane: image(memory) for lane, memory in self._machine.memories.items()}
        for lane, name, point in self._shown:
            if point.place.area is area:
                _store(point, images[lane][name], first, cells)


_AREA_READ = {2: Area.DISCRETE, 3: Area.HOLDING, 4: Area.INPUT, 6: Area.HOLDING, 16: Area.HOLDING, 23: Area.HOLDING}


def _span(point: Point) -> range:
    size = COMMAND_WORDS if point.kind is Kind.COMMAND else point.size
    return range(point.place.start, point.place.start + size)


def _cells(addresses: set[int], kind: DataType) -> list[SimData]:
    """Lay out the cells a master may read; what lies between them answers exception 2."""
    runs: list[list[int]] = []
    for address in sorted(addresses or {0}):
        if runs and address == runs[-1][-1] + 1:
            runs[-1].append(address)
        else:
            runs.append([address])
    blank = False if kind is DataType.BITS else 0
    return [SimData(run[0], values=[blank] * len(run), datatype=kind) for run in runs]


def _store(point: Point, value: Value, first: int, cells: list[int]) -> None:
    if point.kind is Kind.BOOL:
        bits = point.place.area.is_bits
        cell, bit = divmod(point.place.start, 16) if bits else (point.place.start, point.place.bit or 0)
        on = bool(value) is not point.scaling.invert
        cells[cell - first] = cells[cell - first] & ~(1 << bit) | (on << bit)
        return
    raw = point.scaling.raw(float(value)) if isinstance(value, int | float) else value
    for offset, word in enumerate(encode(raw, point.kind, point.order, point.length)):
        cells[point.place.start - first + offset] = word
