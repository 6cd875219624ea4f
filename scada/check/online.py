"""`daozha check --online`: reach every PLC, camera and service that the configuration names, each within a limit."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import make_url

from plc import tagmap
from plc.transport.link import NeedsPerson
from plc.ua.client import probe
from plc.ua.keys import KeyFolder
from scada.check.database import KEY, Unfit, fitness
from scada.check.mistakes import Mistake
from scada.check.reaching import greet
from scada.clock import clock_from
from scada.config import Config
from scada.engine.reporting.mail import NotSent, reach
from scada.model.tomllines import key_lines, key_text, line_of
from scada.ports import PlcError
from scada.secretfile import read_secret
from scada.settings.cameras import Camera
from scada.settings.identity import Ldap
from scada.settings.reports import Mail
from scada.settings.stores import Influx
from scada.store.db import StoreError, database_url, place
from scada.store.people.elsewhere import DirectoryError

LIMIT_S = 3.0
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Target:
    """Something on the network: `key` is where the configuration names it, `try_it` says what answered."""

    name: str
    file: Path
    line: int | None
    key: str
    where: str
    remedy: str
    try_it: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Reached:
    """A target that answered, and what it said."""

    name: str
    where: str
    answer: str


def reach_all(config: Config, file: Path) -> tuple[list[Reached], list[Mistake]]:
    """Try every target at the same time."""
    found = [*_devices(config, file), *_cameras(config, file), *_services(config, file), *_plants(config, file)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = list(pool.map(_reach, found))
    reached = [one for one in results if isinstance(one, Reached)]
    return reached, [one for one in results if isinstance(one, Mistake)]


def _reach(target: Target) -> Reached | Mistake:
    try:
        return Reached(target.name, target.where, target.try_it())
    except NeedsPerson as error:
        return Mistake(target.file, target.line, target.key, str(error), "see Certificates in docs/plc/README.md")
    except Unfit as error:
        return Mistake(target.file, target.line, target.key, f"{target.name} at {target.where}: {error}", target.remedy)
    except (OSError, HTTPException, PlcError, StoreError) as error:
        what = f"{target.name} at {target.where} does not answer: {error or type(error).__name__}"
        return Mistake(target.file, target.line, target.key, what, target.remedy)


def _devices(config: Config, file: Path) -> Iterable[Target]:
    table = file.parent / config.tags.devices
    tag_map = tagmap.read_map(file.parent / config.tags.map, table, config.tags.protocols)
    rows = table.read_text(encoding="utf-8", errors="replace").splitlines()
    for device in tag_map.devices.values():
        line = next((n for n, row in enumerate(rows, start=1) if row.startswith(f"{device.name},")), None)
        for columns, where, try_it in ways_to(device, config.data):
            yield Target(
                f"PLC {device.name}",
                table,
                line,
                f"{device.name}: {columns}",
                where,
                "is it on, and are cable, address and firewall right? Virtual: daozha sim",
                try_it,
            )


def ways_to(device: tagmap.Device, data: Path) -> Iterable[tuple[str, str, Callable[[], str]]]:
    """Give every way to a device: the columns that name it, where it leads, and how it is tried."""
    if device.simulated:
        return
    if device.serial:
        port = device.serial.partition(",")[0]
        yield "serial", port, partial(_find_port, Path(port))
        return
    for columns, way in zip(("host, port", "host2, port2"), device.ways, strict=False):
        yield columns, f"{way.host}:{way.port}", partial(_try_device, way, data)


def _cameras(config: Config, file: Path) -> Iterable[Target]:
    lines = key_lines(file.read_text(encoding="utf-8"))
    for number, camera in enumerate(config.cameras):
        if "://" in camera.source:
            path = ("cameras", number, "source")
            remedy = "see docs/cameras.md; is it on, and are address, user and password right? Virtual: daozha sim"
            where, look = _shown(urlsplit(camera.source)), partial(_look, camera, config)
            yield Target(f"camera {camera.name}", file, line_of(lines, path), key_text(path), where, remedy, look)


def _services(config: Config, file: Path) -> Iterable[Target]:
    yield _web_target(
        file, ("wechat", "base_url"), "WeChat Pay", config.wechat.base_url, "does this machine reach the Internet?"
    )
    if config.database.url_file is not None:
        yield _database(config, file)
    influx = config.history.influx
    if influx is not None:
        yield _history(config, influx, file)
    if config.mail is not None:
        yield _mail(config, config.mail, file)
    if config.ldap is not None:
        yield _directory(config, config.ldap, file)


def _plants(config: Config, file: Path) -> Iterable[Target]:
    lines = key_lines(file.read_text(encoding="utf-8"))
    for number, plant in enumerate(config.plants):
        path = ("plants", number, "address")
        remedy = "is the plant on, is [rooms] in its configuration, is the firewall open? see docs/sites.md"
        line, key, try_it = line_of(lines, path), key_text(path), partial(greet, config, plant)
        yield Target(f"plant {plant.name}", file, line, key, plant.address, remedy, try_it)


def _mail(config: Config, mail: Mail, file: Path) -> Target:
    remedy = "look at host, port, tls, user and password_file of [mail]; is outgoing mail let through?"
    line, where = line_of(key_lines(file.read_text(encoding="utf-8")), ("mail", "host")), f"{mail.host}:{mail.port}"
    return Target("mail server", file, line, "mail.host", where, remedy, partial(_try_mail, config, mail))


def _directory(config: Config, ldap: Ldap, file: Path) -> Target:
    remedy = "look at url and ca_file of [ldap]: is its port let through, and whose certificate does it show?"
    line = line_of(key_lines(file.read_text(encoding="utf-8")), ("ldap", "url"))
    return Target("directory", file, line, "ldap.url", ldap.url, remedy, partial(_try_directory, config))


def _try_directory(config: Config) -> str:
    """Go there over TLS, as a sign-in would; nobody binds, for no password of it is ours."""
    from scada.store.people.directory import directory_of  # only here: few sites have one

    try:
        return directory_of(config).reach()
    except DirectoryError as error:
        raise Unfit(str(error)) from error


def _try_mail(config: Config, mail: Mail) -> str:
    """Go there as a report would, and sign in; nothing is sent."""
    try:
        return reach(mail, None if mail.password_file is None else read_secret(config.secret(mail.password_file)))
    except NotSent as error:
        raise Unfit(str(error)) from error


def _database(config: Config, file: Path) -> Target:
    line, url = line_of(key_lines(file.read_text(encoding="utf-8")), KEY), database_url(config)
    remedy = "see docs/database.md; is it running? systemctl status postgresql"
    return Target("PostgreSQL", file, line, key_text(KEY), place(make_url(url)), remedy, partial(fitness, url))


def _history(config: Config, influx: Influx, file: Path) -> Target:
    key = ("history", "influx", "url")
    line = line_of(key_lines(file.read_text(encoding="utf-8")), key)
    remedy = "is it running, are token and bucket right? daozha history check tries all that is needed"
    where = _shown(urlsplit(influx.url))
    return Target("history server", file, line, key_text(key), where, remedy, partial(_try_history, config, influx))


def _try_history(config: Config, influx: Influx) -> str:
    """Ask the server for its tags, as the plant would, and say what waits for it on disk."""
    from scada.store.historian import keeping_of
    from scada.store.historian.remote.trial.probe import probe  # only here: it takes half a second

    token = None if influx.token_file is None else config.secret(influx.token_file)
    queue, keeping = config.data / "history" / "queue.db", keeping_of(config.history)
    return probe(influx, token, config.site_id, queue, clock_from().now(), keeping)


def _web_target(
    file: Path, path: tuple[str | int, ...], name: str, url: str, remedy: str, *, expect: Sequence[int] = ()
) -> Target:
    line = line_of(key_lines(file.read_text(encoding="utf-8")), path)
    address = urlsplit(url)
    return Target(name, file, line, key_text(path), _shown(address), remedy, partial(_ask, address, expect))


def _shown(address: SplitResult) -> str:
    """Write an address without what may be secret in it."""
    return f"{address.scheme}://{address.hostname}{f':{address.port}' if address.port else ''}{address.path}"


def _look(camera: Camera, config: Config) -> str:
    """Look through a camera as the plant would."""
    from lpr.probe import probe  # only here: where OpenCV does not load, all else is still checked
    from lpr.source import SourceError

    password = None if camera.password_file is None else config.secret(camera.password_file)
    try:
        return probe(camera.source, camera.user, password, camera.transport)
    except SourceError as error:
        raise OSError(str(error)) from error


def _try_device(device: tagmap.Device, data: Path) -> str:
    """Connect as the plant would where that can be refused; a device without security answers at its door."""
    if device.protocol.name != "opcua":
        return _connect(device.host, device.port)
    return asyncio.run(probe(device, KeyFolder(data), clock_from().now()))


def _find_port(port: Path) -> str:
    """See that a serial port is there; who answers on the line, only the plant asks."""
    if not port.is_char_device():
        raise FileNotFoundError(f"there is no serial port {port}")
    return "the port is there"


def _connect(host: str, port: int) -> str:
    with socket.create_connection((host, port), LIMIT_S):
        return "connected"


def _ask(address: SplitResult, expect: Sequence[int]) -> str:
    """Send one GET and read the head of the answer only."""
    host = address.hostname or ""
    connection = _connection(address, host)
    try:
        connection.request("GET", f"{address.path or '/'}{f'?{address.query}' if address.query else ''}")
        status = connection.getresponse().status
    finally:
        connection.close()
    if expect and status not in expect:
        raise HTTPException(f"it answered {status}")
    return f"answered {status}"


def _connection(address: SplitResult, host: str) -> HTTPConnection:
    if address.scheme == "https":
        return HTTPSConnection(host, address.port, timeout=LIMIT_S, context=ssl.create_default_context())
    return HTTPConnection(host, address.port, timeout=LIMIT_S)
