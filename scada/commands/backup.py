"""`daozha backup`, its `verify` and `key`, and `restore`: what of a site cannot be made anew, while it runs."""

import argparse
import json
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.backup import BackupError
from scada.backup.make import Job, Made
from scada.backup.manifest import digest_of
from scada.backup.restore import Restore
from scada.backup.shelf import Shelf
from scada.backup.signature import fingerprint, known_public, public_pem, read_public, signing_key
from scada.backup.verify import Trial
from scada.clock import clock_from
from scada.config import ConfigError, load
from scada.settings.stores import DatabaseKeys
from scada.store.db import StoreError
from scada.store.sql.place import read_url

T = TypeVar("T")

_WRONG = (BackupError, ConfigError, StoreError, SQLAlchemyError, OSError)
_LAST = 19
"""The lowest priority: lanes come first."""


def make(asked: argparse.Namespace) -> int:
    """Make a backup. 2 if none could be made."""

    def work() -> Made:
        config = load(asked.config)
        shelf = Shelf(config.backups if asked.to is None else asked.to.resolve(), config.site.id)
        keep = config.backup.keep if asked.keep is None else asked.keep
        key = signing_key(config)
        return Job(config, asked.config, shelf, clock_from().now(), keep, key, asked.with_secrets).make()

    try:
        made = _meekly(work)
    except _WRONG as error:
        say.complain(str(error))
        return 2
    told = made.manifest
    if asked.json:
        facts = {"folder": str(made.folder), "files": len(told.entries), "bytes": told.size, "linked": made.linked}
        facts |= {"digest": digest_of(told), "pruned": [path.name for path in made.pruned]}
        sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
        return 0
    say.tell(f"{made.folder}: {len(told.entries)} files, {told.size / 1e6:.1f} MB")
    if made.linked:
        say.tell(f"{made.linked} pictures are those of the backup before")
    for path in made.pruned:
        say.note(f"{path.name} went: {asked.keep or 'as many as are kept'} newer ones are there")
    secrets = [name for name in told.left_out if name.startswith("secrets/")]
    for name in (name for name in told.left_out if name not in secrets):
        say.note(f"without {name}, which is a link: back up what it leads to by other means")
    if secrets:
        say.note(f"without {say.counted(len(secrets), 'secret')}: keep them elsewhere, or add --with-secrets")
    say.tell(f"digest {digest_of(told)}")
    return 0


def verify(asked: argparse.Namespace) -> int:
    """Prove a backup by putting it back into a scratch folder. 1 if it is not whole; 2 if it cannot be tried."""
    try:
        backup = asked.backup or _newest(asked)
        verdict = _meekly(Trial(backup, _whose(asked), asked.scratch, _url(asked.database)).run)
    except _WRONG as error:
        say.complain(str(error))
        return 2
    for one in verdict.looked:
        say.note(f"looked at {one}")
    for fault in verdict.faults:
        say.complain(fault)
    if verdict.faults:
        return 1
    say.tell(f"{backup}: whole, as of {verdict.told.taken_at:%Y-%m-%d %H:%M:%S} UTC")
    return 0


def restore(asked: argparse.Namespace) -> int:
    """Put a backup back into a new folder. 2 if it cannot be; then nothing is there."""
    now = clock_from().now()
    try:
        url = _url(asked.database)
        back = Restore(asked.backup.resolve(), asked.to.resolve(), now, _whose(asked), url, asked.nothing_since).run()
    except _WRONG as error:
        say.complain(str(error))
        return 2
    say.tell(f"{back.folder}: as of {back.told.taken_at:%Y-%m-%d %H:%M:%S} UTC")
    say.tell(f"its configuration and what that names: {back.config.parent}")
    for name in back.missing:
        say.note(f"not in the backup, bring it by hand: {name.partition('/')[2]}")
    if not asked.nothing_since:
        say.note("what happened since then is not known here: docs/backup.md, After a restore")
    return 0


def key(asked: argparse.Namespace) -> int:
    """Show the public half of the key that signs, to be kept elsewhere. 2 if there is none."""
    try:
        public = signing_key(load(asked.config)).public_key()
    except _WRONG as error:
        say.complain(str(error))
        return 2
    sys.stdout.write(public_pem(public))
    say.note(f"{fingerprint(public)}; keep this where no backup lies: a restore elsewhere asks for it (--key FILE)")
    return 0


def _whose(asked: argparse.Namespace) -> Ed25519PublicKey | None:
    """Give the key by which a backup must be signed: the one named, or this site's; None if a person waives it."""
    if asked.unsigned:
        say.note("its signature is not looked at: whoever could write to its disk may have changed it")
        return None
    return known_public(load(asked.config)) if asked.key is None else read_public(asked.key)


def _newest(asked: argparse.Namespace) -> Path:
    config = load(asked.config)
    found = Shelf(config.backups, config.site.id).newest()
    if found is None:
        raise BackupError(f"{config.backups}: there is no backup of {config.site.id}")
    return found


def _url(file: Path | None) -> str | None:
    return None if file is None else read_url(file, DatabaseKeys())


def _meekly(work: Callable[[], T]) -> T:
    """Do work in a thread of the lowest priority; whoever else lives in this process keeps his."""

    def lower() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LAST)

    with ThreadPoolExecutor(1, thread_name_prefix="backup", initializer=lower) as pool:
        return pool.submit(work).result()
