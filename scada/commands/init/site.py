"""The files of a site: what stands in each, as text. Nothing is written here."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Final

from scada import shipped
from scada.commands.init.answers import Answers, AnswersError, LaneSaid, WebSaid, WeChatSaid

CONFIG: Final = "config.toml"
"""It goes last: a folder without it is no site."""
LANES, DEVICES = "tags.csv", "devices.csv"
_OF_PROTOCOL: Final = {"modbus-tcp": ("in1", "lane-modbus.csv"), "opcua": ("out1", "lane-opcua.csv")}
"""Which lane of the shipped map a template is made of, and the template's file."""
_WECHAT: Final = {
    "merchant_certificate_file": "wechat/merchant_cert.pem",
    "private_key_file": "wechat/merchant_key.pem",
    "apiv3_key_file": "wechat/apiv3_key.txt",
    "public_key_file": "wechat/platform_public_key.pem",
    "public_key_id_file": "wechat/platform_public_key_id.txt",
}
_TEMPLATE: Final = Path(__file__).with_name("template.toml")
_NO_CAMERAS: Final = "none yet: every plate is typed by a person (docs/cameras.md)"
_LATER: Final = WeChatSaid(
    mchid="00000000",
    appid="wx00000000",
    merchant_certificate_file=Path(),
    private_key_file=Path(),
    apiv3_key_file=Path(),
    public_key_file=Path(),
    public_key_id_file=Path(),
)
_REGISTER: Final = re.compile(r"^(HR|IR|C|DI)(\d+)(.*)$")


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """A site to be laid down: texts of its folder by name, and secrets of the data folder by name."""

    data: Path
    texts: Mapping[str, str]
    secrets: Mapping[str, Path] = field(default_factory=dict)


def real(said: Answers, folder: Path) -> SiteFiles:
    """Write a site with real gates. Raises AnswersError."""
    texts = {
        LANES: _header(_of_map()),
        DEVICES: _devices(said),
        "tariffs/first.toml": _tariff(said),
        **{_OF_PROTOCOL[name][1]: _template(name) for name in sorted({lane.plc.protocol for lane in said.lanes})},
        CONFIG: _config(said),
    }
    data = folder / said.data
    return SiteFiles(data, {**texts, **installed(folder, data, said.backups, said.web)}, dict(_secrets(said)))


def virtual(folder: Path, data: Path, backups: Path, port: int) -> SiteFiles:
    """Write the demo site: the shipped configuration at ports of its own."""
    ports = {8080 + step: port + step for step in (0, 1, 2, 11, 12, 13, 14)}
    own = {"5020": str(port + 15), "4840": str(port + 16)}
    text = re.sub(
        r"(?m)^(?!#).*$",
        lambda line: re.sub(r"\b80\d\d\b", lambda p: str(ports.get(int(p[0]), p[0])), line[0]),
        _shipped(),
    )
    for old, new in (
        ('# data = "/var/lib/daozha"           # default: the user\'s state directory', f"data = {_quoted(data)}"),
        ('map = "plc/sim/tags.csv"', f'map = "{LANES}"'),
        ('devices = "plc/sim/devices.csv"', f'devices = "{DEVICES}"'),
        ('folder = "billing/tariffs"', 'folder = "tariffs"'),
        ("# [backup]                           # docs/backup.md", f"[backup]\nfolder = {_quoted(backups)}"),
    ):
        if old not in text:
            raise AnswersError(f"the shipped configuration no longer holds {old!r}")
        text = text.replace(old, new, 1)
    text = re.sub(r"(?m)^photos = .*\n", "", text)
    devices = _sim("devices.csv")
    for old, new in own.items():
        devices = devices.replace(f",{old},", f",{new},")
    texts = {LANES: _sim("tags.csv"), DEVICES: devices, "tariffs/demo-1.toml": _demo_tariff(), CONFIG: text}
    units = installed(folder, data, str(backups), WebSaid(port=port), " --with-sim")
    return SiteFiles(data, {**units, **texts})


def installed(folder: Path, data: Path, backups: str, web: WebSaid, more: str = "") -> dict[str, str]:
    """Give the shipped units and the proxy's configuration, with this site's folders and names.

    `more`: what `daozha run` is told beside its configuration.
    """
    files = sorted(file for file in shipped.INSTALL.iterdir() if file.suffix in (".service", ".timer", ".conf"))
    told = {f"install/{file.name}": file.read_text(encoding="utf-8") for file in files}
    return {name: _with_names(text, folder, data, backups, web, more) for name, text in told.items()}


def _with_names(text: str, folder: Path, data: Path, backups: str, web: WebSaid, more: str) -> str:
    allowed = "".join(f"        allow {network};\n" for network in web.networks)
    text = re.sub(r"(?m)(?:^ +allow [^;]+;\n)+", lambda _all: allowed, text)
    if not data.is_relative_to("/var/lib/daozha"):
        text = text.replace("StateDirectory=daozha\n", f"ReadWritePaths={data}\nStateDirectory=daozha\n")
        text = text.replace("ReadWritePaths=/var/lib/daozha ", f"ReadWritePaths={data} ")
    for old, new in (
        ("daozha run --config /etc/daozha/config.toml", f"daozha run --config /etc/daozha/config.toml{more}"),
        ("/etc/daozha/", f"{folder}/"),
        ("/var/backups/daozha", backups),
        ("/opt/daozha/current/bin/daozha", str(_program())),
        ("control.example.com", web.control),
        ("park.example.com", web.drivers),
        ("127.0.0.1:8080", f"127.0.0.1:{web.port}"),
        ("127.0.0.1:8081", f"127.0.0.1:{web.port + 1}"),
    ):
        text = text.replace(old, new)
    return text


def _program() -> Path:
    """Say where the program is: behind the link that an upgrade moves, if it is one of the versions side by side."""
    here = Path(sys.prefix)
    return (here.parents[1] / "current" if here.parent.name == "versions" else here) / "bin" / "daozha"


def _config(said: Answers) -> str:
    site, web = said.site, said.web
    has_camera = any(lane.camera for lane in said.lanes)
    quoted = {
        **{"id": site.id, "name": site.name, "name_en": site.name_en, "zone": site.zone, "data": said.data},
        **{"control": web.control, "control_url": f"https://{web.control}", "lanes_address": web.lanes_address},
        **{"drivers": web.drivers, "drivers_url": f"https://{web.drivers}", "map": LANES, "devices": DEVICES},
        **{"notify_url": f"https://{web.drivers}/wechat/notice/pay", "backups": said.backups},
    }
    ports = {"control_port": web.port, "public_port": web.port + 1, "devices_port": web.port + 2}
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        {name: _quoted(value) for name, value in quoted.items()},
        **ports,
        shipped=shipped.CONFIG,
        spaces=site.spaces,
        no_cameras="" if has_camera else f"\ncameras = []                         # {_NO_CAMERAS}\n",
        lane_tags="\n".join(_lane_tags(lane) for lane in said.lanes),
        lanes="".join([*map(_lane, said.lanes), *(_camera(lane) for lane in said.lanes if lane.camera)]),
        wechat="\n".join(_wechat(said)),
        stores="".join(_stores(said)),
    )


def _lane_tags(lane: LaneSaid) -> str:
    plc = lane.plc
    values: dict[str, object] = {"device": _device(lane)}
    if plc.protocol == "opcua":
        values |= {"ns": plc.namespace, "node": plc.node or lane.name.capitalize()}
    else:
        values |= {"base": plc.base, "coils": plc.coils}
    told = ", ".join(f"{name} = {_quoted(one) if isinstance(one, str) else one}" for name, one in values.items())
    template = _quoted(_OF_PROTOCOL[plc.protocol][1])
    return f"[[tags.lanes]]\nlane = {_quoted(lane.name)}\ntemplate = {template}\nvalues = {{ {told} }}"


def _lane(lane: LaneSaid) -> str:
    told = {"name": lane.name, "direction": lane.direction, "title": lane.title, "title_en": lane.title_en}
    return _table("[[lanes]]", told)


def _camera(lane: LaneSaid) -> str:
    told = {"name": f"cam-{lane.name}", "lane": lane.name, "source": lane.camera}
    told |= {"user": lane.camera_user} if lane.camera_user else {}
    told |= {"password_file": _camera_secret(lane)} if lane.camera_password_file else {}
    return _table("[[cameras]]", told)


def _wechat(said: Answers) -> Iterator[str]:
    account = said.wechat or _LATER
    if said.wechat is None:
        yield "# Not set up yet: write merchant number and appid, and put the files into the data folder, mode 0600."
    yield f"mchid = {_quoted(account.mchid)}\nappid = {_quoted(account.appid)}"
    for key, place in _WECHAT.items():
        if getattr(account, key) is not None:
            yield f"{key} = {_quoted(place)}"


def _stores(said: Answers) -> Iterator[str]:
    if said.database_url_file is not None:
        yield '[database]                           # docs/database.md\nurl_file = "database_url.txt"\n\n'
    if said.influx is not None:
        influx = said.influx
        told = {"url": influx.url, "bucket": influx.bucket, "org": influx.org}
        told |= {"token_file": "influx_token.txt"} if influx.token_file is not None else {}
        yield f"{_table('[history.influx]                     # docs/history.md', told)}\n"


def _table(head: str, told: Mapping[str, str]) -> str:
    rows = "".join(f"{key} = {_quoted(value)}\n" for key, value in told.items())
    return f"\n{head}\n{rows}"


def _secrets(said: Answers) -> Iterator[tuple[str, Path]]:
    for key, place in _WECHAT.items():
        source: Path | None = getattr(said.wechat, key, None)
        if source is not None:
            yield place, source
    if said.database_url_file is not None:
        yield "database_url.txt", said.database_url_file
    if said.influx is not None and said.influx.token_file is not None:
        yield "influx_token.txt", said.influx.token_file
    for lane in said.lanes:
        if lane.camera_password_file is not None:
            yield _camera_secret(lane), lane.camera_password_file


def _camera_secret(lane: LaneSaid) -> str:
    return f"keys/cam-{lane.name}"


def _device(lane: LaneSaid) -> str:
    return f"plc-{lane.name}"


def _devices(said: Answers) -> str:
    header, *rows = csv.reader(io.StringIO(_sim("devices.csv")))
    shipped_of = {row[header.index("protocol")]: dict(zip(header, row, strict=True)) for row in rows}
    told = [header]
    for lane in said.lanes:
        plc = lane.plc
        own = {"device": _device(lane), "host": plc.host, "port": str(plc.port)}
        own |= {"unit": str(plc.unit)} if plc.protocol == "modbus-tcp" else {}
        cells = shipped_of[plc.protocol] | own
        told.append([cells[name] for name in header])
    return _csv(told)


def _template(protocol: str) -> str:
    """Make a lane's template of the lane in the shipped map that speaks this protocol."""
    lane, _file = _OF_PROTOCOL[protocol]
    header, *rows = _of_map()
    place = {name: number for number, name in enumerate(header)}
    told = [header]
    for row in (row for row in rows if row[0].startswith(f"{lane}.")):
        cells = list(row)
        cells[place["tag"]] = f"{{lane}}{row[0].removeprefix(lane)}"
        cells[place["device"]] = "{device}"
        cells[place["address"]] = _moved(row[place["address"]], lane)
        told.append(cells)
    return _csv(told)


def _moved(address: str, lane: str) -> str:
    if found := _REGISTER.match(address):
        area, number, rest = found.groups()
        return f"{area}{{{'base' if area in ('HR', 'IR') else 'coils'}+{number}}}{rest}"
    return re.sub(rf"^ns=\d+;s={lane.capitalize()}\.", "ns={ns};s={node}.", address)


def _tariff(said: Answers) -> str:
    """Give the demo's prices as a draft: no longer a demo's, so that two people have to sign it."""
    text = _demo_tariff()
    for old, new in (
        (
            "# The tariff of the demo car park:",
            "# A draft: write your own prices, then two people sign it. As it stands:",
        ),
        ('name = "demo"', f"name = {_quoted(said.site.id)}"),
        ('version = "demo-1"', f"version = {_quoted(f'{said.site.id}-1')}"),
        ('title = "道闸示范停车场"', f"title = {_quoted(said.site.name)}"),
        ('title_en = "Daozha demo car park"', f"title_en = {_quoted(said.site.name_en)}"),
        ("demo = true                          # needs no signatures, and is good for a virtual site only\n", ""),
    ):
        if old not in text:
            raise AnswersError(f"the shipped tariff no longer holds {old!r}")
        text = text.replace(old, new, 1)
    return text


def _shipped() -> str:
    return shipped.CONFIG.read_text(encoding="utf-8")


def _sim(name: str) -> str:
    return (shipped.PACKAGES / "plc" / "sim" / name).read_text(encoding="utf-8")


def _demo_tariff() -> str:
    return (shipped.PACKAGES / "billing" / "tariffs" / "demo-1.toml").read_text(encoding="utf-8")


def _of_map() -> list[list[str]]:
    return list(csv.reader(io.StringIO(_sim("tags.csv"))))


def _header(rows: list[list[str]]) -> str:
    return _csv(rows[:1])


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _quoted(text: object) -> str:
    """Write a text as TOML does; JSON's strings are TOML's."""
    return json.dumps(str(text), ensure_ascii=False)
