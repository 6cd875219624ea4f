"""Laying a site down: all of it, or nothing that would be taken for a site.

What is written is prepared beside its place; config.toml is moved last. A set-up that was killed has left a folder
`.setting-up`, and the next one begins anew over whatever that had moved already.
"""

import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Final

from scada.commands.init.answers import AnswersError
from scada.commands.init.site import CONFIG, SiteFiles

UNDER_WAY: Final = ".setting-up"
PRIVATE, FOLDER, TEXT = 0o600, 0o700, 0o640


def object_to(site: SiteFiles, folder: Path, *, again: bool) -> None:
    """Raise AnswersError if something would be written over, or a secret cannot be read; nothing is changed."""
    if not (folder / UNDER_WAY).is_dir() and not again:
        there = sorted(name for name in site.texts if (folder / name).exists())
        if there:
            raise AnswersError(
                f"{folder}: {', '.join(there)}: there already; --again sets up anew and keeps these beside"
            )
    for name, source in site.secrets.items():
        told = _read(source)
        if not told.strip():
            raise AnswersError(f"{source}: is empty")
        place = site.data / name
        if place.exists() and place.read_bytes() != told and not again:
            raise AnswersError(
                f"{place}: another secret is there already; --again takes yours and keeps that one beside"
            )


def lay(site: SiteFiles, folder: Path, now: datetime) -> Path:
    """Write a site; give its configuration's path. Raises AnswersError."""
    try:
        return _lay(site, folder, now)
    except OSError as error:
        raise AnswersError(f"{error.filename or folder}: {error.strerror or error}") from error


def _lay(site: SiteFiles, folder: Path, now: datetime) -> Path:
    was_broken_off = (folder / UNDER_WAY).is_dir()
    new, old = folder / UNDER_WAY, folder / f"before-{now:%Y%m%dT%H%M%SZ}"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True, mode=FOLDER)
    for name, text in site.texts.items():
        _write(new / name, text.encode(), TEXT)
    site.data.mkdir(parents=True, exist_ok=True, mode=FOLDER)
    for name, source in site.secrets.items():
        _keep_secret(site.data / name, _read(source), old, name)
    for name in sorted(site.texts, key=lambda name: name == CONFIG):
        place = folder / name
        if place.exists() and not was_broken_off:
            _make_folder((old / name).parent)
            place.rename(old / name)
        _make_folder(place.parent)
        (new / name).rename(place)
    shutil.rmtree(new)
    return folder / CONFIG


def _keep_secret(place: Path, told: bytes, old: Path, name: str) -> None:
    _make_folder(place.parent)
    if place.exists() and place.read_bytes() != told:
        _write(old / name, place.read_bytes(), PRIVATE)
    part = place.with_name(f"{place.name}.new")
    part.unlink(missing_ok=True)
    _write(part, told, PRIVATE)
    part.rename(place)


def _write(place: Path, told: bytes, mode: int) -> None:
    _make_folder(place.parent)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(told)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER)


def _read(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise AnswersError(f"{source}: {error.strerror or error}") from error
