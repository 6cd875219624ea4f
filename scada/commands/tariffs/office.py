"""`daozha tariff check/list/sign`: which versions there are, what is wrong with one, and who stands for it."""

import argparse
import asyncio
import getpass
import json
import sys
from pathlib import Path

from billing.versions import signatures
from billing.versions.choice import Versions, why_not
from billing.versions.files import TariffFileError, read_file, read_folder
from billing.versions.signatures import NEEDED
from scada import say
from scada.check.report import describe
from scada.check.tariffs import mistakes_of
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.model.rights import SIGN_TARIFF
from scada.store.db import Database
from scada.store.operators import Operators, SignInRefused


def check_files(asked: argparse.Namespace) -> int:
    """Tell every mistake in tariff files. 2 if there is one."""
    broken = 0
    for path in asked.files:
        try:
            tariff = read_file(path)
        except TariffFileError as error:
            complain(error)
            broken += 1
        else:
            say.tell(f"{path}: good: {tariff.name} {tariff.version}, {tariff.digest[:16]}")
    return 2 if broken else 0


def complain(error: TariffFileError) -> None:
    """Tell the mistakes of one file, with their lines."""
    for mistake in mistakes_of(error):
        say.complain(describe(mistake))


def show_list(asked: argparse.Namespace) -> int:
    """List the site's versions: from when on each holds, who has signed it, and whether it may charge."""

    async def work(config: Config, db: Database) -> int:
        folder = await asyncio.to_thread(read_folder, config.beside(config.tariff.folder))
        signed = await db.read(lambda conn: signatures.of_site(conn, config.site_id))
        versions = Versions(tuple(file.tariff for file in folder.files), config.site.zone_info)
        rows = []
        for file in sorted(folder.files, key=lambda one: versions.begins(one.tariff)):
            tariff = file.tariff
            rows.append(
                {
                    "file": file.path.name,
                    "name": tariff.name,
                    "version": tariff.version,
                    "from": tariff.effective_from,
                    "zones": ", ".join(tariff.zones) or "all",
                    "signed": ", ".join(f"{one.by} {one.at:%Y-%m-%d}" for one in signed.get(tariff.digest, ())),
                    "may_charge": why_not(tariff, signed, virtual=config.site.virtual) or "yes",
                }
            )
        if asked.json:
            sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        else:
            heads = ("file", "name", "version", "from", "zones", "signed", "may charge")
            say.show_table(say.counted(len(rows), "version"), heads, [list(row.values()) for row in rows])
        for broken in folder.broken:
            await asyncio.to_thread(complain, broken)
        return 2 if folder.broken else 0

    return with_database(asked, work)


def sign(asked: argparse.Namespace) -> int:
    """Sign a version in one's own name and with one's password. 1 if it is signed by this person already."""
    path: Path = asked.file
    try:
        tariff = read_file(path)
    except TariffFileError as error:
        complain(error)
        return 2
    if tariff.demo:
        say.complain(f"{path}: demo: it is for a demo; take `demo` out before it is signed")
        return 2
    word = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    async def work(config: Config, db: Database) -> int:
        why = await _refusal(Operators(db, config.site_id, clock_from()), asked.by, word)
        if why:
            say.complain(f"{asked.by}: {why}")
            return 2
        at = clock_from().now()
        if not await db.write(lambda conn: signatures.sign(conn, config.site_id, at, tariff, asked.by)):
            say.complain(f"{asked.by} has signed {tariff.name} {tariff.version} already")
            return 1
        signed = await db.read(lambda conn: signatures.of_site(conn, config.site_id))
        left = NEEDED - len(signed[tariff.digest])
        more = f"; {left} more to sign" if left > 0 else ""
        say.tell(f"{tariff.name} {tariff.version} is signed by {asked.by}{more}")
        return 0

    return with_database(asked, work)


async def _refusal(people: Operators, name: str, word: str) -> str:
    """Say why a person may not sign, empty if he may."""
    verdict = await people.sign_in(name, word)
    if isinstance(verdict, SignInRefused):
        return verdict.why
    if not await people.may_now(name, SIGN_TARIFF):
        return "only a manager or administrator signs, whose first password is changed"
    return ""
