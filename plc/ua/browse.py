"""Walk through an OPC UA server: objects, variables and methods below one node, as far as the bounds go."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError

from plc.browsed import Bounds, Browsed, Found
from plc.map.devices import Device
from plc.registers import COMMAND_WORDS, Kind
from plc.transport.values import VARIANTS
from plc.ua.client import dial
from plc.ua.keys import KeyFolder
from scada.model.tag import Access
from scada.ports import PlcError

_AT_ONCE = 25
"""Nodes of one request: few enough for any server's limits."""
_KINDS = {
    **{variant: kind for kind, variant in VARIANTS.items()},
    ua.VariantType.Byte: Kind.U16,
    ua.VariantType.SByte: Kind.I16,
}
_READ, _WRITE = 1, 2
_SKIPPED = {ua.NodeId(ua.Int32(number)) for number in (ObjectIds.Server, ObjectIds.Aliases, ObjectIds.Locations)}
"""What every server has, and no plant needs."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Place:
    node: ua.NodeId
    kind: ua.NodeClass
    path: tuple[str, ...]


@dataclass(slots=True)
class _Walk:
    """What has been seen so far."""

    client: Client
    device: Device
    bounds: Bounds
    seen: set[ua.NodeId] = field(default_factory=set)
    found: list[_Place] = field(default_factory=list)
    cut: str = ""


async def browse(device: Device, keys: KeyFolder, now: datetime, bounds: Bounds) -> Browsed:
    """Find variables and methods; the server's own objects are left out. Raises PlcError."""
    top = _start(bounds.under)
    client = (await dial(device, keys, now)).client
    try:
        walk = _Walk(client, device, bounds, {top, *_SKIPPED})
        await _go_down(walk, _Place(top, ua.NodeClass.Object, ()))
        found: list[Found] = []
        for part in _parts(walk.found):
            found += await _look_at(walk, part)
        return Browsed(tuple(found), walk.cut)
    finally:
        await _hang_up(client)


def _start(under: str) -> ua.NodeId:
    try:
        return ua.NodeId.from_string(under) if under else ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))
    except (UaError, ValueError) as error:
        raise PlcError(f"{under!r} is no NodeId like ns=2;s=Out1") from error


async def _go_down(walk: _Walk, top: _Place) -> None:
    """Go level by level, so that a bound cuts the deep end off and not a whole branch."""
    level = [top]
    for _ in range(walk.bounds.depth):
        below: list[_Place] = []
        for part in _parts(level):
            below += await _children(walk, part)
            if len(walk.found) > walk.bounds.most:
                del walk.found[walk.bounds.most :]
                walk.cut = f"there are more than {walk.bounds.most}: choose a node with --under"
                return
        level = below
        if not level:
            return
    walk.cut = f"it goes deeper than {walk.bounds.depth} levels: choose a node with --under"


async def _children(walk: _Walk, places: Sequence[_Place]) -> list[_Place]:
    children: list[_Place] = []
    for place, references in zip(places, await _references(walk, places), strict=True):
        for reference in references:
            node = ua.NodeId(reference.NodeId.Identifier, reference.NodeId.NamespaceIndex, reference.NodeId.NodeIdType)
            if node in walk.seen:
                continue
            walk.seen.add(node)
            child = _Place(node, reference.NodeClass, (*place.path, reference.BrowseName.Name or ""))
            if child.kind in (ua.NodeClass.Variable, ua.NodeClass.Method):
                walk.found.append(child)
            if child.kind is not ua.NodeClass.Method:
                children.append(child)
    return children


async def _references(walk: _Walk, places: Sequence[_Place]) -> list[list[ua.ReferenceDescription]]:
    """Ask what hangs below each place, also where a server answers piece by piece."""
    wanted = [
        ua.BrowseDescription(
            NodeId=place.node,
            BrowseDirection=ua.BrowseDirection.Forward,
            ReferenceTypeId=ua.NodeId(ua.Int32(ObjectIds.HierarchicalReferences)),
            IncludeSubtypes=True,
            NodeClassMask=ua.UInt32(ua.NodeClass.Object | ua.NodeClass.Variable | ua.NodeClass.Method),
            ResultMask=ua.UInt32(ua.BrowseResultMask.All),
        )
        for place in places
    ]
    asked = ua.BrowseParameters(NodesToBrowse=wanted)
    results = await _ask(walk.device, walk.client.uaclient.browse(asked), "browse")
    told = [list(result.References or []) for result in results]
    for at, result in enumerate(results):
        if not places[at].path and not result.StatusCode.is_good():
            raise PlcError(f"browse {walk.device.where} from {places[at].node.to_string()}: {result.StatusCode.name}")
        point = result.ContinuationPoint
        while point and len(told[at]) <= walk.bounds.most:
            more = ua.BrowseNextParameters(ReleaseContinuationPoints=False, ContinuationPoints=[point])
            [piece] = await _ask(walk.device, walk.client.uaclient.browse_next(more), "browse on at")
            told[at] += piece.References or []
            point = piece.ContinuationPoint
    return told


async def _look_at(walk: _Walk, places: Sequence[_Place]) -> list[Found]:
    """Read what kind of thing each variable is, and what it holds now."""
    nodes = [place.node for place in places]
    read = walk.client.uaclient.read_attributes
    values = await _ask(walk.device, read(nodes, AttributeIds.Value), "read values of")
    levels = await _ask(walk.device, read(nodes, AttributeIds.UserAccessLevel), "read access of")
    return [_found(*one) for one in zip(places, values, levels, strict=True)]


def _found(place: _Place, data: ua.DataValue, level: ua.DataValue) -> Found:
    address = place.node.to_string()
    if place.kind is ua.NodeClass.Method:
        return Found(place.path, address, Kind.METHOD, Access.WRITE, "")
    value = data.Value
    kind = None if value is None else _kind(value)
    access = Access.WRITE if kind is Kind.COMMAND else _access(level)
    bad = data.StatusCode is not None and not data.StatusCode.is_good()
    note = data.StatusCode.name if bad and data.StatusCode else ""
    return Found(place.path, address, kind, access, "" if value is None else _text(value.Value), note)


def _kind(value: ua.Variant) -> Kind | None:
    held: Any = value.Value
    if isinstance(held, list):
        is_block = value.VariantType is ua.VariantType.UInt16 and len(held) == COMMAND_WORDS
        return Kind.COMMAND if is_block else None
    return _KINDS.get(value.VariantType) if isinstance(value.VariantType, ua.VariantType) else None


def _access(level: ua.DataValue) -> Access:
    bits = level.Value.Value if level.Value is not None and isinstance(level.Value.Value, int) else _READ
    match bool(bits & _READ), bool(bits & _WRITE):
        case _, False:
            return Access.READ
        case False, True:
            return Access.WRITE
        case _:
            return Access.READ_WRITE


def _text(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


async def _hang_up(client: Client) -> None:
    try:
        async with asyncio.timeout(1.0):
            await client.disconnect()
    except (UaError, OSError, TimeoutError):
        return
    finally:
        client.disconnect_socket()


async def _ask(device: Device, request: Awaitable[T], what: str) -> T:
    try:
        async with asyncio.timeout(max(device.timeout_s, 5.0)):
            return await request
    except (UaError, OSError, TimeoutError) as error:
        raise PlcError(f"{what} {device.where}: {error!r}") from error


def _parts(places: Sequence[_Place]) -> Iterator[Sequence[_Place]]:
    return (places[at : at + _AT_ONCE] for at in range(0, len(places), _AT_ONCE))
