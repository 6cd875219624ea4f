"""What can be wrong with `[serve]`: what is named but never served, and the published Modbus map."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from plc import tagmap
from plc.map.sheet import SheetError, read_sheet
from plc.serve.catalogue import Served, may_be_served, served
from plc.serve.table import Flaw, read_table, unserved
from scada.check.mistakes import Mistake, Severity
from scada.check.reading import Reading
from scada.config import Config, ConfigError, load
from scada.engine.lanetags import own_specs
from scada.model.tag import TagName, TagSpec
from scada.settings.stores import ServeModbus

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def nothing_open_leaves_this_machine(reading: Reading) -> Iterator[Mistake]:
    """An OPC UA server without encryption is for this machine alone."""
    offered = reading.at("serve", "opcua", "security")
    host = reading.text("serve", "opcua", "host") or "127.0.0.1"
    if isinstance(offered, list) and "None" in offered and host not in LOOPBACK:
        what = f"security None at {host}: everybody on the way could read along and speak in others' names"
        yield reading.mistake(("serve", "opcua", "security"), what, 'take "None" out, or host = "127.0.0.1"')


def somebody_may_connect(reading: Reading) -> Iterator[Mistake]:
    """A Modbus server that listens to the network and lets in this machine alone is a half-done change."""
    if reading.at("serve", "modbus") is None:
        return
    host, allow = reading.text("serve", "modbus", "host"), reading.at("serve", "modbus", "allow")
    if host is not None and host not in LOOPBACK and allow is None:
        what = f"it listens at {host}, but only this machine is allowed"
        remedy = 'add allow = ["10.1.2.0/24"] with the networks of its readers'
        yield reading.mistake(("serve", "modbus", "host"), what, remedy, Severity.WARNING)


def what_is_served_is_there(reading: Reading) -> Iterator[Mistake]:
    """See that every pattern names a tag that may leave the house, and that the Modbus map is sound."""
    if reading.at("serve") is None:
        return
    try:
        config = load(reading.file)
        tag_map = tagmap.read_map(*tagmap.site_files(config))
    except (ConfigError, tagmap.TagMapError):
        return
    if config.serve is None:
        return
    mapped = {tag.name: tag for tag in tag_map.tags}
    specs = [*tag_map.specs, *own_specs(config, tag_map.devices)]
    for number, pattern in enumerate(config.serve.tags):
        if mistake := _pattern(reading, number, pattern, specs):
            yield mistake
    if config.serve.modbus is not None:
        yield from _modbus_map(reading, config, config.serve.modbus, served(specs, mapped, config.serve.tags))


def _pattern(reading: Reading, number: int, pattern: str, specs: list[TagSpec]) -> Mistake | None:
    named = [spec for spec in specs if fnmatchcase(spec.name, pattern)]
    if not named:
        what, remedy = f"{pattern!r} names no tag", "write names as in the tag map; * stands for anything"
    elif not any(may_be_served(spec) for spec in named):
        what, remedy = f"{pattern!r} names only what never leaves the house: commands, plates, stays", "take it out"
    else:
        return None
    return reading.mistake(("serve", "tags"), what, remedy, Severity.WARNING)


def _modbus_map(
    reading: Reading, config: Config, settings: ServeModbus, catalogue: Mapping[TagName, Served]
) -> Iterator[Mistake]:
    path = config.beside(settings.map)
    try:
        entries, flaws = read_table(read_sheet(path))
    except SheetError as error:
        yield reading.mistake(("serve", "modbus", "map"), str(error), "write it with: daozha serve map --write")
        return
    yield from (_flaw(config, settings, flaw, Severity.ERROR) for flaw in flaws)
    yield from (_flaw(config, settings, flaw, Severity.WARNING) for flaw in unserved(entries, catalogue))


def _flaw(config: Config, settings: ServeModbus, flaw: Flaw, severity: Severity) -> Mistake:
    return Mistake(config.beside(settings.map), flaw.line, flaw.column, flaw.text, flaw.remedy, severity)
