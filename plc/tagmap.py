"""Tag maps: tables of tags and of devices, and templates of lanes, read and linted (`plc.md` §4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from plc.map.cells import check_cells, check_heads
from plc.map.derived import check_formulas, is_derived, read_derived
from plc.map.devices import Device, read_devices
from plc.map.findings import ERROR, Finding
from plc.map.mapped import DerivedTag, MappedTag, Scan, TagMap
from plc.map.sheet import Sheet, SheetError, read_sheet
from plc.map.tagrow import COLUMNS, NEEDED, read_row
from plc.map.whole.lint import check_rows, check_tags, lanes_of, named
from plc.map.whole.templates import Filling, fill
from plc.protocols import protocols
from scada.config import Config

__all__ = ["Device", "Filling", "Finding", "MappedTag", "Scan", "TagMap", "TagMapError", "lint", "read_map"]

OF_A_LANE = "E19"
"""The error that refuses a lane AUTO, and not the map."""


class TagMapError(Exception):
    """The map cannot be used; `findings` holds every error in it."""

    def __init__(self, findings: list[Finding]) -> None:
        more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
        super().__init__(f"{findings[0]}{more}")
        self.findings = findings


Files = tuple[Path, Path, Mapping[str, str], Sequence[Filling]]
"""A map, its devices, the site's own protocols, and the lanes made of templates: what every function here takes."""


def site_files(config: Config) -> Files:
    """Say of what a site's map is made."""
    tags = config.tags
    fillings = tuple(
        Filling(lane.lane, config.beside(lane.template), {name: str(value) for name, value in lane.values.items()})
        for lane in tags.lanes
    )
    return config.beside(tags.map), config.beside(tags.devices), tags.protocols, fillings


def contents(files: Files) -> dict[str, bytes]:
    """Read the files of a map as they are, under names of their own. Raises OSError."""
    return {name: path.read_bytes() for name, path in _own_names(files).items()}


def files_in(folder: Path, files: Files) -> Files:
    """Say of what a map is made whose `contents` lie in a folder."""
    names = {path: folder / name for name, path in _own_names(files).items()}
    fillings = [replace(filling, template=names[filling.template]) for filling in files[3]]
    return folder / "map", folder / "devices", files[2], fillings


def _own_names(files: Files) -> dict[str, Path]:
    templates = dict.fromkeys(filling.template for filling in files[3])
    numbered = {f"template-{number}": path for number, path in enumerate(templates, start=1)}
    return {"map": files[0], "devices": files[1], **numbered}


def read_map(
    map_path: Path,
    devices_path: Path,
    of_site: Mapping[str, str] | None = None,
    fillings: Sequence[Filling] = (),
) -> TagMap:
    """Read a map that has no errors but those of lanes without AUTO. `of_site`: its `[tags.protocols]`.

    Raises TagMapError with all errors.
    """
    tag_map, findings = examine(map_path, devices_path, of_site, fillings)
    errors = [finding for finding in findings if finding.severity == ERROR and finding.code != OF_A_LANE]
    if errors:
        raise TagMapError(errors)
    return tag_map


def lint(
    map_path: Path,
    devices_path: Path,
    of_site: Mapping[str, str] | None = None,
    fillings: Sequence[Filling] = (),
) -> list[Finding]:
    """Say everything that is wrong or doubtful, in the order of the rows; never raises for the file's content."""
    return examine(map_path, devices_path, of_site, fillings)[1]


def examine(
    map_path: Path,
    devices_path: Path,
    of_site: Mapping[str, str] | None = None,
    fillings: Sequence[Filling] = (),
) -> tuple[TagMap, list[Finding]]:
    """Read what can be read, and say what is wrong with the rest."""
    sheets, findings = tag_sheets(map_path, fillings)
    try:
        device_sheet = read_sheet(devices_path, "protocol")
    except SheetError as bad:
        return TagMap((), {}), [*findings, _unreadable(devices_path, bad)]
    devices, device_findings = read_devices(device_sheet, protocols(of_site))
    tags, derived, tag_findings = _tags(sheets, devices)
    rows = named(sheets)
    findings += [*device_findings, *tag_findings, *check_rows(rows, devices), *check_tags(tags, devices)]
    findings += check_formulas(derived, (row.name for row in rows), devices)
    no_auto = {name: lane.why_no_auto for name, lane in lanes_of(rows, devices).items() if lane.why_no_auto}
    findings.sort(key=lambda finding: (finding.file, finding.row))
    return TagMap(tuple(tags), devices, no_auto, tuple(derived)), findings


def tag_sheets(map_path: Path, fillings: Iterable[Filling]) -> tuple[list[Sheet], list[Finding]]:
    """Read a map, and each lane's template filled in for it."""
    sheets, findings, templates = [], list[Finding](), dict[Path, Sheet | None]()
    for path, filling in ((map_path, None), *((filling.template, filling) for filling in fillings)):
        if path not in templates:
            templates[path], wrong = _table(path)
            findings += wrong
        sheet = templates[path]
        if sheet is None:
            continue
        if filling is not None:
            sheet, wrong = fill(sheet, filling)
            findings += wrong
        sheets.append(sheet)
    return sheets, findings


def _table(path: Path) -> tuple[Sheet | None, list[Finding]]:
    try:
        sheet = read_sheet(path)
    except SheetError as bad:
        return None, [_unreadable(path, bad)]
    return sheet, [*check_heads(sheet, COLUMNS, NEEDED), *check_cells(sheet)]


def _unreadable(path: Path, bad: SheetError) -> Finding:
    text = str(bad).removeprefix(f"{path}: ")
    return Finding(ERROR, "E00", str(path), 1, "", text, "see that the path is right, and save it as CSV or xlsx")


def _tags(
    sheets: Iterable[Sheet], devices: Mapping[str, Device]
) -> tuple[list[MappedTag], list[DerivedTag], list[Finding]]:
    tags: list[MappedTag] = []
    derived: list[DerivedTag] = []
    findings: list[Finding] = []
    for sheet in sheets:
        if not all(column in sheet.columns for column in NEEDED):
            continue
        for row in sheet.rows:
            tag, wrong = read_derived(row, sheet) if is_derived(row) else read_row(row, sheet, devices)
            findings += wrong
            if isinstance(tag, MappedTag):
                tags.append(tag)
            elif tag is not None:
                derived.append(tag)
    return tags, derived, findings
