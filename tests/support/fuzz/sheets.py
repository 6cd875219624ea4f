"""Files that people bring: tag maps in all their forms, lists of plates and bookings, counted lists, config.toml."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from billing.bookings import sheet as bookings
from billing.plates import sheet as plates
from hmi.control.counted import read as read_counted
from hmi.sheets import SheetError, as_xlsx, read_table
from plc.map.files import kepware, telegraf
from plc.map.files.grid import GridError
from plc.map.files.text import decoded
from plc.map.sheet import as_sheet, read_grid
from plc.tagmap import examine
from scada.config import ConfigError, load
from scada.model.names import ZoneName
from scada.model.zones import Zone, Zones
from tests.support.fuzz.change import by_zip, plain
from tests.support.fuzz.target import Prepared, Target
from tests.support.house import ROOT

ZONE = ZoneInfo("Asia/Shanghai")
MAP = b"\n".join((ROOT / "plc" / "sim" / "tags.csv").read_bytes().split(b"\n")[:14]) + b"\n"
DEVICES = (ROOT / "plc" / "sim" / "devices.csv").read_bytes()
FORMULA = MAP + b"in1.sum,formula,=if(in1.gate.up and not in1.beam then 1 else 2),f64,,,ro,fast,,,,,,,,,,,,,,\n"
TERMS = plates.Terms(Zones((Zone(ZoneName("site")),)), ZONE, datetime(2026, 3, 1, tzinfo=UTC))


def _workbook(text: bytes) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in text.decode().splitlines():
        sheet.append([float(cell) if cell.isdigit() else cell for cell in line.split(",")])
    sheet.append([datetime(2026, 3, 1, 8), True, 1.5, "=A1"])  # noqa: DTZ001 - as sheets have it
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _maps(folder: Path) -> Prepared:
    tags, devices = folder / "tags", folder / "devices"

    def take(data: bytes) -> object:
        first, _, second = data.partition(b"\n\n\n")
        tags.write_bytes(first)
        devices.write_bytes(second or DEVICES)
        made, findings = examine(tags, devices)
        return f"{len(made.tags) > 0} {sorted({one.code for one in findings})[:4]}"

    seeds = [MAP, FORMULA, MAP.decode().encode("utf-16"), MAP + b"\n\n\n" + DEVICES]
    words = (
        b"HR0",
        b"IR65535",
        b"ns=2;s=",
        b"formula",
        b"bool",
        b"string:9",
        b"f64",
        b"DCBA",
        b"1e400",
        b"out1.",
        b"**",
    )
    return Prepared(take, seeds, tokens=words)


def _map_books(_folder: Path) -> Prepared:
    def take(data: bytes) -> object:
        return len(as_sheet(Path("map"), read_grid(data, "tag")).rows) > 0

    words = (b' t="s"', b' t="d"', b' s="1"', b"<v>", b"</v>", b"<c", b' r="XFD1048576"', b"<row>", b"&lt;", b"<f>")
    return Prepared(take, [_workbook(MAP[:700])], (GridError,), words, (by_zip, by_zip, plain))


def _foreign(folder: Path) -> Prepared:
    """Files of other programs; what is converted is looked through like any map."""
    tags = folder / "tags"
    modbus = (
        b'[[inputs.modbus]]\nname = "p"\nslave_id = 1\ncontroller = "tcp://127.0.0.1:502"\n'
        b'holding_registers = [{name = "in1.a", byte_order = "AB", data_type = "INT16", scale = 1.0, address = [0]}]\n'
        b'[[inputs.modbus.request]]\nslave_id = 1\nregister = "holding"\n'
        b'fields = [{address=3, name="x", type="INT16"}]\n'
        b'[[inputs.opcua]]\nname = "u"\nendpoint = "opc.tcp://127.0.0.1:4840"\n'
        b'nodes = [{name="t", namespace="2", identifier_type="s", identifier="X"}]\n'
    )
    heads = ",".join(f'"{head}"' for head in kepware.HEADS)
    kep = f'{heads}\n"In1.LoopSafety","400001.3",Boolean,1,RO,100,Linear,0,10,0,100,Double,1,1,,,1\n'.encode()

    def take(data: bytes) -> object:
        if b"inputs" in data:
            taken = telegraf.take(decoded(data), "in1")
        else:
            sheet = as_sheet(tags, read_grid(data, "tag name"))
            if not kepware.is_kepware(sheet):
                return None
            taken = kepware.take(sheet, "plc1", "in1", 1)
        return f"{min(len(taken.tags), 3)} {min(len(taken.notes), 3)}"

    words = (b"address = [", b"data_type", b'"FLOAT64"', b"register = ", b"400001", b"400001.16H", b"String", b"1e999")
    return Prepared(take, [modbus, kep], (GridError,), words)


def _tables(_folder: Path) -> Prepared:
    rows = [
        ["京A12345", "month", "", "2026-03-01", "2026-04-01"],
        ["京A12346", "white", "site", "2026-03-01T08:00", ""],
    ]
    book = as_xlsx("plates", ["plate", "kind", "zone", "from", "until"], rows)
    csv = b"plate,kind,from,until\n\xe4\xba\xacA12345,month,2026-03-01,2026-04-01\n"

    def take(data: bytes) -> object:
        return len(read_table(data)) > 1

    return Prepared(take, [book, csv], (SheetError,), (b"<c", b' t="n"', b"<f>", b"<v>"), (by_zip, plain))


def _columns(faults: Sequence[plates.Fault]) -> list[str]:
    known = {*plates.COLUMNS, *bookings.COLUMNS}
    return sorted({fault.column for fault in faults if fault.column in known})[:3]


def _plates(_folder: Path) -> Prepared:
    seed = "plate,kind,zone,from,until,card,spaces,note\n京A12345,month,site,2026-03-01,2026-04-01,C1,2,n\n"

    def take(data: bytes) -> object:
        text = data.decode("utf-8", "replace")
        sheet = plates.read_file(text, TERMS)
        shown = [plates.cells_of(line.entry, ZONE) for line in sheet.lines]
        return f"{len(shown) > 0} {_columns(sheet.faults)}"

    return Prepared(take, [seed.encode()], tokens=(b"2026-03-01T08:00", b"9999-12-31", b"month", b"locked", b"+14:00"))


def _bookings(_folder: Path) -> Prepared:
    seed = "host,plate,from,to,pays,entries,note\nh,京A12345,2026-03-01 08:00,2026-03-02,minutes:120,any,n\n"

    def take(data: bytes) -> object:
        sheet = bookings.read_file(data.decode("utf-8", "replace"), ZONE)
        return f"{len(sheet.lines) > 0} {_columns(sheet.faults)}"

    return Prepared(take, [seed.encode()], tokens=(b"0001-01-01", b"9999-12-31", b"24:00", b"money:", b"any"))


def _counted(_folder: Path) -> Prepared:
    book = as_xlsx("inside", ["plate"], [["京A12345"], ["京A12346"]])

    def take(data: bytes) -> object:
        told = read_counted(data)
        return f"{len(told.plates)} {len(told.faults) > 0}"

    return Prepared(take, [book, "车牌\n京A12345\n".encode()], manners=(by_zip, plain))


def _config(folder: Path) -> Prepared:
    path = folder / "config.toml"

    def take(data: bytes) -> object:
        path.write_bytes(data)
        return load(path).site.id

    shipped = (ROOT / "config.toml").read_bytes()
    return Prepared(
        take, [shipped], (ConfigError,), (b"[[lanes]]", b"[oidc]", b"[ldap]", b"zone = ", b"= [", b"1979-05-27")
    )


TARGETS = (
    Target("tag-map", "a tag map and its devices as text, looked through", _maps),
    Target("tag-map-xlsx", "a tag map as a workbook", _map_books),
    Target("tag-map-foreign", "tag maps of Telegraf and Kepware", _foreign),
    Target("sheet", "a sheet brought in the control room", _tables),
    Target("plate-list", "a list of rights", _plates),
    Target("booking-list", "a list of announced visitors", _bookings),
    Target("counted-list", "a counted list of a stocktake", _counted),
    Target("config", "config.toml", _config),
)
