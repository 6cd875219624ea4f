"""Paper: A4, lying, one page after the other, written from the top with the font that the product brings along."""

import io
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONT: Final = "NotoSansSC"
_FILE: Final = Path(__file__).parents[1] / "font" / "NotoSansSC-GB2312.ttf"
PAGE_WIDTH, PAGE_HEIGHT = landscape(A4)
MARGIN: Final = 36.0
FOOT: Final = 24.0
INK, FAINT, LINE = (0.11, 0.12, 0.13), (0.36, 0.39, 0.42), (0.75, 0.78, 0.8)
Colour = tuple[float, float, float]


@cache
def load_font() -> None:
    """Read the font once a process."""
    pdfmetrics.registerFont(TTFont(FONT, str(_FILE)))


@lru_cache(maxsize=20_000)
def width_of(text: str, size: float) -> float:
    """Measure a text; the same ones come again and again."""
    return float(pdfmetrics.stringWidth(text, FONT, size))


def wrapped(text: str, size: float, width: float) -> list[str]:
    """Break a text into lines: between words, between Chinese signs, and where nothing else helps anywhere."""
    if width_of(text, size) <= width and "\n" not in text:
        return [text]
    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for piece in _pieces(part):
            while width_of(piece, size) > width and len(piece) > 1:
                cut = _fits(line + piece, size, width)
                lines.append((line + piece)[:cut])
                line, piece = "", (line + piece)[cut:]
            if line and width_of(line + piece.rstrip(), size) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece
        lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> list[str]:
    pieces: list[str] = [""]
    for sign in text:
        pieces[-1] += sign
        if sign in " -_/" or ord(sign) > 0x2E80:
            pieces.append("")
    return [piece for piece in pieces if piece]


def _fits(text: str, size: float, width: float) -> int:
    """Say how many signs of a text stand in a width; one at least."""
    used = 0.0
    for place, sign in enumerate(text):
        used += width_of(sign, size)
        if used > width:
            return max(1, place)
    return len(text)


class Paper:
    """Pages that are written from the top; `y` is how far down the pen stands."""

    def __init__(self, title: str, foot: str) -> None:
        load_font()
        self._out = io.BytesIO()
        self.canvas = Canvas(self._out, pagesize=(PAGE_WIDTH, PAGE_HEIGHT), pageCompression=1)
        self.canvas.setTitle(title)
        self.canvas.setCreator("daozha")
        self._foot = foot
        self._number = 1
        self.y = MARGIN

    @property
    def room(self) -> float:
        """How much of the page is left."""
        return PAGE_HEIGHT - MARGIN - FOOT - self.y

    def turn(self) -> None:
        """Begin a new page."""
        self._end_page()
        self.canvas.showPage()
        self._number += 1
        self.y = MARGIN

    def text(self, x: float, down: float, text: str, size: float, colour: Colour = INK, side: str = "start") -> None:
        """Write a text with its base line so far down the page."""
        self.canvas.setFont(FONT, size)
        self.canvas.setFillColorRGB(*colour)
        left = x - width_of(text, size) * {"start": 0.0, "middle": 0.5, "end": 1.0}[side]
        self.canvas.drawString(left, PAGE_HEIGHT - down, text)

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: Colour = LINE, width: float = 0.5) -> None:
        """Draw a line."""
        self.canvas.setStrokeColorRGB(*colour)
        self.canvas.setLineWidth(width)
        self.canvas.line(x1, PAGE_HEIGHT - y1, x2, PAGE_HEIGHT - y2)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle; `y` is its upper edge."""
        self.canvas.setFillColorRGB(*colour)
        self.canvas.rect(x, PAGE_HEIGHT - y - height, width, height, stroke=0, fill=1)

    def path(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Draw a line through points; a single one is a dot."""
        self.canvas.setStrokeColorRGB(*colour)
        self.canvas.setFillColorRGB(*colour)
        self.canvas.setLineWidth(1.2)
        if len(points) == 1:
            self.canvas.circle(points[0][0], PAGE_HEIGHT - points[0][1], 1.6, stroke=0, fill=1)
            return
        path = self.canvas.beginPath()
        path.moveTo(points[0][0], PAGE_HEIGHT - points[0][1])
        for x, y in points[1:]:
            path.lineTo(x, PAGE_HEIGHT - y)
        self.canvas.drawPath(path, stroke=1, fill=0)

    def paragraph(self, text: str, size: float, colour: Colour = INK, after: float = 2.0) -> None:
        """Write a text over the whole width, on as many lines and pages as it takes."""
        for line in wrapped(text, size, PAGE_WIDTH - 2 * MARGIN):
            if self.room < size * 1.4:
                self.turn()
            self.y += size * 1.4
            self.text(MARGIN, self.y, line, size, colour)
        self.y += after

    def bytes(self) -> bytes:
        """Finish the last page, and give the file."""
        self._end_page()
        self.canvas.save()
        return self._out.getvalue()

    def _end_page(self) -> None:
        down = PAGE_HEIGHT - FOOT
        self.text(MARGIN, down, self._foot, 8, FAINT)
        self.text(PAGE_WIDTH - MARGIN, down, str(self._number), 8, FAINT, "end")
