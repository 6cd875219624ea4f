"""One row of a tag map: read it and say everything that is wrong with it (`plc.md` §4)."""

import re
from enum import Enum
from typing import TypeVar

from plc.map.addresses import MAX_REGISTER, Address, AddressError
from plc.map.devices import Device
from plc.map.findings import Finding, error, found, warning
from plc.map.mapped import MappedTag, Scan, default_role
from plc.map.sheet import Row, Sheet
from plc.plan import Scaling
from plc.registers import Kind, Order, words_of
from scada.model.tag import Access, TagName, TagSpec, Value

COLUMNS = [
    "tag",
    "device",
    "address",
    "type",
    "order",
    "bit",
    "access",
    "class",
    "scale",
    "offset",
    "unit",
    "lo",
    "hi",
    "deadband",
    "role",
    "invert",
    "stale_ms",
    "pulse_ms",
    "verify",
    "safe",
    "length",
    "debounce_ms",
    "expr",
    "description",
    "description_zh",
]
OPENING_PULSE = "gate.open_pulse"
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_LATER = {"expr": "a derived tag", "debounce_ms": "a filter of the server's own"}
_Word = TypeVar("_Word", bound=Enum)


def read_row(row: Row, sheet: Sheet, devices: dict[str, Device]) -> tuple[MappedTag | None, list[Finding]]:
    """Read one row; the tag is None if any finding is an error."""
    return _RowReader(row, sheet, devices).read()


class _RowReader:
    """Reads the cells of one row and collects what is wrong with them."""

    def __init__(self, row: Row, sheet: Sheet, devices: dict[str, Device]) -> None:
        self._row, self._sheet, self._devices = row, sheet, devices
        self._findings: list[Finding] = []

    def read(self) -> tuple[MappedTag | None, list[Finding]]:
        name = self._name()
        self._not_yet()
        device = self._devices.get(self._row["device"])
        kind = self._one_of("type", Kind, "E05", "")
        if device is None:
            self._error("E03", "device", f"no device {self._row['device']!r}", "add it to the device table")
        if device is None or kind is None:
            return None, self._findings
        tag = self._tag(name, device, kind)
        refused = any(finding.severity == "error" for finding in self._findings)
        return (None if refused else tag), self._findings

    def _tag(self, name: TagName, device: Device, kind: Kind) -> MappedTag | None:
        scan = self._one_of("class", Scan, "E13", "normal")
        access = self._one_of("access", Access, "E27", "ro")
        order = self._order(device, kind)
        scaling = self._scaling(kind)
        address = self._address(device)
        length = self._whole("length", 0, 125)
        if scan is None or access is None or address is None:
            return None
        self._check_output(name, kind, access)
        role = self._row["role"] or default_role(name)
        tag = MappedTag(
            spec=self._spec(name, device, kind, access, scan),
            address=address,
            kind=kind,
            order=order,
            scan=scan,
            scaling=scaling,
            length=length,
            pulse_ms=self._whole("pulse_ms", 0, 60_000),
            verify=self._row["verify"],
            role=role,
            line=self._row.line,
        )
        self._findings += [found(fault, self._sheet.file, tag.line) for fault in device.protocol.check_tag(tag, device)]
        return tag

    def _spec(self, name: TagName, device: Device, kind: Kind, access: Access, scan: Scan) -> TagSpec:
        return TagSpec(
            name=name,
            device=device.name,
            access=access,
            stale_s=None if access is Access.WRITE else self._stale_s(scan),
            safe=self._safe(kind),
            unit=self._row["unit"],
            deadband=self._number("deadband", 0.0),
            description=self._row["description"],
            description_zh=self._row["description_zh"],
        )

    def _name(self) -> TagName:
        name = self._row["tag"]
        if not _NAME.fullmatch(name):
            self._error("E01", "tag", f"{name!r} is not a tag name", "write the lane, then the name: in1.loop.safety")
        return TagName(name)

    def _not_yet(self) -> None:
        for column, what in _LATER.items():
            if self._row[column] not in ("", "0"):
                self._error("E26", column, f"{what} is not supported yet", "leave the column empty")

    def _order(self, device: Device, kind: Kind) -> Order:
        order = self._one_of("order", Order, "E12", (device.order or Order.ABCD).value)
        wide = kind.is_number and words_of(kind) > 1 and device.protocol.has_word_order
        if wide and not self._row["order"] and device.order is None:
            self._warn(
                "W12", "order", "two words and no order given: ABCD is assumed", "write ABCD, CDAB, BADC or DCBA"
            )
        return order or Order.ABCD

    def _scaling(self, kind: Kind) -> Scaling:
        scale, offset = self._number("scale", 1.0), self._number("offset", 0.0)
        lo, hi = self._optional("lo"), self._optional("hi")
        if not kind.is_number and (scale != 1.0 or offset != 0.0 or lo is not None or hi is not None):
            self._error(
                "E21", "scale", f"a {kind.value} has no scale and no range", "leave scale, offset, lo, hi empty"
            )
        if scale == 0.0:
            self._error("E21", "scale", "a scale of 0 makes every value the same", "leave it empty for 1")
        if lo is not None and hi is not None and lo > hi:
            self._error("E14", "lo", f"lo {lo:g} is above hi {hi:g}", "swap them")
        return Scaling(scale, offset, lo, hi, self._flag("invert"))

    def _address(self, device: Device) -> Address | None:
        text = self._row["address"]
        try:
            bit = self._whole("bit", 0, MAX_REGISTER) if self._row["bit"] else None
            return device.protocol.address(text, bit, device)
        except AddressError as bad:
            self._error("E04", "address", str(bad), "see the forms of an address in docs")
            return None

    def _check_output(self, name: TagName, kind: Kind, access: Access) -> None:
        if kind in (Kind.COMMAND, Kind.METHOD) and access is not Access.WRITE:
            self._error("E20", "access", "a command is written, never read", "make it wo")
        if default_role(name) == OPENING_PULSE and not self._row["pulse_ms"]:
            self._error("E16", "pulse_ms", "an opening output without pulse or handshake stays on", "fill in pulse_ms")

    def _stale_s(self, scan: Scan) -> float:
        stale_s = self._whole("stale_ms", round(scan.stale_s * 1000), 3_600_000) / 1000
        if stale_s < 3 * scan.period_s:
            self._warn("W15", "stale_ms", f"{stale_s:g} s is less than three scans", "leave it empty")
        return stale_s

    def _safe(self, kind: Kind) -> Value:
        if not self._row["safe"]:
            return None
        return self._flag("safe") if kind is Kind.BOOL else self._number("safe", 0.0)

    def _flag(self, column: str) -> bool:
        if self._row[column] not in ("", "0", "1"):
            self._error("E27", column, f"{column} is {self._row[column]!r}", "write 1 or 0")
        return self._row[column] == "1"

    def _whole(self, column: str, blank: int, most: int) -> int:
        text = self._row[column]
        if text and not (text.isdigit() and int(text) <= most):
            self._error("E27", column, f"{column} is {text!r}", f"write a whole number up to {most}")
            return blank
        return int(text) if text else blank

    def _number(self, column: str, blank: float) -> float:
        number = self._optional(column)
        return blank if number is None else number

    def _optional(self, column: str) -> float | None:
        text = self._row[column]
        try:
            return float(text) if text else None
        except ValueError:
            self._error("E27", column, f"{column} is {text!r}", "write a number with a decimal point")
            return None

    def _one_of(self, column: str, words: type[_Word], code: str, blank: str) -> _Word | None:
        text = self._row[column] or blank
        try:
            return words(text)
        except ValueError:
            known = ", ".join(str(word.value) for word in words)
            self._error(code, column, f"{column} is {text!r}", f"use one of {known}")
            return None

    def _error(self, code: str, column: str, text: str, remedy: str) -> None:
        self._findings.append(error(code, self._sheet, self._row, column, text, remedy))

    def _warn(self, code: str, column: str, text: str, remedy: str) -> None:
        self._findings.append(warning(code, self._sheet, self._row, column, text, remedy))
