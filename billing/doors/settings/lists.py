"""The verbs of lists: white, black, locked and special plates, and month cards by hand; one by one, or as a table."""

import asyncio
import csv
from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from typing import Final

from sqlalchemy import Connection, select

from billing.plates import register, sheet
from billing.plates.difference import Difference, cells_of, difference
from billing.plates.sheet import Fault, Sheet, Terms
from billing.rights import Entry, RightKind
from scada.config import Config
from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.settings.office import SettingsOffice, reason_of
from scada.model.lane.codec import Json
from scada.model.names import ZoneName
from scada.model.plate import normal_form
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import month_card

MOST_ROWS: Final = 5_001
MOST_SHOWN: Final = 200
"""So many lines of a difference are shown; all of them are counted."""


class ListOffice:
    """The register of rights in the control room; the rights of who asks are checked before these are called."""

    def __init__(self, config: Config, office: SettingsOffice) -> None:
        self._config = config
        self._office = office
        self._site = config.site_id

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {
            "rights": self._list,
            "add_right": self._add,
            "remove_right": self._remove,
            "check_rights": self._check,
            "import_rights": self._import,
        }

    async def _list(self, ask: Ask) -> object:
        terms = self._terms()

        def work(conn: Connection) -> list[Json]:
            return [dict(sheet.cells_of(one, terms.clock_zone)) for one in self._held(conn, terms)]

        return await self._office.db.read(work)

    async def _add(self, ask: Ask) -> object:
        """Add one line."""
        terms, reason = self._terms(), reason_of(ask)
        cells = {name: optional(ask, name) for name in sheet.COLUMNS}
        read = sheet.read_line(cells, terms)
        _refuse(read.faults)

        def work(conn: Connection) -> list[Fault]:
            clashes = sheet.clashes(read.lines, register.entries(conn, self._site, terms.now))
            if not clashes:
                entries = [line.entry for line in read.lines]
                register.add(conn, self._site, terms.now, entries, ask.user, reason)
            return clashes

        _refuse(await self._office.db.write(work))
        return {"done": True}

    async def _remove(self, ask: Ask) -> object:
        """End what a line says, now."""
        at, reason, plate = self._office.clock.now(), reason_of(ask), normal_form(text_of(ask, "plate"))
        kind, zone = _kind(text_of(ask, "kind")), ZoneName(optional(ask, "zone")) or None

        def work(conn: Connection) -> int:
            return register.remove(conn, self._site, at, plate, kind, zone, ask.user, reason)

        if not await self._office.db.write(work):
            raise BridgeRefusal("refused", "this plate has no such right any more")
        return {"done": True}

    async def _check(self, ask: Ask) -> object:
        """Tell every mistake of a table, and what it would change."""
        terms = self._terms()
        read = await asyncio.to_thread(self._read, ask, terms)
        found = await self._office.db.read(lambda conn: difference(read.lines, self._held(conn, terms), terms.now))
        return {
            "mistakes": [asdict(one) for one in read.faults[:MOST_SHOWN]],
            "mistaken": len(read.faults),
            "counts": _counts(found),
            "new": _shown(found.new, terms),
            "changed": [
                {"old": _cells(one.old, terms), "new": _cells(one.new, terms)} for one in found.changed[:MOST_SHOWN]
            ],
            "gone": _shown(found.gone, terms),
            "digest": found.digest(terms.now),
        }

    async def _import(self, ask: Ask) -> object:
        """Bring the register to what a table says, as it was shown; what the table leaves out ends if that is asked."""
        terms, reason, ends = self._terms(), reason_of(ask), ask.args.get("end_gone") is True
        read = await asyncio.to_thread(self._read, ask, terms)
        _refuse(read.faults)
        seen = text_of(ask, "digest")

        def work(conn: Connection) -> Difference:
            found = difference(read.lines, self._held(conn, terms), terms.now)
            if found.digest(terms.now) != seen:
                raise BridgeRefusal("refused", "the register was changed meanwhile: look at the difference again")
            self._apply(conn, terms, found, ask.user, reason, ends=ends)
            return found

        return _counts(await self._office.db.write(work))

    def _apply(self, conn: Connection, terms: Terms, found: Difference, by: str, reason: str, *, ends: bool) -> None:
        ended = [*(one.old for one in found.changed), *(found.gone if ends else ())]
        for one in ended:
            register.remove(conn, self._site, terms.now, one.plate, one.kind, one.zone, by, reason)
        added = [*found.new, *(one.new for one in found.changed)]
        lines = [sheet.Line(0, one) for one in added]
        _refuse(sheet.clashes(lines, register.entries(conn, self._site, terms.now)))
        if added:
            register.add(conn, self._site, terms.now, added, by, reason)
        body: dict[str, object] = {**_counts(found), "ended": ends, "reason": reason}
        write_entries(conn, self._site, terms.now, [JournalEntry("person", by, "rights imported", body=body)])

    def _held(self, conn: Connection, terms: Terms) -> list[Entry]:
        """Give the lines of the register, but those of cards that were sold: these are changed with the card."""
        sold = frozenset(conn.execute(select(month_card.c.id).where(month_card.c.site == self._site)).scalars())
        return [one for one in register.entries(conn, self._site, terms.now) if one.card not in sold]

    def _read(self, ask: Ask, terms: Terms) -> Sheet:
        rows = ask.args.get("rows")
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
            raise BridgeRefusal("bad_args", f"rows: from 1 to {MOST_ROWS} of them")
        out = StringIO(newline="")
        writer = csv.writer(out)
        writer.writerows([[str(cell) for cell in row] for row in rows if isinstance(row, list)])
        return sheet.read_file(out.getvalue(), terms)

    def _terms(self) -> Terms:
        return Terms(self._config.park, self._config.site.zone_info, self._office.clock.now())


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        told = [f"{f'row {one.row}: ' if one.row else ''}{one.column}: {one.what}; {one.remedy}" for one in faults[:3]]
        raise BridgeRefusal("bad_args", "\n".join(told))


def _kind(text: str) -> RightKind:
    for kind in RightKind:
        if kind.value == text.upper():
            return kind
    raise BridgeRefusal("bad_args", f"kind: one of {', '.join(sheet.KINDS)}")


def _shown(entries: Sequence[Entry], terms: Terms) -> list[dict[str, str]]:
    return [_cells(one, terms) for one in entries[:MOST_SHOWN]]


def _cells(entry: Entry, terms: Terms) -> dict[str, str]:
    return cells_of(entry, terms.now, terms.clock_zone)


def _counts(found: Difference) -> dict[str, int]:
    return {"new": len(found.new), "changed": len(found.changed), "gone": len(found.gone), "same": found.same}
