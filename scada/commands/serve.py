"""`daozha serve map`: the published Modbus map, with what is new appended."""

import argparse
import sys

from plc import tagmap
from plc.map.sheet import Origin, Sheet, read_sheet
from plc.serve.catalogue import served
from plc.serve.table import as_csv, proposed, read_table
from scada import say
from scada.config import Config, ConfigError, load
from scada.engine.lanetags import own_specs


def make_map(asked: argparse.Namespace) -> int:
    """Print the map, or write it. 2 if the configuration or the map that is there cannot be used."""
    try:
        config = load(asked.config)
        text, new = _made(config)
    except (ConfigError, tagmap.TagMapError) as error:
        say.complain(str(error))
        return 2
    if not asked.write:
        sys.stdout.write(text)
        return 0
    path = config.beside(_file(config))
    path.write_text(text, encoding="utf-8")
    say.tell(f"{path}: {new} tags appended; those that were there have kept their places")
    return 0


def _made(config: Config) -> tuple[str, int]:
    path = config.beside(_file(config))
    sheet = read_sheet(path) if path.exists() else Sheet(Origin(str(path)), (), ())
    entries, flaws = read_table(sheet)
    if flaws:
        raise ConfigError(f"{path}:{flaws[0].line}: {flaws[0].column}: {flaws[0].text}; mend it first: daozha check")
    tag_map = tagmap.read_map(*tagmap.site_files(config))
    specs = [*tag_map.specs, *own_specs(config, tag_map.devices)]
    patterns = config.serve.tags if config.serve is not None else ()
    catalogue = served(specs, {tag.name: tag for tag in tag_map.tags}, patterns)
    whole = proposed(entries, catalogue)
    return as_csv(whole, catalogue), len(whole) - len(entries)


def _file(config: Config) -> str:
    if config.serve is None or config.serve.modbus is None:
        raise ConfigError("there is no section [serve.modbus]: nothing is served over Modbus (docs/serving.md)")
    return config.serve.modbus.map
