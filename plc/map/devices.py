"""The device table: which PLCs there are, and how each is reached."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from plc.map.cells import check_cells, check_heads
from plc.map.findings import Finding, error, found, warning
from plc.map.protocol import Protocol, Protocols, UnknownProtocol
from plc.map.sheet import Row, Sheet
from plc.registers import Order
from scada.model.digits import whole_of

MAX_READ = 125
"""Registers that one Modbus read may ask for."""


@dataclass(frozen=True, slots=True)
class Device:
    """One row of the device table. `max_registers` and `max_gap` shape reads; `base` shifts classic addresses.

    `host2`, `port2`: a second way to the same device. `serial`: a line, `path,baud,parity`. `pipeline`: requests in
    flight. `simulated`: nothing is connected, its tags are given by hand.
    """

    name: str
    protocol: Protocol
    host: str
    port: int
    unit: int
    order: Order | None
    base: int
    max_registers: int
    max_gap: int
    timeout_s: float
    pause_s: float
    profile: str
    security: str
    host2: str = ""
    port2: int = 0
    serial: str = ""
    pipeline: int = 1
    simulated: bool = False

    @property
    def where(self) -> str:
        """Say where it is, for messages."""
        return f"{self.name} at {self.serial or f'{self.host}:{self.port}'}"

    @property
    def ways(self) -> "list[Device]":
        """Give the device by each of its addresses on the network, the usual one first."""
        if not self.host2 and not self.port2:
            return [self]
        return [self, replace(self, host=self.host2 or self.host, port=self.port2 or self.port)]


COLUMNS = [
    "device",
    "protocol",
    "host",
    "port",
    "unit",
    "order",
    "base",
    "max_regs",
    "max_gap",
    "timeout_ms",
    "pause_ms",
    "pipeline",
    "profile",
    "security",
    "simulated",
    "host2",
    "port2",
    "serial",
]
_RANGES = {
    "port": (1, 65535, 0),
    "unit": (0, 247, 1),
    "base": (0, 1, 1),
    "max_regs": (1, MAX_READ, MAX_READ),
    "max_gap": (0, MAX_READ, 8),
    "timeout_ms": (10, 60_000, 1000),
    "pause_ms": (0, 10_000, 0),
    "pipeline": (1, 16, 1),
    "simulated": (0, 1, 0),
    "port2": (1, 65535, 0),
}
"""Whole numbers of the table: least, most, and what blank means."""


_NAME = re.compile(r"[\w-][\w .-]{0,62}")
"""No path, and nothing that is hidden; letters of any language."""


class _Bad(Exception):
    def __init__(self, column: str, text: str, remedy: str) -> None:
        super().__init__(text)
        self.column, self.remedy = column, remedy


def read_devices(sheet: Sheet, protocols: Protocols) -> tuple[dict[str, Device], list[Finding]]:
    """Build the devices that can be used, and say what is wrong with the others."""
    devices: dict[str, Device] = {}
    findings = [*check_heads(sheet, COLUMNS, ("device", "protocol")), *check_cells(sheet)]
    for row in sheet.rows:
        try:
            device = _device(row, protocols)
            if device.name in devices:
                raise _Bad("device", f"{device.name!r} stands here twice", "give each device its own name")
        except _Bad as bad:
            findings.append(error("E30", sheet, row, bad.column, str(bad), bad.remedy))
        else:
            devices[device.name] = device
            findings += [found(fault, sheet.origin, row.line) for fault in device.protocol.check_device(device)]
            findings += _simulated(device, sheet, row)
    return devices, findings


def _simulated(device: Device, sheet: Sheet, row: Row) -> Iterator[Finding]:
    if device.simulated:
        text = f"{device.name} is simulated: nothing is connected, and its lanes have no AUTO"
        yield warning("W32", sheet, row, "simulated", text, "write 0 to use the real one")


def _device(row: Row, protocols: Protocols) -> Device:
    if not row["device"]:
        raise _Bad("device", "a device needs a name", "fill in device")
    if not _NAME.fullmatch(row["device"]) or row["device"] == "clients":
        text = f"{row['device']!r} is no name of a device: files and folders are called by it"
        raise _Bad("device", text, "use letters, digits, _ and -, as in plc1; and not clients")
    numbers = {column: _number(row, column) for column in _RANGES}
    return Device(
        name=row["device"],
        protocol=_protocol(row, protocols),
        host=row["host"],
        port=numbers["port"],
        unit=numbers["unit"],
        order=_order(row),
        base=numbers["base"],
        max_registers=numbers["max_regs"],
        max_gap=numbers["max_gap"],
        timeout_s=numbers["timeout_ms"] / 1000,
        pause_s=numbers["pause_ms"] / 1000,
        profile=row["profile"],
        security=row["security"],
        host2=row["host2"],
        port2=numbers["port2"],
        serial=row["serial"],
        pipeline=numbers["pipeline"],
        simulated=bool(numbers["simulated"]),
    )


def _number(row: Row, column: str) -> int:
    least, most, blank = _RANGES[column]
    if not row[column]:
        return blank
    number = whole_of(row[column], most)
    if number is None or number < least:
        raise _Bad(column, f"{column} is {row[column]!r}", f"write a whole number from {least} to {most}")
    return number


def _protocol(row: Row, protocols: Protocols) -> Protocol:
    try:
        return protocols.find(row["protocol"])
    except UnknownProtocol as error:
        raise _Bad(
            "protocol", str(error), "use one of them, or name yours in [tags.protocols] of config.toml"
        ) from None


def _order(row: Row) -> Order | None:
    try:
        return Order(row["order"]) if row["order"] else None
    except ValueError:
        raise _Bad("order", f"order is {row['order']!r}", "use ABCD, CDAB, BADC or DCBA") from None
