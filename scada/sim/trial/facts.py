"""The product's tables as the judge and the scenarios read them: rows, with nothing reckoned."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, select

from scada.config import Config
from scada.sim.trial.truth import Row
from scada.store import schema
from scada.store.db import database_url, reading_engine
from scada.store.journal import verify

Rows = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Facts:
    """The product's tables. `broken_link` is the first journal row whose seal does not hold."""

    stays: Rows = ()
    passages: Rows = ()
    rises: Rows = ()
    intents: Rows = ()
    settlements: Rows = ()
    quotes: Rows = ()
    orders: Rows = ()
    deductions: Rows = ()
    journal: Rows = ()
    requests: Rows = ()
    cases: Rows = ()
    cash: Rows = ()
    refunds: Rows = ()
    entries_made: Rows = ()
    """The entries of the double-entry books, and their sides."""
    postings: Rows = ()
    doubts: Rows = ()
    """The UNCERTAIN list: what a stocktake has to find out."""
    entries: frozenset[str] = field(default_factory=frozenset)
    """The lanes that lead in."""
    broken_link: int | None = None


def facts_of(config: Config) -> Facts:
    """Read the tables of a site, running or stopped."""
    engine = reading_engine(database_url(config))
    try:
        with engine.connect() as connection:
            entries = frozenset(lane.name for lane in config.lanes if lane.direction == "entry")
            return read_facts(connection, entries)
    finally:
        engine.dispose()


def read_facts(connection: Connection, entries: frozenset[str]) -> Facts:
    """Read the tables."""

    def rows(table: Table) -> Rows:
        return [dict(row) for row in connection.execute(select(table)).mappings()]

    return Facts(
        stays=rows(schema.stay),
        passages=rows(schema.passage),
        rises=rows(schema.rise),
        intents=rows(schema.intent),
        settlements=rows(schema.settlement),
        quotes=rows(schema.quote),
        orders=rows(schema.pay_order),
        deductions=rows(schema.parking_deduction),
        journal=rows(schema.journal),
        requests=rows(schema.open_request),
        cases=rows(schema.case),
        cash=rows(schema.cash_payment),
        refunds=rows(schema.refund),
        entries_made=rows(schema.ledger_entry),
        postings=rows(schema.ledger_posting),
        doubts=rows(schema.uncertain),
        entries=entries,
        broken_link=verify(connection),
    )
