"""A report as HTML: a piece for the control room's page, or a whole page that needs nothing from outside and prints."""

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote

from scada.model.saying import say
from scada.reports.documents.document import NUMBERS, Cell, Column, Kind, Report, Section, Table
from scada.reports.forms.cells import Tongue
from scada.reports.forms.chart.svg import svg

STYLE: Final = Path(__file__).parents[3] / "hmi" / "static" / "control" / "report.css"
"""One look: the control room serves this file, a page of its own carries it."""
_RIGHT: Final = NUMBERS
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def piece(report: Report, tongue: Tongue) -> str:
    """Write a report as an element of a page of ours; pictures and passages are links there."""
    return "".join(_article(report, tongue, links=True))


def piece_file(report: Report, tongue: Tongue) -> tuple[str, bytes]:
    """Write a report as an element for a page of ours."""
    return "piece.html", piece(report, tongue).encode()


def html_file(report: Report, tongue: Tongue) -> tuple[str, bytes]:
    """Write a report as a page that stands alone."""
    return "html", page(report, tongue).encode()


def page(report: Report, tongue: Tongue) -> str:
    """Give the page that stands alone."""
    title = f"{tongue.of_site(report)} · {tongue.say(report.title)} · {tongue.days(report.days)}"
    language = "zh-CN" if tongue.language == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{language}" class="alone"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE.read_text('utf-8')}</style></head>"
        f"<body><main>{''.join(_article(report, tongue, links=False))}</main></body></html>\n"
    )


def _article(report: Report, tongue: Tongue, *, links: bool) -> Iterator[str]:
    made = tongue.say(say("made at %(at)s", at=tongue.moment(report.made_at)))
    yield f'<article class="report"><header><h1>{escape(tongue.say(report.title))}</h1>'
    yield f"<p>{escape(tongue.of_site(report))} · {escape(tongue.days(report.days))} · {escape(made)}"
    yield f" ({escape(report.site.zone.key)})</p></header>"
    if not report.agrees:
        yield f'<p class="verdict">{escape(tongue.say(say("Something here needs a person.")))}</p>'
    for section in report.sections:
        yield from _section(section, tongue, links=links)
    yield "</article>"


def _section(section: Section, tongue: Tongue, *, links: bool) -> Iterator[str]:
    heading = tongue.say(section.heading)
    yield f"<section><h2>{escape(heading)}</h2>"
    for note in section.notes:
        yield f"<p>{escape(tongue.say(note))}</p>"
    if section.figures:
        yield '<dl class="figures">'
        for one in section.figures:
            told = tongue.shown(one.value, one.kind) or "–"
            yield f"<div><dt>{escape(tongue.say(one.title))}</dt><dd>{escape(told)}</dd></div>"
        yield "</dl>"
    if section.chart is not None and section.chart.labels:
        yield f"<figure>{svg(section.chart, heading, tongue)}</figure>"
    if section.table is not None:
        yield from _table(section.table, heading, tongue, links=links)
    yield "</section>"


def _table(table: Table, heading: str, tongue: Tongue, *, links: bool) -> Iterator[str]:
    if not table.rows:
        yield f'<p class="none">{escape(tongue.say(say("none")))}</p>'
        return
    shown = [(place, column, _side(column)) for place, column in enumerate(table.columns) if _is_shown(column, links)]
    writers = [(place, side, _writer(column, tongue, links)) for place, column, side in shown]
    yield f'<div class="rows" tabindex="0" role="region" aria-label="{escape(heading)}"><table><thead><tr>'
    for _, column, side in shown:
        yield f'<th scope="col"{side}>{escape(tongue.say(column.title))}</th>'
    yield "</tr></thead><tbody>"
    for row in table.rows:
        yield f"<tr>{''.join([f'<td{side}>{write(row[place])}</td>' for place, side, write in writers])}</tr>"
    yield "</tbody>"
    if (sums := table.totals) is not None:
        totals = [escape(tongue.cell(sums[place], column)) for place, column, _ in shown]
        totals[0] = totals[0] or escape(tongue.say(say("all together")))
        cells = "".join(f"<td{side}>{cell}</td>" for (*_, side), cell in zip(shown, totals, strict=True))
        yield f"<tfoot><tr>{cells}</tr></tfoot>"
    yield "</table></div>"


def _is_shown(column: Column, links: bool) -> bool:
    """Say whether a column stands there; a passage always does where it is a link to its replay."""
    return not column.only_data or (links and column.kind is Kind.PASSAGE)


def _side(column: Column) -> str:
    return ' class="n"' if column.kind in _RIGHT or column.kind is Kind.LIST else ""


def _writer(column: Column, tongue: Tongue, links: bool) -> Callable[[Cell], str]:
    write = tongue.writer(column)
    if column.kind in NUMBERS:
        return write
    if links and column.kind is Kind.PICTURE:
        return _link(write, "/pictures/", tongue.say(say("picture")))
    if links and column.kind is Kind.PASSAGE:
        return _link(write, "/passages/", tongue.say(say("replay")) if column.only_data else "")
    return lambda cell: escape(write(cell))


def _link(write: Callable[[Cell], str], path: str, word: str) -> Callable[[Cell], str]:
    """Give what writes a link; without a word the thing's own name is the text."""

    def link(cell: Cell) -> str:
        told = write(cell)
        where = f"{path}{quote(told, safe='')}"
        return f'<a href="{where}" target="_blank" rel="noopener">{escape(word or told)}</a>' if told else ""

    return link
