"""What a configuration needs around it: tag map, pictures, secrets, models, a folder to write to."""

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from billing.pay.keys import read_keys
from lpr.backend import AUTO, outlook
from lpr.models import ModelError
from plc import tagmap
from plc.map.findings import ERROR, Finding
from plc.ua.doubts import doubts
from plc.ua.keys import KeyFolder
from scada.check.alarms import alarms_are_raised
from scada.check.database import database_can_be_named
from scada.check.displays import texts_can_be_shown
from scada.check.mistakes import Mistake, Severity
from scada.check.reading import Reading
from scada.check.rules import is_virtual
from scada.check.serving import what_is_served_is_there
from scada.check.sites import certificates_can_be_shown
from scada.check.tariffs import tariffs_can_charge
from scada.clock import VARIABLE, SystemClock, clock_from
from scada.config import ConfigError, data_folder, load
from scada.model.tag import TagName, lane_of
from scada.model.tomllines import KeyPath
from scada.ports import BillingError
from scada.secretfile import CREDENTIAL, credential, is_open_to_others

Look = Callable[[Reading], Iterator[Mistake]]

_SECRETS: tuple[KeyPath, ...] = (
    ("wechat", "merchant_certificate_file"),
    ("wechat", "private_key_file"),
    ("wechat", "apiv3_key_file"),
    ("wechat", "other_apiv3_key_file"),
    ("wechat", "public_key_file"),
    ("wechat", "public_key_id_file"),
    ("history", "influx", "token_file"),
    ("mail", "password_file"),
    ("oidc", "client_secret_file"),
)


def surrounding_mistakes(reading: Reading) -> list[Mistake]:
    """Look at everything outside the file that it names or needs."""
    return [mistake for look in LOOKS for mistake in look(reading)]


def _tables_exist(reading: Reading) -> Iterator[Mistake]:
    for name in ("map", "devices"):
        written = reading.text("tags", name)
        if written is not None and not (reading.file.parent / written).is_file():
            what = f"there is no file {written!r} beside {reading.file.name}"
            yield reading.mistake(("tags", name), what, "correct the path, or write the table (README: PLCs)")


def _tag_map_is_clean(reading: Reading) -> Iterator[Mistake]:
    """Lint the tag map and see that every lane has its tags there."""
    tables = [reading.text("tags", name) for name in ("map", "devices")]
    files = [reading.file.parent / written for written in tables if written is not None]
    if len(files) < 2 or not all(file.is_file() for file in files):
        return
    map_file, device_file = files
    tag_map, findings = tagmap.examine(map_file, device_file, _protocols(reading), _fillings(reading))
    yield from map(_from_lint, findings)
    lanes = {lane_of(tag.spec.name) for tag in tag_map.tags}
    for number in range(len(reading.tables("lanes"))):
        name = reading.text("lanes", number, "name")
        if name is not None and name not in lanes:
            what = f"{name!r} has no tags in {map_file.name}"
            yield reading.mistake(("lanes", number, "name"), what, f"add rows named {name}.loop.approach and so on")
        elif reading.text("lanes", number, "direction") == "both":
            yield from _knows_its_side(reading, number, str(name), {tag.spec.name for tag in tag_map.tags})


def _plcs_know_us(reading: Reading) -> Iterator[Mistake]:
    """See that each secured OPC UA device is trusted, that no certificate ends soon, and that logins can be used."""
    tables = [reading.text("tags", name) for name in ("map", "devices")]
    files = [reading.file.parent / written for written in tables if written is not None]
    if len(files) < 2 or not all(file.is_file() for file in files):
        return
    map_file, device_file = files
    keys = KeyFolder(_data(reading))
    for device in tagmap.examine(map_file, device_file, _protocols(reading))[0].devices.values():
        if device.protocol.name == "opcua":
            for doubt in doubts(device, keys, SystemClock().now()):
                severity = Severity.ERROR if doubt.stops else Severity.WARNING
                yield Mistake(device_file, None, f"{device.name}: security", doubt.text, doubt.remedy, severity)


def _protocols(reading: Reading) -> dict[str, str]:
    """Give the site's own protocols, as far as they are written as they should be."""
    own = reading.at("tags", "protocols")
    return {str(name): place for name, place in own.items() if isinstance(place, str)} if isinstance(own, dict) else {}


def _fillings(reading: Reading) -> list[tagmap.Filling]:
    """Give the lanes that are made of templates, as far as they are written as they should be."""
    fillings = []
    lanes = reading.at("tags", "lanes")
    for number in range(len(lanes) if isinstance(lanes, list) else 0):
        lane, template = (reading.text("tags", "lanes", number, key) for key in ("lane", "template"))
        values = reading.at("tags", "lanes", number, "values")
        known = {str(name): str(value) for name, value in values.items()} if isinstance(values, dict) else {}
        if lane and template:
            fillings.append(tagmap.Filling(lane, reading.file.parent / template, known))
    return fillings


def _knows_its_side(reading: Reading, number: int, lane: str, tags: set[TagName]) -> Iterator[Mistake]:
    """A lane for both ways learns from its PLC on which side a car stands."""
    for point in ("loop.closing", "passage.side"):
        if TagName(f"{lane}.{point}") not in tags:
            what = f"a lane for both ways needs {lane}.{point} in the tag map"
            yield reading.mistake(("lanes", number, "direction"), what, f"add a row {lane}.{point}")


def _from_lint(finding: Finding) -> Mistake:
    """A lane without AUTO does not keep the site from running."""
    is_error = finding.severity == ERROR and finding.code != tagmap.OF_A_LANE
    severity = Severity.ERROR if is_error else Severity.WARNING
    lane = f"lane {finding.lane}: " if finding.lane else ""
    what = f"{lane}{finding.text} ({finding.code})"
    return Mistake(Path(finding.file), finding.row, finding.column, what, finding.remedy, severity)


def _pictures_exist(reading: Reading) -> Iterator[Mistake]:
    for number in range(len(reading.tables("cameras"))):
        source = reading.text("cameras", number, "source")
        if source is None or "://" in source:
            continue
        if not (reading.file.parent / source).exists():
            what = f"there is no file or folder {source!r}"
            yield reading.mistake(
                ("cameras", number, "source"), what, "write the camera's address, rtsp:// or http://, or a path"
            )


def _secrets_are_there_and_ours_alone(reading: Reading) -> Iterator[Mistake]:
    """Secrets of a virtual site are made by its simulator; those of a real one by a person."""
    if is_virtual(reading):
        return
    keyed = (("cameras", "password_file"), ("displays", "key_file"), ("boards", "key_file"))
    several = [(of, number, key) for of, key in keyed for number in range(len(reading.tables(of)))]
    for path in (*_SECRETS, *several):
        written = reading.text(*path)
        if written is None:
            continue
        name = written.removeprefix(CREDENTIAL)
        if name != written and "CREDENTIALS_DIRECTORY" not in os.environ:
            continue  # only the service itself can see it
        file = _data(reading) / written if name == written else credential(name)
        if not file.is_file():
            remedy = "put the secret there, mode 0600" if name == written else f"LoadCredential={name}:FILE in the unit"
            yield reading.mistake(path, f"there is no file {file}", remedy)
        elif is_open_to_others(file, file.stat().st_mode):
            yield reading.mistake(path, f"{file} can be read by others", f"chmod 600 {file}")


def _the_merchants_keys_fit(reading: Reading) -> Iterator[Mistake]:
    """Try WeChat's keys as the plant does at its start, once every file is there and ours alone."""
    if is_virtual(reading) or any(_secrets_are_there_and_ours_alone(reading)):
        return
    try:
        read_keys(load(reading.file))
    except ConfigError:
        return
    except BillingError as error:
        yield reading.mistake(("wechat",), str(error), "see docs/wechatpay.md, Keys")


def _data_can_be_written(reading: Reading) -> Iterator[Mistake]:
    folder = _data(reading)
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        what = f"the data folder {folder} cannot be written"
        yield reading.mistake(("site", "data"), what, f"give this user the right to write in {standing}")


def _plates_can_be_read(reading: Reading) -> Iterator[Mistake]:
    """See that the recogniser's library loads, and that a back end that is wanted has its files."""
    if not reading.tables("cameras"):
        return
    wanted = reading.text("lpr", "back_end") or AUTO
    try:
        importlib.import_module("lpr.recognise")
        able, refused = outlook(wanted)
    except ModelError:
        return
    except (ImportError, OSError) as error:
        what = f"the plate reader does not load: {error}"
        yield reading.mistake(("cameras",), what, "run: make setup (Debian: apt-get install libgl1 libglib2.0-0)")
        return
    if able is None:
        what = f"no plate can be read: {'; '.join(map(str, refused))}"
        yield reading.mistake(("lpr", "back_end"), what, "run: daozha models fetch, and daozha models show")
    elif wanted == "A" and not reading.at("lpr", "calibration"):
        what = "A's mean passes no gate as long as nobody has said what it is worth here: every plate is left unread"
        remedy = "write the points that `daozha models calibrate` finds"
        yield reading.mistake(("lpr", "back_end"), what, remedy, Severity.WARNING)


def _only_virtual_time_runs_fast(reading: Reading) -> Iterator[Mistake]:
    try:
        clock = clock_from()
    except ValueError as error:
        yield reading.mistake(("site",), str(error), f"unset {VARIABLE}")
        return
    if clock.speed != 1 and not is_virtual(reading):
        what = f"{VARIABLE} makes time run {clock.speed:g} times as fast at real gates"
        yield reading.mistake(("site", "virtual"), what, f"unset {VARIABLE}")


def _data(reading: Reading) -> Path:
    return data_folder(
        reading.file.resolve().parent, reading.text("site", "id") or "site", reading.text("site", "data")
    )


LOOKS: tuple[Look, ...] = (
    _tables_exist,
    _tag_map_is_clean,
    _plcs_know_us,
    _pictures_exist,
    _secrets_are_there_and_ours_alone,
    _the_merchants_keys_fit,
    _data_can_be_written,
    database_can_be_named,
    _plates_can_be_read,
    _only_virtual_time_runs_fast,
    what_is_served_is_there,
    alarms_are_raised,
    tariffs_can_charge,
    texts_can_be_shown,
    certificates_can_be_shown,
)
