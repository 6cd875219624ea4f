"""Tariff files: TOML, one version each, in one folder."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from billing.tariff import Fault, Tariff, TariffError, read_tariff


@dataclass(frozen=True, slots=True)
class TariffFile:
    """A file that holds a tariff."""

    path: Path
    tariff: Tariff


class TariffFileError(Exception):
    """A tariff file that cannot be used: every mistake in it, by its key."""

    def __init__(self, path: Path, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(f"{path}: {fault}" if fault.key else f"{path}: {fault.what}" for fault in faults))
        self.path = path
        self.faults = tuple(faults)


def read_file(path: Path) -> Tariff:
    """Read one file. Raises TariffFileError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise TariffFileError(
            path, [Fault("", f"cannot be read: {error.strerror or error}", "give a file that can be read")]
        ) from error
    except (ValueError, RecursionError) as error:
        raise TariffFileError(
            path, [Fault("", f"is not TOML: {error}", "write it as docs/tariffs.md shows")]
        ) from error
    try:
        return read_tariff(content)
    except TariffError as error:
        raise TariffFileError(path, error.faults) from error


@dataclass(frozen=True, slots=True)
class Folder:
    """What stands in a folder: tariffs, and files that hold none because of mistakes."""

    files: tuple[TariffFile, ...]
    broken: tuple[TariffFileError, ...]


def read_folder(folder: Path) -> Folder:
    """Read every `*.toml` of a folder, not of the folders in it."""
    files: list[TariffFile] = []
    broken: list[TariffFileError] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            files.append(TariffFile(path, read_file(path)))
        except TariffFileError as error:
            broken.append(error)
    return Folder(tuple(files), tuple(broken))
