"""Rows of the tables, collected while a month is made and written in one go: much faster than living through it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, Table, insert

from billing.accounts.book import post_all
from billing.accounts.chart import Entry
from scada.model.names import SiteId
from scada.ports import JournalEntry
from scada.store import schema
from scada.store.journal import write_entries

ORDER: Final = (
    schema.merchant,
    schema.till_shift,
    schema.stay,
    schema.quote,
    schema.demand,
    schema.pay_order,
    schema.settlement,
    schema.parking_deduction,
    schema.refund,
    schema.month_card,
    schema.card_period,
    schema.plate_right,
    schema.voucher,
    schema.open_request,
    schema.cash_payment,
    schema.passage,
    schema.rise,
    schema.intent,
    schema.camera_read,
    schema.help_call,
    schema.mode_period,
    schema.lane_fault,
    schema.gate_cycle,
    schema.uncertain,
)
"""Parents before children."""
AT_ONCE: Final = 500


class Rows:
    """What shall stand in the tables."""

    def __init__(self, site: SiteId) -> None:
        self.site = site
        self.of: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
        self.entries: list[tuple[datetime, Entry]] = []
        self.told: list[tuple[datetime, JournalEntry]] = []

    def add(self, table: Table, **values: object) -> dict[str, object]:
        """Keep a row; it may be changed until all are written."""
        row = {"site": self.site, **values}
        self.of[table.name].append(row)
        return row

    def post(self, at: datetime, entry: Entry | None) -> None:
        """Keep an entry of the ledger."""
        if entry is not None:
            self.entries.append((at, entry))

    def tell(self, at: datetime, entry: JournalEntry) -> None:
        """Keep a row of the journal."""
        self.told.append((at, entry))

    def write(self, conn: Connection) -> None:
        """Write everything, in the order of time where that counts."""
        for table in ORDER:
            for piece in _pieces(self.of[table.name]):
                conn.execute(insert(table), piece)
        dated = sorted(self.entries, key=lambda one: (one[0], one[1].ref))
        for at in range(0, len(dated), AT_ONCE):
            post_all(conn, self.site, dated[at : at + AT_ONCE])
        for moment, entries in groupby(sorted(self.told, key=lambda one: one[0]), lambda one: one[0]):
            write_entries(conn, self.site, moment.astimezone(UTC), [entry for _, entry in entries])


def _pieces(rows: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    """Give rows in pieces of one shape, since a statement has the columns of its first row."""
    shapes: defaultdict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        shapes[tuple(sorted(row))].append(row)
    for alike in shapes.values():
        yield from (alike[at : at + AT_ONCE] for at in range(0, len(alike), AT_ONCE))
