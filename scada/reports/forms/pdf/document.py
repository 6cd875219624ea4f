"""A report as PDF, its charts drawn as lines and not as pictures, its font inside: it reads the same everywhere."""

from typing import Final, assert_never

from scada.model.saying import say
from scada.reports.documents.document import Chart, Report, Section
from scada.reports.forms.cells import Tongue
from scada.reports.forms.chart.drawing import HEIGHT, Bar, Mark, Path, Rule, Text, drawn
from scada.reports.forms.chart.drawing import SIZE as LETTERS
from scada.reports.forms.pdf.rows import write_table
from scada.reports.forms.pdf.sheet import FAINT, INK, LINE, MARGIN, PAGE_WIDTH, Colour, Paper, width_of

_SHADES: Final[tuple[Colour, ...]] = (
    (0.12, 0.37, 0.62),
    (0.71, 0.4, 0.11),
    (0.18, 0.49, 0.31),
    (0.54, 0.23, 0.56),
    (0.66, 0.2, 0.23),
    (0.3, 0.49, 0.54),
    (0.48, 0.42, 0.12),
    (0.36, 0.37, 0.4),
)
_WITH_TABLE: Final = 90.0
_WITH_CHART: Final = HEIGHT + 90.0
"""The room that a heading wants below it, so that it does not stand alone."""
_WARNING: Final[Colour] = (0.66, 0.2, 0.23)


def pdf(report: Report, tongue: Tongue) -> tuple[str, bytes]:
    """Write a report as PDF."""
    title, days = tongue.say(report.title), tongue.days(report.days)
    paper = Paper(f"{title} {days}", f"{tongue.of_site(report)} · {title} · {days}")
    paper.paragraph(title, 16, after=1)
    made = tongue.say(say("made at %(at)s", at=tongue.moment(report.made_at)))
    paper.paragraph(f"{tongue.of_site(report)} · {days} · {made} ({report.site.zone.key})", 9, FAINT)
    if not report.agrees:
        paper.paragraph(tongue.say(say("Something here needs a person.")), 10, _WARNING)
    for section in report.sections:
        _section(paper, section, tongue)
    return "pdf", paper.bytes()


def _section(paper: Paper, section: Section, tongue: Tongue) -> None:
    if paper.room < (_WITH_TABLE if section.chart is None else _WITH_CHART):
        paper.turn()
    paper.y += 8
    paper.paragraph(tongue.say(section.heading), 12, after=3)
    for note in section.notes:
        paper.paragraph(tongue.say(note), 9, FAINT)
    if section.figures:
        _figures(paper, section, tongue)
    if section.chart is not None and section.chart.labels:
        _chart(paper, section.chart, tongue)
    if section.table is not None and section.table.rows:
        write_table(paper, section.table, tongue)
    elif section.table is not None:
        paper.paragraph(tongue.say(say("none")), 9, FAINT)


def _figures(paper: Paper, section: Section, tongue: Tongue) -> None:
    """Write the figures side by side, with their names above."""
    x = MARGIN
    paper.y += 2
    for one in section.figures:
        title, told = tongue.say(one.title), tongue.shown(one.value, one.kind) or "–"
        width = max(width_of(title, 8), width_of(told, 12)) + 18
        if x + width > PAGE_WIDTH - MARGIN and x > MARGIN:
            x, paper.y = MARGIN, paper.y + 30
        if paper.room < 30:
            paper.turn()
            x = MARGIN
        paper.text(x, paper.y + 9, title, 8, FAINT)
        paper.text(x, paper.y + 23, told, 12)
        x += width
    paper.y += 32


def _chart(paper: Paper, chart: Chart, tongue: Tongue) -> None:
    drawing = drawn(chart, tongue)
    if paper.room < drawing.height:
        paper.turn()
    for mark in drawing.marks:
        _mark(paper, mark)
    paper.y += drawing.height + 4


def _mark(paper: Paper, mark: Mark) -> None:
    left, top = MARGIN, paper.y
    match mark:
        case Bar(x, y, width, height, shade, _):
            paper.box(left + x, top + y, width, height, _SHADES[shade])
        case Path(points, shade):
            paper.path([(left + x, top + y) for x, y in points], _SHADES[shade])
        case Rule(x1, y1, x2, y2, is_base):
            paper.line(left + x1, top + y1, left + x2, top + y2, INK if is_base else LINE)
        case Text(x, y, text, anchor):
            paper.text(left + x, top + y, text, LETTERS, FAINT, anchor)
        case _:
            assert_never(mark)
