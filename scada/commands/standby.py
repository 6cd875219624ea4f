"""`daozha standby …`: which of two servers leads, and letting the other one do so for planned work."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from typing import Final

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.config import Config, ConfigError, load
from scada.model.lease import Lease, Server, Terms, others
from scada.store.db import StoreError, database_url
from scada.store.leasebook import Known, LeaseBook

HAND_OVER_S: Final = 30.0
LOOK_S: Final = 0.25


def status(asked: argparse.Namespace) -> int:
    """Show who leads. 0: one leads and another could; 1: not so; 2: nobody can say."""

    def show(book: LeaseBook, _config: Config) -> int:
        lease, known = book.look(), book.servers()
        leader = _leader(lease, known)
        told = {
            "leader": leader.name if leader else None,
            "epoch": lease.epoch if lease else 0,
            "left_s": round(lease.left_s, 1) if lease else None,
            "heir": lease.heir if lease else None,
            "standby": _standby(leader, known),
            "servers": [{**asdict(one.server), "seen_s": round(one.seen_s, 1), "said": one.said} for one in known],
        }
        if asked.json:
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        else:
            _print(lease, leader, known)
        return 0 if leader and told["standby"] == "ready" else 1

    return _with_book(asked, show)


def hand_over(asked: argparse.Namespace) -> int:
    """Let another server lead. 0: it does; 1: it does not; 2: it cannot."""

    def work(book: LeaseBook, _config: Config) -> int:
        lease, known = book.look(), book.servers()
        leader = _leader(lease, known)
        if lease is None or leader is None:
            say.complain("no server leads now: there is nothing to hand over")
            return 2
        heir = _heir(leader, known, asked.to)
        if heir is None or not book.name_heir(heir.name, lease.epoch):
            what = f"{asked.to!r} is not there" if asked.to else "no other server is there"
            say.complain(f"{what}, or has other keys, maps or tariffs: {leader.name} leads on (daozha standby status)")
            return 2
        return _wait(book, lease, heir)

    return _with_book(asked, work)


def _wait(book: LeaseBook, before: Lease, heir: Server) -> int:
    began_s = time.monotonic()
    while time.monotonic() - began_s < HAND_OVER_S:
        time.sleep(LOOK_S)
        lease = book.look()
        if lease is not None and lease.epoch > before.epoch and lease.left_s > 0:
            say.tell(f"{lease.holder} leads, after {time.monotonic() - began_s:.1f} s")
            return 0 if lease.holder == heir.name else 1
    say.complain(f"{heir.name} does not lead after {HAND_OVER_S:g} s: daozha standby status")
    return 1


def _heir(leader: Server, known: list[Known], name: str | None) -> Server | None:
    """Choose who shall lead: one that is there and could."""
    able = [one.server for one in known if one.server.id != leader.id and others(leader, [one.server]) == "ready"]
    return next((one for one in able if name in (None, one.name)), None)


def _leader(lease: Lease | None, known: list[Known]) -> Server | None:
    if lease is None or lease.left_s <= 0:
        return None
    return next((one.server for one in known if one.server.id == lease.holder_id), None)


def _standby(leader: Server | None, known: list[Known]) -> str:
    return "missing" if leader is None else others(leader, [one.server for one in known if one.server.id != leader.id])


def _print(lease: Lease | None, leader: Server | None, known: list[Known]) -> None:
    table = Table("server", "", "seen", "says")
    for one in known:
        is_leader = leader is not None and one.server.id == leader.id
        alike = "" if is_leader or leader is None or others(leader, [one.server]) == "ready" else "DIFFERS "
        table.add_row(one.server.name, "leads" if is_leader else f"{alike}follows", f"{one.seen_s:.1f} s ago", one.said)
    Console().print(table)
    if lease is not None and leader is not None:
        say.tell(f"{leader.name} leads (lease {lease.epoch}, renewed until {lease.left_s:.1f} s from now)")
    else:
        say.complain("no server leads")


def _with_book(asked: argparse.Namespace, work: Callable[[LeaseBook, Config], int]) -> int:
    try:
        config = load(asked.config)
        if config.standby is None:
            raise ConfigError(f"{asked.config}: there is no section [standby] (docs/standby.md)")
        with closing(LeaseBook(database_url(config), config.site_id, Terms(config.standby.lease_s))) as book:
            if not book.has_tables():
                raise ConfigError("the tables are not there yet: no server has ever led")
            return work(book, config)
    except (ConfigError, StoreError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2
