"""The order of an upgrade: what can fail without harm comes first, and from the stop on every failure leads back."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from scada import say
from scada.backup import BackupError
from scada.check import check, has_errors
from scada.commands.upgrade.site import STEADY_S, Site
from scada.commands.upgrade.versions import Record, UpgradeError, Versions, version_in
from scada.config import ConfigError, load
from scada.store.db import StoreError, database_url, looking, place
from scada.store.sql.revisions import revision_of

_ENVIRONMENT_MB: Final = 900
"""What a version takes on the disk."""


_BACK_S: Final = 600.0
"""So long the former version may take at least: after it there is nobody to go back to."""


def upgrade(asked: argparse.Namespace) -> int:
    """Upgrade, look, or go back. 0: done; 1: the former version runs again, or nothing runs; 2: nothing was changed."""
    try:
        versions = Versions(asked.root)
        site = Site.of(load(asked.config), asked.config.resolve(), asked.service)
        if asked.back:
            return _back(versions, site, asked)
        _end_what_went_well(versions, site)
        record, wheel = _plan(versions, asked)
        mistakes = list(_in_the_way(versions, site, record, asked))
        _tell(site, record, mistakes)
        if mistakes or asked.check:
            return 2 if mistakes else 0
        return _upgrade(versions, site, record, wheel, asked)
    except (UpgradeError, ConfigError, StoreError, BackupError, OSError) as error:
        say.complain(str(error))
        return 2


def _end_what_went_well(versions: Versions, site: Site) -> None:
    """An upgrade that was cut off after its last start, by a power cut perhaps, is done if its version runs well."""
    cut = versions.under_way()
    if cut is not None and cut.ran and versions.current == cut.after and site.comes_up(2 * STEADY_S):
        versions.done()
        say.note(f"the upgrade from {cut.before} to {cut.after} was cut off, and is done: it runs")


def _plan(versions: Versions, asked: argparse.Namespace) -> tuple[Record, Path | None]:
    if asked.to is None:
        raise UpgradeError("name the wheel, or a version that is there already; --back goes back")
    wheel = Path(asked.to) if asked.to.endswith(".whl") else None
    version = asked.to if wheel is None else version_in(wheel)
    if wheel is None and not versions.is_there(version):
        raise UpgradeError(f"{versions.folder(version)}: there is no such version; name its wheel")
    return Record(versions.current, version), wheel


def _in_the_way(versions: Versions, site: Site, record: Record, asked: argparse.Namespace) -> list[str]:
    """Name what would keep the upgrade, or the way back, from being done."""
    found = []
    if (broken := versions.under_way()) is not None:
        found.append(f"the upgrade from {broken.before} to {broken.after} was broken off: daozha upgrade --back, first")
    if record.before == record.after:
        found.append(f"{record.after} runs already")
    if has_errors(check(asked.config)):
        found.append(f"{asked.config} has mistakes: daozha check")
    if site.config.database.url_file is not None and asked.database is None:
        found.append("with PostgreSQL the way back needs an empty database: --database URL_FILE")
    for folder, needed in ((versions.root, _ENVIRONMENT_MB), (_standing(site.config.backups), _data_mb(site))):
        free = os.statvfs(folder)
        if (have := free.f_bavail * free.f_frsize // 1_000_000) < needed:
            found.append(f"{folder}: {have} MB are free, and it takes up to {needed}")
    if not os.access(versions.root, os.W_OK):
        found.append(f"{versions.root} cannot be written: run this as root")
    return found


def _standing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def _data_mb(site: Site) -> int:
    sizes = (path.lstat().st_size for path in site.config.data.rglob("*") if path.is_file() and not path.is_symlink())
    return 2 * sum(sizes) // 1_000_000


def _tell(site: Site, record: Record, mistakes: list[str]) -> None:
    url = database_url(site.config)
    with looking(url) as connection:
        revision = None if connection is None else revision_of(connection)
    say.tell(f"from {record.before} to {record.after}; tables of revision {revision} in {place(make_url(url))}")
    for mistake in mistakes:
        say.complain(mistake)
    if not mistakes:
        say.tell("nothing is in the way: the site stands still for a backup, the migration and a start")


def _upgrade(versions: Versions, site: Site, record: Record, wheel: Path | None, asked: argparse.Namespace) -> int:
    old, new = versions.program(record.before), versions.program(record.after)
    if wheel is not None:
        say.note(f"{versions.folder(record.after)}: of {wheel.name}")
        versions.make(wheel, record.after, "" if site.config.database.url_file is None else "-postgres")
    site.call(new, "check", "--config", str(site.file))
    say.note("a backup while the site runs, so that the next one is short")
    site.backup(old)
    versions.note(record)
    try:
        say.note("the site stops")
        site.stop()
        record = replace(record, backup=site.backup(old))
        versions.note(record)
        site.call(new, "migrate", "--config", str(site.file))
        versions.switch(record.after)
        record = replace(record, ran=True)
        versions.note(record)
        site.start()
        if not site.comes_up(asked.within):
            raise UpgradeError(
                f"{record.after} has not come up within {asked.within:g} s: journalctl -u {site.service}"
            )
    except (UpgradeError, BackupError, OSError, KeyboardInterrupt) as error:
        say.complain(str(error) or type(error).__name__)
        return _undo(versions, site, record, asked.database, asked.within)
    versions.done()
    say.tell(f"{record.after} runs")
    say.note(f"{record.before} and {record.backup} stay for the way back: daozha upgrade --back")
    return 0


def _back(versions: Versions, site: Site, asked: argparse.Namespace) -> int:
    record = versions.under_way() or versions.last()
    if record is None:
        raise UpgradeError(f"{versions.root}: no upgrade is on record, so there is no way back")
    if not versions.is_there(record.before):
        raise UpgradeError(f"{versions.folder(record.before)}: the former version is no longer there")
    versions.note(record)
    _undo(versions, site, record, asked.database, asked.within)
    return 1 if versions.under_way() else 0


def _undo(versions: Versions, site: Site, record: Record, database: Path | None, within_s: float) -> int:
    """Let the former version run on the data that it left. Always 1: what was wanted is not there."""
    say.note(f"back to {record.before}")
    if record.ran:
        say.note(f"what happened while {record.after} ran is not in its books: docs/backup.md, After a restore")
    try:
        site.stop()
        versions.switch(record.before)
        if record.backup is not None:
            old = versions.program(record.before)
            aside = site.bring_back(old, Path(record.backup), nothing_since=not record.ran, database=database)
            say.note(f"the data as {record.after} left them: {aside}")
        site.start()
        if not site.comes_up(max(within_s, _BACK_S)):
            raise UpgradeError(f"{record.before} has not come up either: journalctl -u {site.service}")
    except (UpgradeError, BackupError, OSError) as error:
        say.complain(f"{error}; nothing runs now, and nothing is lost: the backup is {record.backup or 'not needed'}")
        sys.stdout.flush()
        return 1
    versions.undone()
    say.tell(f"{record.before} runs again")
    return 1
