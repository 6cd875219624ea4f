"""The report `reconciliation`: our orders, WeChat's bills and the bank, day by day."""

from collections.abc import Sequence

from sqlalchemy import Connection

from scada.model.saying import say
from scada.reports.documents.asked import Asked, Verdict
from scada.reports.documents.document import (
    Cell,
    Chart,
    Figure,
    Kind,
    Section,
    Series,
    Shape,
    Table,
    code,
    count,
    day,
    fen,
    yes,
)
from scada.reports.reconciliation import ChannelDay, read_channel

_COLUMNS = (
    day("day", say("Day")),
    count("orders", say("Orders")),
    fen("taken_fen", say("Taken, yuan")),
    count("refunds", say("Refunds"), only_data=True),
    fen("given_back_fen", say("Given back, yuan")),
    fen("fee_fen", say("Our fees, yuan"), only_data=True),
    code("state", say("WeChat's bill")),
    count("billed", say("Rows of the bill")),
    fen("came_fen", say("Came by the bill, yuan")),
    fen("went_fen", say("Went by the bill, yuan")),
    fen("bill_fee_fen", say("Fees of the bill, yuan")),
    count("differences", say("Differences")),
    count("waiting", say("Waiting"), only_data=True),
    count("others", say("Of others"), only_data=True),
    fen("others_fen", say("Of others, yuan"), only_data=True),
    fen("bank_fen", say("To the bank, yuan")),
    count("unexplained", say("Unexplained"), only_data=True),
    fen("held_fen", say("WeChat held, yuan"), adds=False),
    fen("ledger_fen", say("Ledger says, yuan"), adds=False),
    yes("agrees", say("Agrees")),
)


def reconciliation(connection: Connection, asked: Asked) -> Verdict:
    """Tell how the channel agrees."""
    found = read_channel(connection, asked.site, asked.since, asked.until, asked.zone)
    wrong = [one for one in found if not one.agrees]
    figures = (
        Figure("taken_fen", say("Taken, yuan"), sum(one.taken_fen for one in found), Kind.FEN),
        Figure("fee_fen", say("Our fees, yuan"), sum(one.fee_fen for one in found), Kind.FEN),
        Figure("bank_fen", say("To the bank, yuan"), sum(one.bank_fen for one in found), Kind.FEN),
        Figure("not_agreeing", say("Days that do not agree"), len(wrong)),
    )
    days = ", ".join(one.day.isoformat() for one in wrong)
    note = say("Not in agreement: %(days)s", days=days) if wrong else say("Every day agrees.")
    table = Table("days", _COLUMNS, tuple(map(_row, found)))
    return Verdict((Section(say("Day by day"), (note,), figures, table, _chart(found), name="all"),), agrees=not wrong)


def _row(one: ChannelDay) -> tuple[Cell, ...]:
    return tuple(getattr(one, column.key) for column in _COLUMNS)


def _chart(found: Sequence[ChannelDay]) -> Chart:
    taken = Series(say("Taken"), tuple(one.taken_fen for one in found))
    came = Series(say("Came by the bill"), tuple(one.came_fen for one in found))
    return Chart(Shape.BARS, tuple(one.day for one in found), (taken, came), Kind.FEN)
