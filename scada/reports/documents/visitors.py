"""The report `visitors`: whom each host announced, who came, and what that cost it."""

from sqlalchemy import Connection

from billing.bookings.book import rules_of
from billing.bookings.report import read_visitors, sums
from scada.model.saying import say
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.document import (
    Section,
    code,
    count,
    fen,
    moment,
    plate,
    table_of,
    text,
)

_VISITORS = (
    text("host", say("Host")),
    moment("since", say("From")),
    moment("until", say("Until")),
    plate("plate", say("Plate")),
    text("note", say("Note")),
    code("pays", say("Who pays")),
    count("value", say("Of it"), adds=False, only_data=True),
    code("state", say("State")),
    count("came", say("Came so often")),
    fen("let_off_fen", say("Let off, yuan")),
    fen("part_fen", say("Host's part, yuan")),
)
_HOSTS = (
    text("host", say("Host")),
    count("booked", say("Booked")),
    count("came", say("Came")),
    count("missed", say("Did not come")),
    count("withdrawn", say("Withdrawn")),
    count("visits", say("Visits")),
    fen("let_off_fen", say("Let off, yuan")),
    fen("part_fen", say("Host's part, yuan")),
)


def visitors(connection: Connection, asked: Asked) -> Sections:
    """Tell the visitors of some days, host by host."""
    config = asked.config
    rules, host = rules_of(config.visitors, config.limits), asked.options.get("host", "")
    rows = read_visitors(connection, asked.site, rules, asked.now, asked.since, asked.until, host)
    return (
        Section(say("Visitors one by one"), table=table_of("visitors", _VISITORS, rows)),
        Section(say("By host"), table=table_of("hosts", _HOSTS, sums(rows))),
    )
