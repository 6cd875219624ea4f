"""A report on paper, in a workbook and as a page: the figures are the same, and nothing is fetched from anywhere."""

import io
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFontFace

from hmi.i18n import build
from scada.model.plate import PROVINCES
from scada.model.saying import say
from scada.reports.documents.document import (
    Chart,
    Figure,
    Kind,
    Report,
    Section,
    Series,
    Shape,
    Table,
    code,
    count,
    counts,
    day,
    fen,
    moment,
    passage,
    percent,
    picture,
    seconds,
    text,
    yes,
)
from scada.reports.forms.cells import tongue
from scada.reports.forms.chart.drawing import HEIGHT, WIDTH, Bar, Path, drawn
from scada.reports.forms.chart.scale import scale_of
from scada.reports.forms.files import written
from scada.reports.forms.page import piece
from scada.reports.forms.pdf.sheet import FONT, load_font, width_of, wrapped
from tests.support.documents import SHANGHAI, sample

ZH, EN = tongue("zh", SHANGHAI), tongue("en", SHANGHAI)
AT = datetime(2026, 4, 30, 16, 30, tzinfo=UTC)
COLUMNS = (
    moment("at", say("Opened at")),
    day("day", say("Day")),
    text("plate", say("Plate")),
    code("reason", say("Reason")),
    count("openings", say("Openings")),
    fen("owed_fen", say("Owed, yuan")),
    seconds("handled_s", say("Handled in")),
    percent("read", say("Read")),
    counts("outcomes", say("Outcome"), words=("FORWARD", "TAILGATE")),
    yes("review", say("To be reviewed")),
    picture("picture", say("Picture"), only_data=True),
)
ROWS = (
    (AT, date(2026, 5, 1), "京A12345", "GOODWILL", 3, 123_456, 90.0, 0.5, {"FORWARD": 2}, True, "a.jpg"),
    (AT, date(2026, 5, 1), "=HYPERLINK(1)", "QUEUE", 4, 44, None, None, {"TAILGATE": 1}, False, None),
)


def whole(rows: int = 1) -> Report:
    chart = Chart(Shape.STACKED, ("in1", "out1"), (Series(say("Openings"), (3, 4)), Series(say("Free"), (1, None))))
    figure = Figure("owed", say("Owed, yuan"), 123_500, Kind.FEN)
    note = say("Openings for an emergency are looked at by somebody else the next day.")
    first = Section(say("By reason"), (note,), (figure,), chart=chart)
    return sample(sections=(first, Section(say("One by one"), table=Table("all", COLUMNS, ROWS * rows))))


def test_a_workbook_holds_numbers_and_times_and_no_formula() -> None:
    book = load_workbook(io.BytesIO(written(whole(), ZH, "xlsx").content))
    sheet = book["明细"]
    head, first, second, sums = ([cell.value for cell in row] for row in sheet.iter_rows())
    assert head[4:6] == ["开闸次数", "欠费（元）"]
    assert [f"{cell:%Y-%m-%d %H:%M}" for cell in first[:2]] == ["2026-05-01 00:30", "2026-05-01 00:00"]
    assert first[2:6] == ["京A12345", "客诉减免", 3, 1234.56]
    assert first[6:10] == [timedelta(seconds=90), 0.5, 2, 0]
    assert (second[2], sheet["C3"].data_type) == ("=HYPERLINK(1)", "s")
    assert (sums[0], sums[4], sums[5]) == ("合计", 7, 1235)
    assert (sheet.freeze_panes, sheet["F2"].number_format, sheet["A2"].number_format) == (
        "A2",
        "#,##0.00",
        "yyyy-mm-dd hh:mm:ss",
    )
    assert (sheet.column_dimensions["A"].width or 0) > 18
    assert ["欠费（元）", 1235] in [[cell.value for cell in row[:2]] for row in book.worksheets[0].iter_rows()]


def test_a_workbook_has_charts_of_its_own_drawn_from_their_numbers() -> None:
    paid = Chart(Shape.BARS, ("=HYPERLINK(1)", "wang"), (Series(say("Taken, yuan"), (150, None)),), Kind.FEN)
    report = sample(sections=(*whole().sections, Section(say("By reason"), chart=paid)))
    _front, stacked, _table, bars = load_workbook(io.BytesIO(written(report, ZH, "xlsx").content)).worksheets
    assert [[cell.value for cell in row] for row in stacked.iter_rows()][1:] == [["in1", 3, 1], ["out1", 4, None]]
    (chart,) = charts_of(stacked)
    assert (chart.grouping, len(chart.series)) == ("stacked", 2)
    assert (bars["A2"].value, bars["A2"].data_type, bars["B2"].value) == ("=HYPERLINK(1)", "s", 1.5)
    assert len(charts_of(bars)) == 1


def charts_of(sheet: object) -> list[Any]:
    """The library keeps them without a name of its own for readers."""
    return list(vars(sheet)["_charts"])


@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\ud800", "\ufffe", "\uffff"])
def test_a_sign_that_somebody_typed_and_no_xml_may_hold_spoils_no_workbook(sign: str) -> None:
    table = Table("notes", (text("note", say("Note")),), ((f"a{sign}b",),))
    content = written(sample(sections=[Section(say("One by one"), table=table)]), ZH, "xlsx").content
    assert load_workbook(io.BytesIO(content))["明细"]["A2"].value == "ab"


def test_two_sections_of_one_name_and_a_name_that_excel_does_not_take_get_sheets_of_their_own() -> None:
    table = Table("all", COLUMNS[:1], ((AT,),))
    headings = (say("By lane"), say("By lane"), say("%(a)s: [%(a)s]/*", a="x" * 40))
    book = load_workbook(
        io.BytesIO(written(sample(sections=[Section(h, table=table) for h in headings]), EN, "xlsx").content)
    )
    assert book.sheetnames == ["Report", "By lane", "By lane 2", "x" * 28]


def test_a_pdf_brings_its_font_along_and_its_chinese_can_be_read_and_copied() -> None:
    content = written(whole(rows=60), ZH, "pdf").content
    assert content.count(b"/FontFile2") >= 1
    file = pypdfium2.PdfDocument(content)
    try:
        pages = [page.get_textpage().get_text_range() for page in file]
        assert len(pages) > 2
        assert all("开闸时间" in page for page in pages[1:]), "the head stands on every page"
        for words in ("人工开闸", "示范停车场", "2026-05-01 至 2026-05-31", "1,235.00", "京A12345", "客诉减免"):
            assert words in pages[0] + pages[1]
        assert "合计" in pages[-1]
        shades = file[0].render(scale=1).to_pil().convert("RGB").getcolors(100_000)
        assert (31, 94, 158) in {colour for _, colour in shades}, "the chart is drawn"
    finally:
        file.close()


def test_every_sign_of_the_catalogue_and_of_plates_has_a_shape_in_the_font() -> None:
    load_font()
    face: TTFontFace = getattr(pdfmetrics.getFont(FONT), "face")  # noqa: B009  # its type does not tell
    shapes = face.charToGlyph
    chinese = "".join(str(message.string) for message in build.known())
    assert {sign for sign in chinese + PROVINCES if sign.isprintable() and ord(sign) not in shapes} == set()


def test_a_long_text_goes_on_in_the_next_line_and_loses_nothing() -> None:
    load_font()
    for told in ("a long note of many words " * 5, "没有空格的一长串汉字" * 8, "W" * 200, "two\nlines"):
        lines = wrapped(told, 8, 90)
        assert "".join("".join(lines).split()) == "".join(told.split())
        assert all(width_of(line, 8) <= 90 for line in lines)


class Outside(HTMLParser):
    """Collects whatever a page would fetch, and every style or script of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [
            (name, value or "") for name, value in attrs if name in ("src", "href", "style") or name[:2] == "on"
        ]


def test_a_page_fetches_nothing_and_has_no_script_and_its_piece_no_style() -> None:
    outside, inside = Outside(), Outside()
    outside.feed(written(whole(), ZH, "html").content.decode())
    assert (outside.found, "script" in outside.tags) == ([], False)
    inside.feed(piece(whole(), EN))
    assert (inside.found, {"style", "script"} & inside.tags) == ([], set())
    assert "rect" in inside.tags


def test_what_somebody_typed_stays_text_in_a_page() -> None:
    table = Table("all", (text("note", say("Note")), picture("picture", say("Picture"))), (("<b onload=x>&", "a.jpg"),))
    told = piece(sample(sections=[Section(say("%(x)s", x="<i>"), table=table)]), EN)
    assert "&lt;b onload=x&gt;&amp;" in told
    assert "&lt;i&gt;" in told
    assert '<a href="/pictures/a.jpg" target="_blank" rel="noopener">picture</a>' in told


def test_a_passage_leads_to_its_replay_on_our_page_alone() -> None:
    seen = (passage("of", say("Passage"), only_data=True), passage("in", say("In by")), count("n", say("n")))
    table = Table("all", seen, (("out1-1", "in1/<2>", 1), ("", None, 2)))
    report = sample(sections=[Section(say("By reason"), table=table)])
    told = piece(report, EN)
    assert '<a href="/passages/out1-1" target="_blank" rel="noopener">replay</a>' in told
    assert '<a href="/passages/in1%2F%3C2%3E" target="_blank" rel="noopener">in1/&lt;2&gt;</a>' in told
    assert told.count("/passages/") == 2
    alone = written(report, EN, "html").content.decode()
    assert ("/passages/" in alone, "out1-1" in alone, "in1/&lt;2&gt;" in alone) == (False, False, True)


def test_a_report_that_found_something_says_so_in_every_form_for_people() -> None:
    wrong = sample(sections=[Section(say("By reason"))], agrees=False)
    assert "需要人工处理" in piece(wrong, ZH)
    book = load_workbook(io.BytesIO(written(wrong, EN, "xlsx").content))
    assert book.worksheets[0]["A5"].value == "Something here needs a person."
    file = pypdfium2.PdfDocument(written(wrong, ZH, "pdf").content)
    try:
        assert "需要人工处理" in file[0].get_textpage().get_text_range()
    finally:
        file.close()


@pytest.mark.parametrize(
    ("values", "kind", "ticks"),
    [
        ((0, 7), Kind.COUNT, ["0", "2", "4", "6", "8"]),
        ((1,), Kind.COUNT, ["0", "1"]),
        ((), Kind.COUNT, ["0", "1", "2", "3", "4", "5"]),
        ((123_456,), Kind.FEN, ["0", "250", "500", "750", "1,000", "1,250"]),
        ((0.97,), Kind.PERCENT, ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]),
        ((-30, 100), Kind.COUNT, ["-50", "0", "50", "100"]),
        ((400.0,), Kind.DURATION, ["0.0 s", "2:00", "4:00", "6:00", "8:00"]),
    ],
)
def test_an_axis_has_round_numbers_in_the_unit_that_people_read(
    values: tuple[float, ...], kind: Kind, ticks: list[str]
) -> None:
    scale = scale_of(values, kind)
    assert [scale.text(tick) for tick in scale.ticks] == ticks


@given(
    values=st.lists(
        st.lists(st.none() | st.integers(-(10**9), 10**9), min_size=3, max_size=3), min_size=1, max_size=10
    ),
    shape=st.sampled_from(Shape),
    kind=st.sampled_from([Kind.COUNT, Kind.FEN, Kind.DURATION, Kind.PERCENT]),
)
def test_every_mark_of_a_chart_stands_inside_it(values: list[list[int | None]], shape: Shape, kind: Kind) -> None:
    series = tuple(Series(say("Openings"), tuple(one)) for one in values)
    for mark in drawn(Chart(shape, ("a", "b", "c"), series, kind), EN).marks:
        match mark:
            case Bar(x, y, width, height, _, _):
                assert x >= 0
                assert y >= -1e-6
                assert x + width <= WIDTH + 1e-6
                assert height >= 0
                assert y + height <= HEIGHT
            case Path(points, _):
                assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
            case _:
                pass


def test_a_gap_breaks_the_line_and_a_lonely_point_is_a_dot() -> None:
    chart = Chart(Shape.LINES, ("a", "b", "c", "d"), (Series(say("Openings"), (1, 2, None, 3)),))
    assert [len(mark.points) for mark in drawn(chart, EN).marks if isinstance(mark, Path)] == [2, 1]


def test_stacked_bars_are_together_as_high_as_their_sum() -> None:
    chart = Chart(Shape.STACKED, ("a",), (Series(say("Openings"), (30,)), Series(say("Free"), (20,))))
    bars = [mark for mark in drawn(chart, EN).marks if isinstance(mark, Bar) and mark.told.startswith("a ")]
    assert [bar.told for bar in bars] == ["a · Openings: 30", "a · Free: 20"]
    assert bars[0].y == pytest.approx(bars[1].y + bars[1].height)
    assert bars[0].height / bars[1].height == pytest.approx(1.5)


def test_a_file_is_named_after_what_it_tells() -> None:
    assert re.fullmatch(r"demo-lanes-2026-05-01-2026-05-31\.pdf", written(whole(), EN, "pdf").name)
