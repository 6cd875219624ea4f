"""The served tags as OPC UA nodes: Objects/Daozha/<lane>/<point>, with status, both times, unit and both languages."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from plc.registers import Kind
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
        for number, (name, shown) in enumerate(changes, start=1):
            node = self._nodes.get(name)
            if node is not None:
                data = _data(self._catalogue[name].kind, shown, at)
                await self._server.iserver.aspace.write_attribute_value(node, AttributeIds.Value, data)
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)


def _node(name: str, namespace: int) -> ua.NodeId:
    return ua.NodeId.from_string(f"ns={namespace};s={name}")


def _standard(number: int) -> ua.NodeId:
    return ua.NodeId.from_string(f"i={number}")


def _data(kind: Kind, shown: Shown, at: datetime | None) -> ua.DataValue:
    """Write a value with its status and times; what is bad has no value."""
    value = _NULL if shown.is_bad or shown.value is None else _variant(kind, shown.value)
    status = shown.status
    if value is None:
        value, status = _NULL, Quality.CONFIGURATION.status_code
    return ua.DataValue(
        value, ua.StatusCode(ua.UInt32(status)), SourceTimestamp=_time(shown.at), ServerTimestamp=_time(at)
    )


def _variant(kind: Kind, value: Value) -> ua.Variant | None:
    """Give the value in its type; None if it does not fit."""
    kind_of = VARIANTS[kind]
    try:
        match kind:
            case Kind.STRING:
                return ua.Variant(str(value), kind_of)
            case Kind.BOOL:
                return ua.Variant(bool(value), kind_of)
            case Kind.F32 | Kind.F64:
                return ua.Variant(float(value or 0), kind_of)
            case _:
                return _whole(value, kind, kind_of)
    except (TypeError, ValueError, OverflowError):
        return None


def _whole(value: Value, kind: Kind, kind_of: ua.VariantType) -> ua.Variant | None:
    number = round(float(value or 0)) if not isinstance(value, int) else int(value)
    bits, signed = int(kind.value[1:]), kind.value[0] == "i"
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return ua.Variant(number, kind_of) if least <= number <= most else None


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
