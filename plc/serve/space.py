"""The served tags as OPC UA nodes: Objects/Daozha/<lane>/<point>, with status, both times, unit and both languages."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from plc.registers import CODES, Kind
from plc.serve.catalogue import Served
from plc.serve.picture import Shown
from plc.transport.values import VARIANTS
from scada.model.tag import Quality, TagName, Value, lane_of, point_of

NAMESPACE = "urn:daozha:tags"
ROOT = "Daozha"
_UNITS = "urn:daozha:units"
_AT_ONCE = 500
"""Nodes written before others get their turn."""
_NULL = ua.Variant(None, ua.VariantType.Null)


class Space:
    """The nodes of all served tags in one server."""

    def __init__(self, server: Server, catalogue: Mapping[TagName, Served]) -> None:
        self._server = server
        self._catalogue = catalogue
        self._nodes: dict[TagName, ua.NodeId] = {}

    async def build(self) -> None:
        """Make the nodes; each is bad until the plant has told of it."""
        namespace = await self._server.register_namespace(NAMESPACE)
        root = await self._server.nodes.objects.add_folder(_node(ROOT, namespace), ua.QualifiedName(ROOT, namespace))
        lanes = dict.fromkeys(lane_of(name) for name in self._catalogue)
        for lane in lanes:
            await root.add_folder(_node(lane, namespace), ua.QualifiedName(lane, namespace))
        self._nodes = {name: _node(name, namespace) for name in self._catalogue}
        for tag in self._catalogue.values():
            await self._server.iserver.isession.add_nodes(_items(tag, self._nodes[tag.name], namespace))
        unseen = Shown()
        await self.show([(name, unseen) for name in self._catalogue], None)

    async def show(self, changes: Sequence[tuple[TagName, Shown]], at: datetime | None) -> None:
        """Put changes into the nodes; subscriptions hear of them. `at`: when we got them."""
        write, got_at = self._server.iserver.aspace.write_attribute_value, _time(at)
        for number, (name, shown) in enumerate(changes, start=1):
            if name in self._nodes:
                data = _data(self._catalogue[name].kind, shown, got_at)
                await write(self._nodes[name], AttributeIds.Value, data)
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)


def _node(name: str, namespace: int) -> ua.NodeId:
    return ua.NodeId.from_string(f"ns={namespace};s={name}")


def _standard(number: int) -> ua.NodeId:
    return ua.NodeId.from_string(f"i={number}")


def _data(kind: Kind, shown: Shown, got_at: ua.DateTime | None) -> ua.DataValue:
    """Write a value with its status and times; what is bad has no value."""
    value = _NULL if shown.is_bad else _variant(kind, shown.value)
    status = Quality.CONFIGURATION.status_code if value is None else shown.status
    code = ua.StatusCode(ua.UInt32(status))
    return ua.DataValue(value or _NULL, code, SourceTimestamp=_time(shown.at), ServerTimestamp=got_at)


def _variant(kind: Kind, value: Value) -> ua.Variant | None:
    """Give the value in its type; None if it does not fit."""
    try:
        fitting = _AS[kind](value)
    except (TypeError, ValueError, OverflowError):
        return None
    if kind in _RANGES and not _RANGES[kind][0] <= fitting <= _RANGES[kind][1]:
        return None
    return ua.Variant(fitting, VARIANTS[kind])


def _whole(value: float) -> int:
    return round(value)


_AS: Mapping[Kind, Callable[..., Any]] = {
    **dict.fromkeys(VARIANTS, _whole),
    Kind.BOOL: bool,
    Kind.F32: float,
    Kind.F64: float,
    Kind.STRING: str,
}
_RANGES = {
    kind: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind.value[0] == "i" else (0, 2**bits - 1)
    for kind in CODES
    if not kind.is_float
    for bits in (int(kind.value[1:]),)
}


def _time(at: datetime | None) -> ua.DateTime | None:
    return None if at is None else ua.DateTime.fromtimestamp(at.timestamp(), at.tzinfo)


def _items(tag: Served, node: ua.NodeId, namespace: int) -> list[ua.AddNodesItem]:
    """Make a tag's variable, and its properties: the unit, and what it is in Chinese."""
    parent = _node(lane_of(tag.name), namespace)
    name = ua.QualifiedName(point_of(tag.name), namespace)
    described = ua.LocalizedText(tag.description or tag.name, "en")
    kind = ObjectIds.BaseDataVariableType
    variable = _item(node, parent, ObjectIds.HasComponent, kind, name, VARIANTS[tag.kind], _NULL, described)
    return [variable, *_properties(tag, node, namespace)]


def _properties(tag: Served, node: ua.NodeId, namespace: int) -> Iterable[ua.AddNodesItem]:
    if tag.unit:
        unit = ua.EUInformation(NamespaceUri=_UNITS, UnitId=-1, DisplayName=ua.LocalizedText(tag.unit))
        yield _property(tag, node, ua.QualifiedName("EngineeringUnits", 0), unit, ObjectIds.EUInformation, namespace)
    if tag.description_zh:
        text = ua.LocalizedText(tag.description_zh, "zh-CN")
        name = ua.QualifiedName("Description_zh", namespace)
        yield _property(tag, node, name, text, ObjectIds.LocalizedText, namespace)


def _property(
    tag: Served, node: ua.NodeId, name: ua.QualifiedName, value: object, data_type: int, namespace: int
) -> ua.AddNodesItem:
    own = _node(f"{tag.name}/{name.Name}", namespace)
    described = ua.LocalizedText(name.Name)
    kind = ObjectIds.PropertyType
    return _item(own, node, ObjectIds.HasProperty, kind, name, data_type, ua.Variant(value), described)


def _item(
    node: ua.NodeId,
    parent: ua.NodeId,
    reference: int,
    kind: int,
    name: ua.QualifiedName,
    data_type: int | ua.VariantType,
    value: ua.Variant,
    described: ua.LocalizedText,
) -> ua.AddNodesItem:
    """Fill in what OPC UA wants to know of a variable that may be read and never written."""
    attributes = ua.VariableAttributes()
    attributes.DisplayName = ua.LocalizedText(name.Name)
    attributes.Description = described
    attributes.DataType = _standard(data_type if isinstance(data_type, int) else data_type.value)
    attributes.Value = value
    attributes.ValueRank = ua.ValueRank.Scalar
    attributes.AccessLevel = attributes.UserAccessLevel = ua.AccessLevel.CurrentRead.mask
    return ua.AddNodesItem(
        ParentNodeId=parent,
        ReferenceTypeId=_standard(reference),
        RequestedNewNodeId=node,
        BrowseName=name,
        NodeClass=ua.NodeClass.Variable,
        NodeAttributes=attributes,
        TypeDefinition=_standard(kind),
    )
