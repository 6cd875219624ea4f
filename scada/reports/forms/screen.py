"""A report on a terminal."""

from scada import say
from scada.model.saying import say as words
from scada.reports.documents.document import Kind, Report, Section, Table
from scada.reports.forms.cells import Tongue

_WHOLE = frozenset({Kind.PLATE, Kind.FEN})
"""Not to be read in pieces."""


def show(report: Report, tongue: Tongue) -> None:
    """Show a report, section by section."""
    title = f"{tongue.of_site(report)}: {tongue.say(report.title)}, {tongue.days(report.days)} ({report.site.zone.key})"
    say.tell(title)
    for section in report.sections:
        _show(section, tongue)


def _show(section: Section, tongue: Tongue) -> None:
    say.tell("")
    heading = tongue.say(section.heading)
    if section.table is None:
        say.tell(heading)
    elif section.table.rows:
        _show_table(heading, section.table, tongue)
    else:
        say.tell(f"{heading}: {tongue.say(words('none'))}")
    for one in section.figures:
        say.tell(f"{tongue.say(one.title)}: {tongue.shown(one.value, one.kind) or '-'}")
    for note in section.notes:
        say.tell(tongue.say(note))


def _show_table(heading: str, table: Table, tongue: Tongue) -> None:
    shown = [place for place, column in enumerate(table.columns) if not column.only_data]
    sums = table.totals
    rows = table.rows if sums is None else (*table.rows, sums)
    writers = [(place, tongue.writer(table.columns[place])) for place in shown]
    cells = [[write(row[place]) for place, write in writers] for row in rows]
    if sums is not None and not cells[-1][0]:
        cells[-1][0] = tongue.say(words("all together"))
    heads = [tongue.say(table.columns[place].title) for place in shown]
    whole = {number for number, place in enumerate(shown) if table.columns[place].kind in _WHOLE}
    say.show_table(heading, heads, cells, whole)
