"""The report `dues`: what was due and what became of it, day by day; each day adds up to nothing."""

from collections.abc import Sequence

from sqlalchemy import Connection

from scada.model.saying import say
from scada.reports.documents.asked import Asked, Verdict
from scada.reports.documents.document import (
    Chart,
    Column,
    Figure,
    Kind,
    Section,
    Series,
    Shape,
    day,
    fen,
    table_of,
    text,
)
from scada.reports.money.dues import Difference, Dues, read_dues

_FLOWS = {
    "fees_fen": say("Fees, yuan"),
    "received_fen": say("Received, yuan"),
    "vouchers_fen": say("Vouchers, yuan"),
    "by_rule_fen": say("Let off by rule, yuan"),
    "by_people_fen": say("Let off by people, yuan"),
    "made_fen": say("Left owing, yuan"),
    "recovered_fen": say("Old debts paid, yuan"),
    "written_off_fen": say("Written off, yuan"),
    "given_back_fen": say("Given back, yuan"),
    "surplus_fen": say("Paid too much, goes back, yuan"),
}
_DAYS: tuple[Column, ...] = (
    day("day", say("Day")),
    *(fen(key, title) for key, title in _FLOWS.items()),
    fen("ahead_fen", say("Paid ahead at midnight, yuan"), adds=False),
    fen("owed_fen", say("Owed at midnight, yuan"), adds=False),
    fen("stays_rest_fen", say("Rest of the fees, yuan")),
    fen("arrears_rest_fen", say("Rest of the debts, yuan")),
)
_WRONG = (
    day("day", say("Day")),
    text("what", say("What")),
    fen("ledger_fen", say("By the ledger, yuan"), adds=False),
    fen("other_fen", say("By the other side, yuan"), adds=False),
)
_STAYS = say(
    "Fees = received + vouchers + let off by rule and by people + left owing,"
    " and what stays have paid ahead is more or less by the rest."
)
_DEBTS = say("Owed at midnight = owed the midnight before + left owing - old debts paid - written off.")


def dues(connection: Connection, asked: Asked) -> Verdict:
    """Tell the dues of each day, and what of them does not agree."""
    book = read_dues(connection, asked.site, asked.since, asked.until, asked.zone)
    sections = (
        Section(say("Together"), (_STAYS, _DEBTS), figures=_sums(book.days), name="sums"),
        Section(say("By day"), table=table_of("days", _DAYS, book.days), chart=_chart(book.days)),
        _wrong(book.differences),
    )
    return Verdict(sections, agrees=not book.differences)


def _sums(days: Sequence[Dues]) -> tuple[Figure, ...]:
    return tuple(Figure(key, title, sum(getattr(one, key) for one in days), Kind.FEN) for key, title in _FLOWS.items())


def _wrong(differences: Sequence[Difference]) -> Section:
    heading = say("What does not agree")
    if not differences:
        return Section(heading, (say("Every day adds up, and the ledger says what the lanes' own tables say."),))
    return Section(heading, table=table_of("differences", _WRONG, differences))


def _chart(days: Sequence[Dues]) -> Chart:
    told = ("received_fen", "vouchers_fen", "by_rule_fen", "by_people_fen", "made_fen")
    series = tuple(Series(_FLOWS[key], tuple(getattr(one, key) for one in days)) for key in told)
    return Chart(Shape.STACKED, tuple(one.day for one in days), series, Kind.FEN)
