"""`daozha serve …`: the published Modbus map, and whose certificate lets a client into our OPC UA server."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from plc import tagmap
from plc.map.sheet import Origin, Sheet, SheetError, read_sheet
from plc.serve.catalogue import served
from plc.serve.table import as_csv, proposed, read_table
from plc.ua.certificate import has_thumbprint, name_of, sha1, sha256
from plc.ua.keys import CLIENTS, KeyFolder, KeysError
from scada import say
from scada.config import Config, ConfigError, load
from scada.engine.lanetags import own_specs


def make_map(asked: argparse.Namespace) -> int:
    """Print the map, or write it. 2 if the configuration or the map that is there cannot be used."""
    try:
        config = load(asked.config)
        text, new = _made(config)
        if not asked.write:
            sys.stdout.write(text)
            return 0
        path = config.beside(_file(config))
        _put(path, text)
    except (ConfigError, tagmap.TagMapError, SheetError) as error:
        say.complain(str(error))
        return 2
    say.tell(f"{path}: {say.counted(new, 'tag')} appended; those that were there have kept their places")
    return 0


def _put(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error


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


def list_clients(asked: argparse.Namespace) -> int:
    """Show whose certificates are trusted, and whose were refused. 2 if the configuration or a file cannot be used."""

    def work(keys: KeyFolder) -> int:
        for title, found in (
            ("trusted", keys.trusted(CLIENTS)),
            ("refused, nobody has trusted them", keys.strangers()),
        ):
            say.tell(f"{title}: {len(found) or 'none'}")
            for one in found:
                say.tell(f"    {name_of(one.certificate)}, until {one.certificate.not_valid_after_utc:%Y-%m-%d}")
                say.tell(f"    SHA-256 {sha256(one.certificate)}, SHA-1 {sha1(one.certificate)}")
        return 0

    return _with_keys(asked, work)


def trust_client(asked: argparse.Namespace) -> int:
    """Trust a client that was refused, by the thumbprint that it shows itself. 1 if none has that thumbprint."""

    def work(keys: KeyFolder) -> int:
        for one in keys.strangers():
            if has_thumbprint(one.certificate, asked.thumbprint):
                say.tell(f"{name_of(one.certificate)} is trusted: {keys.trust(CLIENTS, one.certificate)}")
                one.file.unlink()
                return 0
        say.complain("no client with this thumbprint was refused: let it try once, then see daozha serve clients")
        return 1

    return _with_keys(asked, work)


def distrust_client(asked: argparse.Namespace) -> int:
    """Take a client's certificate away. 1 if none has that thumbprint."""

    def work(keys: KeyFolder) -> int:
        gone = keys.untrust(CLIENTS, asked.thumbprint)
        if not gone:
            say.complain("no trusted client has this thumbprint; see: daozha serve clients")
            return 1
        say.tell("no longer trusted; a session that is open ends at its next connection")
        return 0

    return _with_keys(asked, work)


def _with_keys(asked: argparse.Namespace, work: Callable[[KeyFolder], int]) -> int:
    try:
        return work(KeyFolder(load(asked.config).data))
    except (ConfigError, KeysError) as error:
        say.complain(str(error))
        return 2
