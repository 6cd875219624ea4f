"""`daozha settings show/history/export`: what was set while the site ran, over what config.toml says."""

import argparse
import json
import sys
from collections.abc import Sequence

from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.model.settings import SettingKind, SettingVersion
from scada.store.db import Database
from scada.store.settings import book

_MOST = 100_000
_HEADS = ("kind", "subject", "version", "from", "by", "second", "reason", "withdrawn")


def show(asked: argparse.Namespace) -> int:
    """Show what holds now, over config.toml."""

    async def work(config: Config, db: Database) -> int:
        now = clock_from().now()
        kinds = _kinds(asked)
        found = await db.read(
            lambda conn: [one for kind in kinds for one in book.in_force(conn, config.site_id, kind, now).values()]
        )
        return _told([one for one in found if one.content], as_json=asked.json)

    return with_database(asked, work)


def history(asked: argparse.Namespace) -> int:
    """Show every version, the newest first."""

    async def work(config: Config, db: Database) -> int:
        kind, subject = _kinds(asked)[0] if asked.kind else None, asked.subject or ""
        found = await db.read(lambda conn: book.history(conn, config.site_id, kind, subject, _MOST))
        return _told(found, as_json=asked.json)

    return with_database(asked, work)


def export(asked: argparse.Namespace) -> int:
    """Write what holds now with its contents as JSON, to keep or to compare."""

    async def work(config: Config, db: Database) -> int:
        now = clock_from().now()
        held = await db.read(
            lambda conn: {kind.value: book.in_force(conn, config.site_id, kind, now) for kind in _kinds(asked)}
        )
        told = {
            kind: {subject: one.content for subject, one in sorted(subjects.items()) if one.content}
            for kind, subjects in held.items()
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        return 0

    return with_database(asked, work)


def _kinds(asked: argparse.Namespace) -> list[SettingKind]:
    return [kind for kind in SettingKind if asked.kind in (None, kind.value)]


def _told(found: Sequence[SettingVersion], *, as_json: bool) -> int:
    rows = [
        (
            one.kind.value,
            one.subject,
            str(one.version),
            f"{one.effective_from:%Y-%m-%d %H:%M}Z",
            one.by,
            one.signed_by,
            one.reason,
            "" if one.ended_at is None else f"{one.ended_at:%Y-%m-%d} {one.ended_by}",
        )
        for one in found
    ]
    if as_json:
        told = [
            {**dict(zip(_HEADS, row, strict=True)), "content": one.content}
            for row, one in zip(rows, found, strict=True)
        ]
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        say.show_table(say.counted(len(rows), "version"), _HEADS, rows)
    return 0
