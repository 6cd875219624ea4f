"""The report `by-hand`: every opening by a person, and what it cost."""

from sqlalchemy import Connection

from scada.model.saying import say
from scada.reports.byhand import ByHand, Sum, read_by_hand, sums
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.codes import spoken
from scada.reports.documents.document import (
    Cell,
    Chart,
    Figure,
    Section,
    Series,
    Shape,
    Table,
    code,
    count,
    fen,
    moment,
    passage,
    picture,
    plate,
    table_of,
    text,
    yes,
)

_COLUMNS = (
    moment("at", say("Opened at")),
    text("lane", say("Lane")),
    text("person", say("Person")),
    text("second", say("Second person")),
    code("reason", say("Reason")),
    text("note", say("Note")),
    passage("passage", say("Passage"), only_data=True),
    code("outcome", say("Outcome"), only_data=True),
    plate("plate", say("Plate")),
    picture("picture", say("Picture")),
    text("stay", say("Stay"), only_data=True),
    fen("owed_fen", say("Owed, yuan")),
    fen("waived_fen", say("Waived, yuan")),
    yes("to_review", say("To be reviewed")),
)
_SUMS = (
    code("reason", say("Reason")),
    count("openings", say("Openings")),
    fen("owed_fen", say("Owed, yuan")),
    fen("waived_fen", say("Waived, yuan")),
)


def by_hand(connection: Connection, asked: Asked) -> Sections:
    """Tell every opening by a person; a car that was let out twice counts once."""
    openings = read_by_hand(connection, asked.site, asked.since, asked.until)
    reasons = sums(openings)
    review = sum(one.is_to_be_reviewed for one in openings)
    blind = sum(not one.picture for one in openings)
    figures = (
        Figure("openings", say("Openings by hand"), len(openings)),
        Figure("to_be_reviewed", say("To be reviewed"), review),
        Figure("without_picture", say("Without a picture"), blind),
    )
    note = say("Openings for an emergency are looked at by somebody else the next day.")
    return (
        Section(
            say("One by one"), (note,), figures, Table("by_hand", _COLUMNS, tuple(map(_row, openings))), name="all"
        ),
        Section(say("By reason"), table=table_of("sums", _SUMS, reasons), chart=_chart(reasons)),
    )


def _row(one: ByHand) -> tuple[Cell, ...]:
    return (*(getattr(one, column.key) for column in _COLUMNS[:-1]), one.is_to_be_reviewed)


def _chart(reasons: list[Sum]) -> Chart:
    labels = tuple(spoken(one.reason) for one in reasons)
    return Chart(Shape.BARS, labels, (Series(say("Openings"), tuple(one.openings for one in reasons)),))
