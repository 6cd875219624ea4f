"""A site of its own for a drill or a test: the shipped configuration on free ports, with its own data folder."""

import csv
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import cast
from urllib.parse import urlsplit

import tomli_w

from scada.sim.trial.ports import HOST, free_ports
from scada.sim.trial.shape import Section, Shape, reshaped

LONGEST_SOCKET_PATH = 107
"""What a Unix socket's address holds."""

AS_IT_IS: Mapping[str, int] = MappingProxyType({})
Ports = Callable[[int], Sequence[int]]


def prepare(
    folder: Path,
    base: Path,
    ports: Ports = free_ports,
    *,
    shape: Shape = Shape.SHIPPED,
    tariff: Mapping[str, int] = AS_IT_IS,
    timing: Mapping[str, float] = AS_IT_IS,
    all_ways_to_pay: bool = False,
    database: Path | None = None,
) -> Path:
    """Write `config.toml` and `devices.csv` into `folder`, derived from `base`; give the configuration's path.

    `shape`: which lanes it has. `tariff` and `timing` (of every lane): what differs from the base's.
    `all_ways_to_pay`: WeChat deducts fees, and every exit has a scanner. The base's own database is never touched: the
    tables are a file in `folder`, or where the URL in the file `database` leads.
    Raises ValueError if the folder's path is too long for Unix sockets.
    """
    if len(str(folder.resolve() / "data" / "run" / "control.sock")) > LONGEST_SOCKET_PATH:
        raise ValueError(f"{folder}: too long a path for Unix sockets; take a shorter one")
    folder.mkdir(parents=True, exist_ok=True)
    content = tomllib.loads(base.read_text(encoding="utf-8"))
    tag_map = base.resolve().parent / _text(content, "tags", "map")
    devices: Sequence[dict[str, str]] = read_rows(base.resolve().parent / _text(content, "tags", "devices"))
    if shape is not Shape.SHIPPED:
        tags, devices = reshaped(shape, content, read_rows(tag_map), devices)
        tag_map = folder / "tags.csv"
        write_rows(tag_map, tags)
    field_ports = cast("dict[str, int]", _section(content, "sim")["field_ports"])
    speaks_rtsp = "rtsp_port" in _section(content, "sim")
    if all_ways_to_pay:
        _add_ways_to_pay(content)
    scanners = cast("list[Section]", content.get("scanners", []))
    given = iter(ports(5 + len(devices) + len(field_ports) + speaks_rtsp + len(scanners)))
    for scanner in scanners:
        scanner["source"] = f"tcp://{HOST}:{next(given)}"
    _move_web(content, given)
    _move_sims(content, base, given)
    for device in devices:
        device["port"] = str(next(given))
    write_rows(folder / "devices.csv", devices)
    _write_tariffs(content, base, folder / "tariffs", tariff)
    for lane in cast("list[Section]", content["lanes"]):
        lane["timing"] = {**cast("Section", lane.get("timing", {})), **timing}
    _section(content, "tags").update(map=str(tag_map), devices=str(folder / "devices.csv"))
    _section(content, "site")["data"] = str(folder / "data")
    content.pop("database", None)
    if database is not None:
        content["database"] = {"url_file": str(database.resolve())}
    target = folder / "config.toml"
    target.write_text(tomli_w.dumps(content), encoding="utf-8")
    return target


def _add_ways_to_pay(content: Section) -> None:
    exits = [lane["name"] for lane in cast("list[Section]", content["lanes"]) if lane["direction"] != "entry"]
    content["scanners"] = [{"lane": name, "source": ""} for name in exits]
    _section(content, "wechat")["parking"] = {"enabled": True}


def _write_tariffs(content: Section, base: Path, folder: Path, terms: Mapping[str, int]) -> None:
    """Write the tariff files of the base with other terms."""
    folder.mkdir(exist_ok=True)
    for file in (base.resolve().parent / _text(content, "tariff", "folder")).glob("*.toml"):
        own = {**tomllib.loads(file.read_text(encoding="utf-8")), **terms}
        (folder / file.name).write_text(tomli_w.dumps(own), encoding="utf-8")
    _section(content, "tariff")["folder"] = str(folder)


def _section(content: Section, *names: str) -> Section:
    for name in names:
        content = cast("Section", content[name])
    return content


def _text(content: Section, section: str, key: str) -> str:
    return str(_section(content, section)[key])


def _move_web(content: Section, ports: Iterator[int]) -> None:
    for name in ("control", "public", "devices"):
        _section(content, "web", name)["port"] = next(ports)
    public = _section(content, "web", "public")
    public["url"] = f"http://localhost:{public['port']}"
    notify = urlsplit(_text(content, "wechat", "notify_url"))
    _section(content, "wechat")["notify_url"] = f"http://{HOST}:{public['port']}{notify.path}"


def _move_sims(content: Section, base: Path, ports: Iterator[int]) -> None:
    sim = _section(content, "sim")
    sim["feed_port"], sim["wechat_port"] = next(ports), next(ports)
    sim["field_ports"] = {device: next(ports) for device in cast("dict[str, int]", sim["field_ports"])}
    if "rtsp_port" in sim:
        sim["rtsp_port"] = next(ports)
    if "photos" in sim:
        sim["photos"] = str((base.resolve().parent / str(sim["photos"])).resolve())
    bank = f"http://{HOST}:{sim['wechat_port']}"
    _section(content, "wechat")["base_url"] = bank
    if "phones" in content:
        _section(content, "phones").update(oauth_url=bank, api_url=bank)
    for camera in cast("list[Section]", content["cameras"]):
        source = urlsplit(str(camera["source"]))
        if source.scheme == "rtsp" and "rtsp_port" in sim:
            camera["source"] = f"rtsp://{HOST}:{sim['rtsp_port']}{source.path}"
        elif source.scheme:
            camera["source"] = f"http://{HOST}:{sim['feed_port']}{source.path}"


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV table by its head."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """Write a CSV table with its head."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
