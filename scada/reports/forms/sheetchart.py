"""A chart of a workbook: a sheet with its numbers, and Excel's own chart drawn from them."""

from typing import Final, assert_never

from openpyxl import Workbook
from openpyxl.chart import BarChart, LineChart, Reference

from scada.reports.documents.document import Chart, Kind, Shape
from scada.reports.forms.cells import Tongue
from scada.reports.forms.sheettext import sheet_text

_WIDTH_CM, _HEIGHT_CM = 26, 12
_FORMATS: Final = {Kind.FEN: "#,##0.00", Kind.PERCENT: "0.0%", Kind.FIGURE: "#,##0.00"}


def chart_sheet(book: Workbook, name: str, chart: Chart, title: str, tongue: Tongue) -> None:
    """Write the numbers as columns, and the chart beside them."""
    sheet = book.create_sheet(name)
    sheet.append([None, *(sheet_text(sheet, tongue.say(one.title)) for one in chart.series)])
    for place, label in enumerate(chart.labels):
        numbers = (_number(one.values[place], chart.kind) for one in chart.series)
        sheet.append([sheet_text(sheet, tongue.label(label)), *numbers])
    drawn = _drawn(chart.shape)
    last = len(chart.labels) + 1
    columns = Reference(sheet, min_col=2, max_col=len(chart.series) + 1, min_row=1, max_row=last)
    drawn.add_data(columns, titles_from_data=True)
    drawn.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=last))
    drawn.title, drawn.width, drawn.height = title, _WIDTH_CM, _HEIGHT_CM
    drawn.y_axis.number_format = _FORMATS.get(chart.kind, "#,##0")
    drawn.x_axis.delete = drawn.y_axis.delete = False
    if len(chart.series) == 1:
        drawn.legend = None
    sheet.add_chart(drawn, f"{_beside(len(chart.series))}2")


def _drawn(shape: Shape) -> BarChart | LineChart:
    match shape:
        case Shape.LINES:
            return LineChart()
        case Shape.BARS | Shape.HISTOGRAM:
            drawn = BarChart()
            drawn.gapWidth = 0 if shape is Shape.HISTOGRAM else 60
            return drawn
        case Shape.STACKED:
            drawn = BarChart()
            drawn.grouping, drawn.overlap = "stacked", 100
            return drawn
        case _:
            assert_never(shape)


def _number(value: float | None, kind: Kind) -> float | None:
    """Give a number as people read it: yuan."""
    return value / 100 if kind is Kind.FEN and value is not None else value


def _beside(series: int) -> str:
    """Name the column in which the chart begins: beside the numbers."""
    return chr(ord("A") + min(series + 2, 25))
