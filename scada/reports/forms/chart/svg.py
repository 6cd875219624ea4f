"""A chart as SVG inside a page. Its colours are the page's: nothing of it is a style of its own."""

from html import escape
from typing import assert_never

from scada.reports.documents.document import Chart
from scada.reports.forms.cells import Tongue
from scada.reports.forms.chart.drawing import SIZE, Bar, Mark, Path, Rule, Text, drawn


def svg(chart: Chart, title: str, tongue: Tongue) -> str:
    """Write a chart as an SVG element; `title` is what those hear who do not see it."""
    drawing = drawn(chart, tongue)
    marks = "".join(_mark(mark) for mark in drawing.marks)
    return (
        f'<svg class="chart" viewBox="0 0 {drawing.width:g} {drawing.height:g}" role="img"'
        f' aria-label="{escape(title)}" font-size="{SIZE:g}">{marks}</svg>'
    )


def _mark(mark: Mark) -> str:
    match mark:
        case Bar(x, y, width, height, shade, told):
            place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.2f}" height="{height:.2f}"'
            return f'<rect class="s{shade}" {place}><title>{escape(told)}</title></rect>'
        case Path(points, shade) if len(points) == 1:
            (x, y) = points[0]
            return f'<circle class="s{shade}" cx="{x:.1f}" cy="{y:.1f}" r="2"/>'
        case Path(points, shade):
            places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            return f'<polyline class="l{shade}" points="{places}"/>'
        case Rule(x1, y1, x2, y2, is_base):
            kind = "base" if is_base else "rule"
            return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
        case Text(x, y, text, anchor):
            return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
        case _:
            assert_never(mark)
