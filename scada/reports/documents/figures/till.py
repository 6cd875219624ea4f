"""The report `till`: what each cashier's till took, held and handed over, shift by shift."""

from collections.abc import Sequence
from dataclasses import asdict
from operator import itemgetter

from sqlalchemy import Connection

from billing.counter import shifts
from billing.counter.words import Shift
from scada.model.saying import say
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.document import (
    Cell,
    Chart,
    Column,
    Figure,
    Kind,
    Section,
    Series,
    Shape,
    Table,
    code,
    count,
    fen,
    moment,
    text,
)

_OPERATOR = text("operator", say("Cashier"))
_TAKEN = (
    count("stays", say("Stays")),
    fen("stays_fen", say("For stays, yuan")),
    count("arrears", say("Old debts")),
    fen("arrears_fen", say("For old debts, yuan")),
    count("voids", say("Taken back")),
    fen("voids_fen", say("Taken back, yuan")),
)
_DIFFERENCE = fen("difference_fen", say("Too much or missing, yuan"))
_COLUMNS = (
    _OPERATOR,
    moment("opened_at", say("Opened")),
    moment("closed_at", say("Handed over")),
    fen("float_fen", say("Change, yuan"), adds=False),
    *_TAKEN,
    fen("expected_fen", say("By the books, yuan"), adds=False),
    fen("counted_fen", say("Counted, yuan"), adds=False),
    _DIFFERENCE,
    code("handed_to", say("Handed to")),
    text("taken_by", say("Taken by")),
    text("note", say("Note")),
)
_CASHIERS = (_OPERATOR, count("shifts", say("Shifts")), *_TAKEN, _DIFFERENCE)


def till(connection: Connection, asked: Asked) -> Sections:
    """Tell the shifts that were open at some time of the days, the newest first, and what each cashier's come to."""
    found = shifts.between(connection, asked.site, asked.since, asked.until)
    rows = [_row(connection, one) for one in found if asked.options.get("operator") in (None, one.operator)]
    cashiers = [_together(name, rows) for name in sorted({str(row["operator"]) for row in rows})]
    return (
        Section(say("All tills"), figures=_figures(rows), name="sums"),
        Section(say("By cashier"), table=_table("cashiers", _CASHIERS, cashiers), chart=_chart(cashiers)),
        Section(say("Shifts one by one"), table=_table("tills", _COLUMNS, rows)),
    )


def _row(connection: Connection, shift: Shift) -> dict[str, Cell]:
    told = {**asdict(shift), **shifts.sums(connection, shift.id), "difference_fen": shift.difference_fen}
    return {**told, "handed_to": shift.handed_to.value if shift.handed_to else None}


def _together(operator: str, rows: Sequence[dict[str, Cell]]) -> dict[str, Cell]:
    """Add the shifts of a cashier up."""
    mine = [row for row in rows if row["operator"] == operator]
    sums: dict[str, Cell] = {column.key: _sum(mine, column.key) for column in (*_TAKEN, _DIFFERENCE)}
    return {"operator": operator, "shifts": len(mine), **sums}


def _sum(rows: Sequence[dict[str, Cell]], key: str) -> int:
    return sum(value for row in rows if isinstance(value := row[key], int))


def _figures(rows: Sequence[dict[str, Cell]]) -> tuple[Figure, ...]:
    taken = _sum(rows, "stays_fen") + _sum(rows, "arrears_fen")
    return (
        Figure("shifts", say("Shifts"), len(rows)),
        Figure("open", say("Not handed over yet"), sum(row["closed_at"] is None for row in rows)),
        Figure("taken_fen", say("Taken, yuan"), taken, Kind.FEN),
        Figure("voids_fen", say("Taken back, yuan"), _sum(rows, "voids_fen"), Kind.FEN),
        Figure("difference_fen", say("Too much or missing, yuan"), _sum(rows, "difference_fen"), Kind.FEN),
    )


def _table(name: str, columns: tuple[Column, ...], rows: Sequence[dict[str, Cell]]) -> Table:
    cells = itemgetter(*(column.key for column in columns))
    return Table(name, columns, tuple(tuple(cells(row)) for row in rows))


def _chart(cashiers: Sequence[dict[str, Cell]]) -> Chart:
    taken = tuple(_sum([one], "stays_fen") + _sum([one], "arrears_fen") for one in cashiers)
    labels = tuple(str(one["operator"]) for one in cashiers)
    return Chart(Shape.BARS, labels, (Series(say("Taken, yuan"), taken),), Kind.FEN)
