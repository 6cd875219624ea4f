"""Tags as Telegraf's inputs.modbus and inputs.opcua name them in TOML: all three styles are read, one is written."""

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import cast
from urllib.parse import SplitResult, urlsplit

from plc.map.addresses import Area, NodeAddress, Register
from plc.map.devices import Device
from plc.map.files.foreign import Given, Note, Taken, our_name, row_of
from plc.map.files.grid import GridError
from plc.map.mapped import MappedTag
from plc.map.sheet import Row
from plc.registers import Kind, Order
from scada.model.tag import Access

_Table = Mapping[str, object]

_AREAS = {
    "coil": Area.COIL,
    "discrete": Area.DISCRETE,
    "holding": Area.HOLDING,
    "input": Area.INPUT,
}
_STYLE_REGISTER = {
    "coils": Area.COIL,
    "discrete_inputs": Area.DISCRETE,
    "holding_registers": Area.HOLDING,
    "input_registers": Area.INPUT,
}
_KINDS = {
    "BIT": Kind.BOOL,
    "INT16": Kind.I16,
    "UINT16": Kind.U16,
    "INT32": Kind.I32,
    "UINT32": Kind.U32,
    "INT64": Kind.I64,
    "UINT64": Kind.U64,
    "FLOAT32": Kind.F32,
    "FLOAT64": Kind.F64,
    "FLOAT32-IEEE": Kind.F32,
    "FLOAT64-IEEE": Kind.F64,
    "STRING": Kind.STRING,
}
_FIXED = {
    ("FIXED", 1): Kind.I16,
    ("FIXED", 2): Kind.I32,
    ("FIXED", 4): Kind.I64,
    ("UFIXED", 1): Kind.U16,
    ("UFIXED", 2): Kind.U32,
    ("UFIXED", 4): Kind.U64,
}
_ORDERS = {"AB": "", "BA": "BADC", "ABCD": "ABCD", "CDAB": "CDAB", "BADC": "BADC", "DCBA": "DCBA"}
_TYPES = {kind: name for name, kind in _KINDS.items() if "-" not in name}
_REGISTERS = {area: name for name, area in _AREAS.items()}
_NODE = re.compile(r"(?:ns=(\d+);)?([isgb])=(.+)")
_NAMED = re.compile(r"\bname\s*=\s*(\"(?:[^\"\\]|\\.)*\"|'[^']*')")
_SECURITY = "certificates stay behind: write {} into the column security, then daozha certs trust"


def take(text: str, lane: str) -> Taken:
    """Read the inputs of a Telegraf configuration. Raises GridError."""
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise GridError(f"not TOML: {error}") from error
    reader = _Reader(text, lane)
    inputs = _table(content.get("inputs", {}))
    for number, table in enumerate(_tables(inputs.get("modbus")), start=1):
        reader.modbus(table, number)
    for number, table in enumerate(_tables(inputs.get("opcua")), start=1):
        reader.opcua(table, number)
    if not reader.devices:
        raise GridError("no inputs.modbus and no inputs.opcua in it")
    return Taken(tuple(reader.tags), tuple(reader.devices), tuple(reader.notes))


class _Reader:
    """Collects rows. TOML keeps no line numbers, so a row's line is where its name next stands in the text."""

    def __init__(self, text: str, lane: str) -> None:
        self._lane = lane
        self._lines: dict[str, list[int]] = defaultdict(list)
        for number, line in enumerate(text.splitlines(), start=1):
            for quoted in _NAMED.findall(line.partition("#")[0]):
                self._lines[quoted[1:-1]].append(number)
        self.tags: list[Row] = []
        self.devices: list[Row] = []
        self.notes: list[Note] = []

    def modbus(self, table: _Table, number: int) -> None:
        """Read one `[[inputs.modbus]]`: a device for each slave in it."""
        name = our_name(str(table.get("name", f"modbus{number}")), "").replace(".", "_")
        style = table.get("configuration_type", "register")
        slaves: dict[object, str] = {}
        for slave, field, area, order in _fields(table, str(style)):
            device = slaves.setdefault(slave, f"{name}_{slave}" if slaves else name)
            self._register(field, area, order, device)
        line = self._line(str(table.get("name", "")))
        for slave, device in slaves.items():
            self.devices.append(row_of(line, {"device": device, "unit": slave, **_controller(table)}))

    def _register(self, field: _Table, area: Area, order: str, device: str) -> None:
        name = str(field.get("name", ""))
        line = self._line(name)
        addresses = field.get("address")
        start, words = _span(addresses)
        wanted = str(field.get("data_type", field.get("type", ""))).upper()
        kind = Kind.BOOL if area.is_bits else _KINDS.get(wanted) or _FIXED.get((wanted, words))
        if kind is None or start is None:
            self.notes.append(
                Note(line, "type", f"{name}: {wanted or 'no type'} at {addresses} is not read here", True)
            )
            return
        length = field.get("length", words) if kind is Kind.STRING else None
        bit = field.get("bit", 0) if kind is Kind.BOOL and not area.is_bits else None
        cells = {
            "tag": our_name(name, self._lane),
            "device": device,
            "address": str(Register(area, start, None if bit is None else int(str(bit)))),
            "type": kind.value,
            "order": "" if kind is Kind.BOOL else _ORDERS.get(str(field.get("byte_order", order)).upper(), order),
            "scale": None if area.is_bits or field.get("scale") == 1.0 else field.get("scale"),
            "length": length,
        }
        self.tags.append(row_of(line, cells))

    def opcua(self, table: _Table, number: int) -> None:
        """Read one `[[inputs.opcua]]`."""
        device = our_name(str(table.get("name", f"opcua{number}")), "").replace(".", "_")
        address, port = _address(table.get("endpoint", ""))
        cells = {"device": device, "protocol": "opcua", "host": address.hostname, "port": port or 4840}
        line = self._line(str(table.get("name", "")))
        self.devices.append(row_of(line, cells))
        security = f"{table.get('security_policy', 'None')}/{table.get('security_mode', 'None')}"
        if not security.startswith(("None/", "auto/")):
            self.notes.append(Note(line, "security_policy", _SECURITY.format(security)))
        for group in ({"nodes": table.get("nodes")}, *_tables(table.get("group"))):
            for node in _tables(group.get("nodes")):
                self._node({**group, **node}, device)

    def _node(self, node: _Table, device: str) -> None:
        name = str(node.get("name", ""))
        space, kind, text = (str(node.get(key, "")) for key in ("namespace", "identifier_type", "identifier"))
        line = self._line(name)
        prefix = f"ns={space};" if space not in ("", "0") else ""
        cells = {"tag": our_name(name, self._lane), "device": device, "address": f"{prefix}{kind}={text}"}
        self.tags.append(row_of(line, cells))
        self.notes.append(Note(line, "type", f"{name}: the file says no type; write one into its row", is_error=True))

    def _line(self, name: str) -> int:
        lines = self._lines.get(name)
        if not lines:
            return 1
        return lines.pop(0) if len(lines) > 1 else lines[0]


def _fields(table: _Table, style: str) -> Iterator[tuple[object, _Table, Area, str]]:
    """Give slave, field, area and byte order of every field, whatever the style."""
    slave = table.get("slave_id", 1)
    if style == "register":
        for key, area in _STYLE_REGISTER.items():
            for field in _tables(table.get(key)):
                yield slave, field, area, "ABCD"
        return
    for part in _tables(table.get(style)):
        order = str(part.get("byte_order", "ABCD"))
        for field in _tables(part.get("fields")):
            place = _AREAS.get(str(field.get("register", part.get("register", "holding"))))
            if place is not None and field.get("omit") is not True:
                yield part.get("slave_id", slave), field, place, order


def _address(text: object) -> tuple[SplitResult, int | None]:
    """Part an address. Raises GridError."""
    try:
        address = urlsplit(str(text))
        return address, address.port
    except ValueError as error:
        raise GridError(f"{text!r} is no address: {error}") from error


def _controller(table: _Table) -> dict[str, object]:
    """Say how a device is reached."""
    address, port = _address(table.get("controller", ""))
    mode = str(table.get("transmission_mode", "")).lower()
    if address.scheme != "tcp":
        line = ",".join(str(part) for part in (address.path, table.get("baud_rate", 9600), table.get("parity", "N")))
        return {"protocol": "modbus-rtu", "serial": line}
    protocol = "modbus-rtu-tcp" if mode == "rtuovertcp" else "modbus-tcp"
    return {"protocol": protocol, "host": address.hostname, "port": port or 502}


def _span(address: object) -> tuple[int | None, int]:
    """Give the first register of a field and how many it names."""
    if isinstance(address, list) and address and all(isinstance(one, int) for one in address):
        return min(address), len(address)
    return (address, 1) if isinstance(address, int) else (None, 0)


def _table(value: object) -> _Table:
    return cast("_Table", value) if isinstance(value, dict) else {}


def _tables(value: object) -> list[_Table]:
    return [_table(one) for one in value] if isinstance(value, list) else []


def give(tags: Iterable[MappedTag], devices: Mapping[str, Device]) -> Given:
    """Write the tags that Telegraf can read, in its metric style."""
    notes: list[Note] = []
    parts = []
    for name, group in groupby(sorted(tags, key=lambda tag: (tag.spec.device, tag.line)), lambda tag: tag.spec.device):
        own = [tag for tag in group if _fits(tag, notes)]
        if own and isinstance(own[0].address, NodeAddress):
            parts.append(_opcua(devices[name], own))
        elif own:
            parts.append(_modbus(devices[name], own))
    return Given("\n".join(parts), tuple(notes))


def _fits(tag: MappedTag, notes: list[Note]) -> bool:
    """Say whether Telegraf can read a tag; note what it would show otherwise than we do."""
    if tag.spec.access is Access.WRITE or tag.kind not in _TYPES:
        notes.append(Note(tag.line, "type", f"{tag.name} is left out: Telegraf only reads"))
        return False
    if not isinstance(tag.address, Register | NodeAddress):
        notes.append(Note(tag.line, "address", f"{tag.name} is left out: neither Modbus nor OPC UA"))
        return False
    if tag.scaling.offset:
        notes.append(Note(tag.line, "offset", f"{tag.name}: Telegraf has no offset; add {tag.scaling.offset:g} there"))
    if tag.scaling.invert:
        notes.append(Note(tag.line, "invert", f"{tag.name} is inverted here; Telegraf shows the contact as it is"))
    return True


def _modbus(device: Device, tags: list[MappedTag]) -> str:
    lines = [
        "[[inputs.modbus]]",
        f"  name = {_quoted(device.name)}",
        f"  slave_id = {device.unit}",
        f'  controller = "tcp://{device.host}:{device.port}"',
        f'  timeout = "{device.timeout_s * 1000:g}ms"',
        '  configuration_type = "metric"',
    ]
    by_order = sorted(tags, key=lambda tag: tag.order.value)
    for order, group in groupby(by_order, lambda tag: tag.order):
        lines += [
            "",
            "  [[inputs.modbus.metric]]",
            f"    slave_id = {device.unit}",
            f"    byte_order = {_quoted(order.value if isinstance(order, Order) else 'ABCD')}",
            '    measurement = "daozha"',
            "    fields = [",
            *(f"      {{ {_field(tag)} }}," for tag in group),
            "    ]",
        ]
    return "\n".join(lines) + "\n"


def _field(tag: MappedTag) -> str:
    place = tag.address
    if not isinstance(place, Register):
        raise TypeError(f"{tag.name} is in no register")
    cells: dict[str, object] = {"register": _REGISTERS[place.area], "address": place.start, "name": str(tag.name)}
    if not place.area.is_bits:
        cells["type"] = _TYPES[tag.kind]
    if tag.kind is Kind.BOOL and not place.area.is_bits:
        cells["bit"] = place.bit or 0
    if tag.kind is Kind.STRING:
        cells["length"] = tag.length
    if tag.scaling.scale != 1.0:
        cells["scale"] = tag.scaling.scale
    return ", ".join(f"{key}={_quoted(value) if isinstance(value, str) else value}" for key, value in cells.items())


def _opcua(device: Device, tags: list[MappedTag]) -> str:
    lines = [
        "[[inputs.opcua]]",
        f"  name = {_quoted(device.name)}",
        f'  endpoint = "opc.tcp://{device.host}:{device.port}"',
        "  nodes = [",
        *(f"    {{ {_node_cells(tag)} }}," for tag in tags),
        "  ]",
    ]
    return "\n".join(lines) + "\n"


def _node_cells(tag: MappedTag) -> str:
    match = _NODE.fullmatch(str(tag.address))
    space, kind, text = match.groups() if match else (None, "s", str(tag.address))
    cells = {"name": str(tag.name), "namespace": space or "0", "identifier_type": kind, "identifier": text}
    return ", ".join(f"{key}={_quoted(value)}" for key, value in cells.items())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
