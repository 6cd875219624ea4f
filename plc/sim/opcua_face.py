"""A virtual PLC's memory over OPC UA: a variable for every tag of the map, and a method for the commands."""

from collections.abc import Sequence
from datetime import UTC
from types import TracebackType

from asyncua import ua
from asyncua.common.methods import uamethod
from asyncua.server.server import Server

from plc.map.devices import Device
from plc.map.mapped import MappedTag
from plc.registers import COMMAND_WORDS, Kind, command_words
from plc.sim.guard import Guard
from plc.sim.image import image
from plc.sim.machine import WORDS_WRITTEN, Machine
from plc.transport.values import VARIANTS, node_id
from plc.ua.keys import KeyFolder
from scada.clock import Clock
from scada.model.handshake import CommandBlock
from scada.model.tag import Value, point_of

_UINT16, _UINT32 = ua.VariantType.UInt16, ua.VariantType.UInt32
_COMMAND_IN = [_UINT16, _UINT16, _UINT32, _UINT16, _UINT16, _UINT32]
_COMMAND_OUT = [_UINT32, _UINT16]
NAMESPACE = "urn:daozha:virtual-plc"


class OpcUaFace:
    """Serves one machine on the device's port, with the security that the device table asks for."""

    def __init__(
        self, machine: Machine, device: Device, tags: Sequence[MappedTag], clock: Clock, keys: KeyFolder
    ) -> None:
        self._machine, self._device, self._tags, self._clock = machine, device, tags, clock
        self._guard = Guard(device, keys)
        self._server = Server(user_manager=self._guard)
        self._shown: dict[str, Value] = {}

    async def __aenter__(self) -> "OpcUaFace":
        await self._server.init()
        self._server.set_endpoint(f"opc.tcp://{self._device.host}:{self._device.port}/")
        self._server.set_server_name(self._device.name)
        await self._guard.secure(self._server, self._clock.now())
        await self._server.register_namespace(NAMESPACE)
        for lane in self._machine.memories:
            await self._add_lane(lane)
        await self.show()
        self._machine.show_by(self.show)
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.stop()

    async def show(self) -> None:
        """Put what a scan changed into the address space, and take what the server wrote."""
        at = ua.DateTime.fromtimestamp(self._clock.now().timestamp(), UTC)
        images = {lane: image(memory) for lane, memory in self._machine.memories.items()}
        for tag in self._tags:
            value = images[tag.lane].get(point_of(tag.name))
            if tag.is_read and self._shown.get(tag.name) != value:
                self._shown[tag.name] = value
                await self._server.write_attribute_value(node_id(tag), _data_value(tag, value, at))
        for lane in images:
            heartbeat, claim, mode = (self._written(lane, point) for point in WORDS_WRITTEN)
            self._machine.hear(lane, heartbeat=heartbeat, claim_wanted=claim, mode_wanted=mode)
            self._take_block(lane)

    def _written(self, lane: str, point: str) -> int:
        tag = next((tag for tag in self._tags if tag.name == f"{lane}.{point}"), None)
        variant = self._server.read_attribute_value(node_id(tag)).Value if tag is not None else None
        return int(variant.Value) if variant is not None else 0

    def _take_block(self, lane: str) -> None:
        """Take the command array of a lane that has one in place of a method."""
        tag = next((tag for tag in self._tags if tag.lane == lane and tag.kind is Kind.COMMAND), None)
        variant = self._server.read_attribute_value(node_id(tag)).Value if tag is not None else None
        words = variant.Value if variant is not None else None
        if isinstance(words, list) and len(words) == COMMAND_WORDS:
            self._machine.command(lane, tuple(words))

    async def _add_lane(self, lane: str) -> None:
        objects = self._server.nodes.objects
        title = lane.capitalize()
        home = await objects.add_object(ua.NodeId.from_string(f"ns=2;s={title}"), ua.QualifiedName(title, 2))
        for tag in self._tags:
            if tag.lane != lane:
                continue
            name = ua.QualifiedName(point_of(tag.name), 2)
            if tag.kind is Kind.METHOD:
                await home.add_method(node_id(tag), name, self._method(lane), _COMMAND_IN, _COMMAND_OUT)
                continue
            node = await home.add_variable(node_id(tag), name, _blank(tag.kind))
            if not tag.is_read:
                await node.set_writable()

    def _method(self, lane: str) -> object:
        @uamethod
        async def command(
            parent: ua.NodeId, claim: int, code: int, passage: int, ttl_ms: int, tick: int, seq: int
        ) -> tuple[ua.Variant, ua.Variant]:
            block = CommandBlock(claim, code, passage, ttl_ms, tick, seq)  # type: ignore[arg-type]
            self._machine.command(lane, command_words(block))
            await self._machine.next_scan()
            memory = self._machine.memories[lane]
            return ua.Variant(memory.retained.seq, _UINT32), ua.Variant(memory.result, _UINT16)

        return command


def _blank(kind: Kind) -> ua.Variant:
    if kind is Kind.COMMAND:
        return ua.Variant([0] * COMMAND_WORDS, _UINT16)
    return ua.Variant(False if kind is Kind.BOOL else 0, VARIANTS[kind])


def _data_value(tag: MappedTag, value: Value, at: ua.DateTime) -> ua.DataValue:
    raw = tag.scaling.raw(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    coded = round(raw) if isinstance(raw, float) and not tag.kind.is_float else raw
    return ua.DataValue(ua.Variant(coded, VARIANTS[tag.kind]), SourceTimestamp=at)
