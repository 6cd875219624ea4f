"""The report `calls`: every call for help, how long it waited, and how it ended."""

from dataclasses import asdict

from sqlalchemy import Connection

from scada.model.saying import say
from scada.reports.calls import TARGET_S, CallSums, read_calls, sums
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.document import Figure, Kind, Section, code, count, moment, seconds, table_of, text

_COLUMNS = (
    moment("at", say("Called at")),
    text("lane", say("Lane")),
    code("by", say("By")),
    count("presses", say("Presses"), adds=False),
    text("answered_by", say("Answered by")),
    seconds("answered_after_s", say("Answered after")),
    seconds("handled_s", say("Handled in")),
    text("outcome", say("Outcome")),
)


def calls(connection: Connection, asked: Asked) -> Sections:
    """Tell every call for help."""
    rows = read_calls(connection, asked.site, asked.since, asked.until)
    return (
        Section(say("All calls"), figures=_figures(sums(rows)), name="sums"),
        Section(say("Calls one by one"), table=table_of("calls", _COLUMNS, rows)),
    )


def _figures(every: CallSums) -> tuple[Figure, ...]:
    titles = {
        "calls": say("Calls"),
        "unanswered": say("Nobody answered"),
        "in_time": say("Answered within %(limit)s s", limit=f"{TARGET_S:g}"),
        "answer_median_s": say("Time to answer, median"),
        "answer_worst_s": say("Time to answer, longest"),
        "handle_median_s": say("Time to handle, median"),
    }
    kinds = {name: Kind.DURATION if name.endswith("_s") else Kind.COUNT for name in titles}
    return tuple(Figure(name, titles[name], value, kinds[name]) for name, value in asdict(every).items())
