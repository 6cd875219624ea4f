"""The report `uncertain`: passages of which nobody can say what came of their cars, as the list stands now."""

from sqlalchemy import Connection

from scada.model.saying import say
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.document import Figure, Section, code, count, moment, passage, plate, table_of, text
from scada.store import doubts

_COLUMNS = (
    count("id", say("Entry"), adds=False),
    moment("at", say("Noticed")),
    text("lane", say("Lane")),
    passage("passage", say("Passage")),
    count("number", say("Number of the passage"), adds=False, only_data=True),
    plate("plate", say("Plate")),
    text("stay", say("Stay")),
    code("why", say("Why")),
)


def uncertain(connection: Connection, asked: Asked) -> Sections:
    """List what nobody has settled yet, however old."""
    found = doubts.still_open(connection, asked.site)
    figures = (Figure("open", say("Still open"), len(found)),)
    note = say("The list as it stands now, whatever days are asked for.")
    table = table_of("uncertain", _COLUMNS, found)
    return (Section(say("In doubt"), (note,), figures, table),)
