"""Between OPC UA's values and ours: node ids, variants, StatusCodes."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime

from asyncua import ua

from plc.map.addresses import NodeAddress
from plc.map.mapped import MappedTag
from plc.registers import CODES, Kind, command_words
from scada.model.handshake import CommandBlock
from scada.model.tag import Quality, TagUpdate, Value

VARIANTS = {
    Kind.BOOL: ua.VariantType.Boolean,
    Kind.U16: ua.VariantType.UInt16,
    Kind.I16: ua.VariantType.Int16,
    Kind.U32: ua.VariantType.UInt32,
    Kind.I32: ua.VariantType.Int32,
    Kind.F32: ua.VariantType.Float,
    Kind.U64: ua.VariantType.UInt64,
    Kind.I64: ua.VariantType.Int64,
    Kind.F64: ua.VariantType.Double,
    Kind.STRING: ua.VariantType.String,
}
"""How each type of the tag map travels."""

_KNOWN = {quality.status_code: quality for quality in Quality}
_NO_SUCH_NODE = 0x80340000
_SEVERITY = 0xC0000000
_UNCERTAIN = 0x40000000


def node_id(tag: MappedTag) -> ua.NodeId:
    """Give the tag's node. Raises TypeError for a register."""
    if not isinstance(tag.address, NodeAddress):
        raise TypeError(f"{tag.name} is not on an OPC UA server")
    return ua.NodeId.from_string(tag.address.text)


def settled(node: ua.NodeId, namespaces: Sequence[str]) -> ua.NodeId | None:
    """Give a node with its namespace as a number, as this server counts them; None if it does not know the URI."""
    if not isinstance(node, ua.ExpandedNodeId) or not node.NamespaceUri:
        return node
    if node.NamespaceUri not in namespaces:
        return None
    return ua.NodeId(node.Identifier, ua.Int16(namespaces.index(node.NamespaceUri)), node.NodeIdType)


def is_unknown_node(data: ua.DataValue) -> bool:
    """Say whether a server has no such node any more."""
    return data.StatusCode is not None and data.StatusCode.value == _NO_SUCH_NODE


def quality_of(status_code: int) -> Quality:
    """Give our word for a StatusCode; one we have no word for counts by its severity."""
    known = _KNOWN.get(status_code & 0xFFFF0000)
    if known is not None:
        return known
    if status_code & _SEVERITY == 0:
        return Quality.GOOD
    return Quality.STALE if status_code & _SEVERITY == _UNCERTAIN else Quality.COMMUNICATION


def update_of(tag: MappedTag, data: ua.DataValue) -> TagUpdate:
    """Turn what a server says of a node into an update: value in engineering units, quality, the device's time."""
    quality = quality_of(data.StatusCode.value if data.StatusCode is not None else 0)
    raw = data.Value.Value if data.Value is not None else None
    at = _aware(data.SourceTimestamp)
    if quality.is_bad and raw is None:
        return TagUpdate(tag.name, None, quality, at)
    value, plausible = _value(tag, raw)
    return TagUpdate(tag.name, value, plausible if quality.is_good and plausible is not Quality.GOOD else quality, at)


def _value(tag: MappedTag, raw: object) -> tuple[Value, Quality]:
    """Check the type as well as the range: a node of another type is a mistake in the map."""
    if tag.kind is Kind.BOOL and isinstance(raw, bool):
        return raw is not tag.scaling.invert, Quality.GOOD
    if tag.kind is Kind.STRING and isinstance(raw, str):
        return raw, Quality.GOOD
    if tag.kind.is_number and isinstance(raw, int | float) and not isinstance(raw, bool):
        return tag.scaling.value(raw)
    return None, Quality.CONFIGURATION


def _aware(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


def block_of(block: CommandBlock) -> ua.Variant:
    """Lay a command out as one array of its nine registers: what is written as one arrives as one."""
    return ua.Variant(list(command_words(block)), ua.VariantType.UInt16)


def arguments_of(block: CommandBlock) -> list[ua.Variant]:
    """Lay a command out as the arguments of the PLC's method."""
    short, long = ua.VariantType.UInt16, ua.VariantType.UInt32
    return [
        ua.Variant(block.claim, short),
        ua.Variant(int(block.code), short),
        ua.Variant(block.passage, long),
        ua.Variant(block.ttl_ms, short),
        ua.Variant(block.tick, short),
        ua.Variant(block.seq, long),
    ]


def variant_of(tag: MappedTag, value: Value) -> ua.Variant:
    """Turn a value in engineering units into what the node holds. Raises TypeError if it is no value for the tag."""
    if tag.kind is Kind.BOOL:
        return ua.Variant(bool(value) is not tag.scaling.invert, VARIANTS[tag.kind])
    if tag.kind is Kind.STRING:
        return ua.Variant(str(value), VARIANTS[tag.kind])
    if value is None or isinstance(value, str) or tag.kind not in VARIANTS:
        raise TypeError(f"{value!r} is no value for {tag.name}")
    raw = tag.scaling.raw(value)
    number = raw if tag.kind.is_float else round(raw)
    try:
        struct.pack(CODES[tag.kind], number)
    except (struct.error, OverflowError) as error:
        raise TypeError(f"{value!r} does not fit into {tag.name}: {error}") from error
    return ua.Variant(number, VARIANTS[tag.kind])
