"""Find out which registers and bits of a Modbus device answer, by reading alone."""

import struct

from plc.browsed import Bounds, Browsed, Found
from plc.map.addresses import Area, Register
from plc.modbus.transport import DeviceRefusal, Transport
from plc.registers import Kind
from scada.model.tag import Access

_BLOCK = 64
_STEP = 8
"""A block that is refused is looked into at every eighth address: fewer than that in one place may be missed."""


async def probe(transport: Transport, bounds: Bounds) -> Browsed:
    """Read each of the four areas from its begin, `bounds.most` addresses far. Raises PlcError."""
    found: list[Found] = []
    await transport.open(lambda _why: None)
    try:
        for area in (Area.HOLDING, Area.INPUT, Area.COIL, Area.DISCRETE):
            for start in range(0, bounds.most, _BLOCK):
                for at, value in (await _block(transport, area, start, min(_BLOCK, bounds.most - start))).items():
                    found.append(_found(area, at, value))
    finally:
        transport.close()
    return Browsed(tuple(found), f"the first {bounds.most} addresses of each area were read; --most reads further")


async def _block(transport: Transport, area: Area, start: int, count: int) -> dict[int, int]:
    """Give what answers in one block: the whole, or what lies around the addresses that answer alone."""
    whole = await _read(transport, area, start, count)
    if whole is not None:
        return whole
    answers: dict[int, int] = {}
    for at in range(start, start + count, _STEP):
        alone = await _read(transport, area, at, 1)
        if alone is not None:
            answers |= await _halves(transport, area, at, min(_STEP, start + count - at))
            least = max([start, *(known + 1 for known in answers if known < at)])
            answers |= await _backwards(transport, area, at, least)
    return answers


async def _halves(transport: Transport, area: Area, start: int, count: int) -> dict[int, int]:
    """Read a stretch, in ever smaller parts where it is refused."""
    whole = await _read(transport, area, start, count)
    if whole is not None or count == 1:
        return whole or {}
    half = count // 2
    return await _halves(transport, area, start, half) | await _halves(transport, area, start + half, count - half)


async def _backwards(transport: Transport, area: Area, at: int, least: int) -> dict[int, int]:
    """Read what lies just before an address that answers."""
    answers: dict[int, int] = {}
    for before in range(at - 1, max(at - _STEP, least - 1), -1):
        alone = await _read(transport, area, before, 1)
        if alone is None:
            break
        answers |= alone
    return answers


async def _read(transport: Transport, area: Area, start: int, count: int) -> dict[int, int] | None:
    """Read addresses with their values; None if the device refuses. Raises PlcError for anything else."""
    try:
        raw = await transport.read(area, start, count)
    except DeviceRefusal:
        return None
    if area.is_bits:
        return {start + at: raw[at // 8] >> at % 8 & 1 for at in range(count)}
    return dict(enumerate(struct.unpack(f">{count}H", raw[: 2 * count]), start))


def _found(area: Area, at: int, value: int) -> Found:
    access = Access.READ_WRITE if area is Area.COIL else Access.READ
    kind = Kind.BOOL if area.is_bits else Kind.U16
    return Found((f"{area.value}{at}",), str(Register(area, at)), kind, access, str(value))
