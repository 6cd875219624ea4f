"""Tag maps: a CSV of tags and a CSV of devices, read and linted (`plc.md` §4)."""

from collections.abc import Mapping
from pathlib import Path

from plc.map.devices import Device, read_devices
from plc.map.findings import ERROR, Finding, error
from plc.map.lint import check_map
from plc.map.mapped import MappedTag, Scan, TagMap
from plc.map.sheet import Row, Sheet, SheetError, read_sheet
from plc.map.tagrow import COLUMNS, read_row
from plc.protocols import protocols

__all__ = ["Device", "Finding", "MappedTag", "Scan", "TagMap", "TagMapError", "lint", "read_map"]


class TagMapError(Exception):
    """The map cannot be used; `findings` holds every error in it."""

    def __init__(self, findings: list[Finding]) -> None:
        more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
        super().__init__(f"{findings[0]}{more}")
        self.findings = findings


def read_map(map_path: Path, devices_path: Path, of_site: Mapping[str, str] | None = None) -> TagMap:
    """Read a map that has no errors; `of_site`: its `[tags.protocols]`. Raises TagMapError with all errors."""
    tag_map, findings = examine(map_path, devices_path, of_site)
    errors = [finding for finding in findings if finding.severity == ERROR]
    if errors:
        raise TagMapError(errors)
    return tag_map


def lint(map_path: Path, devices_path: Path, of_site: Mapping[str, str] | None = None) -> list[Finding]:
    """Say everything that is wrong or doubtful, in the order of the rows; never raises for the file's content."""
    return examine(map_path, devices_path, of_site)[1]


def examine(
    map_path: Path, devices_path: Path, of_site: Mapping[str, str] | None = None
) -> tuple[TagMap, list[Finding]]:
    """Read what can be read, and say what is wrong with the rest."""
    sheets, findings = _sheets(map_path, devices_path)
    if len(sheets) < 2:
        return TagMap((), {}), findings
    tag_sheet, device_sheet = sheets
    devices, device_findings = read_devices(device_sheet, protocols(of_site))
    tags, tag_findings = _tags(tag_sheet, devices)
    findings = [*device_findings, *tag_findings]
    if not any(finding.code == "E03" for finding in findings):
        findings += check_map(tags, devices, tag_sheet.file)
    return TagMap(tuple(tags), devices), sorted(findings, key=lambda finding: (finding.file, finding.row))


def _sheets(*paths: Path) -> tuple[list[Sheet], list[Finding]]:
    sheets, findings = [], []
    for path in paths:
        try:
            sheets.append(read_sheet(path))
        except SheetError as bad:
            findings.append(
                Finding(ERROR, "E00", str(path), 1, "", str(bad), "see that the path in config.toml is right")
            )
    return sheets, findings


def _tags(sheet: Sheet, devices: dict[str, Device]) -> tuple[list[MappedTag], list[Finding]]:
    tags: list[MappedTag] = []
    findings = _heads(sheet)
    for row in sheet.rows:
        tag, wrong = read_row(row, sheet, devices)
        findings += wrong
        if tag is not None:
            tags.append(tag)
    return tags, findings


def _heads(sheet: Sheet) -> list[Finding]:
    first = Row(1, {})
    return [
        error("E24", sheet, first, column, f"unknown column {column!r}", f"the columns are {', '.join(COLUMNS)}")
        for column in sheet.columns
        if column not in COLUMNS
    ]
