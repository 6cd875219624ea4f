"""Where the marks of a chart stand, in points from its upper left corner."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, assert_never

from scada.reports.documents.document import Chart, Shape
from scada.reports.forms.cells import Tongue, number_text
from scada.reports.forms.chart.scale import Scale, scale_of

WIDTH: Final = 720.0
HEIGHT: Final = 220.0
LEFT: Final = 64.0
RIGHT: Final = 8.0
TOP: Final = 8.0
BOTTOM: Final = 24.0
LEGEND: Final = 18.0
SIZE: Final = 10.0
"""Of the letters."""
SHADES: Final = 8
"""Series that have a shade of their own."""

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A filled rectangle of a series; `told` is what it stands for."""

    x: float
    y: float
    width: float
    height: float
    shade: int
    told: str


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points of a series; a single one is a dot."""

    points: tuple[tuple[float, float], ...]
    shade: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line of the axes; the base is stronger."""

    x1: float
    y1: float
    x2: float
    y2: float
    is_base: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text at a point of its base line."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"


Mark = Bar | Path | Rule | Text


def text_width(text: str, size: float = SIZE) -> float:
    """Say how wide a text is, roughly: a Chinese sign is as wide as high."""
    return sum(size if ord(sign) > 0x2E80 else size * 0.56 for sign in text)


@dataclass(frozen=True, slots=True)
class Drawing:
    """All marks of a chart."""

    width: float
    height: float
    marks: tuple[Mark, ...]


def drawn(chart: Chart, tongue: Tongue) -> Drawing:
    """Draw a chart; one without a value is an empty field."""
    top = TOP + (LEGEND if len(chart.series) > 1 else 0)
    field = _Field(chart, tongue, top, scale_of(_extent(chart), chart.kind))
    return Drawing(WIDTH, HEIGHT, (*field.axes(), *field.marks(), *field.legend()))


def _extent(chart: Chart) -> list[float]:
    if chart.shape is not Shape.STACKED:
        return [value for one in chart.series for value in one.values if value is not None]
    columns = [[one.values[place] or 0 for one in chart.series] for place in range(len(chart.labels))]
    ups = [sum(value for value in column if value > 0) for column in columns]
    return [*ups, *(sum(value for value in column if value < 0) for column in columns)]


class _Field:
    """The field between the axes."""

    def __init__(self, chart: Chart, tongue: Tongue, top: float, scale: Scale) -> None:
        self._chart = chart
        self._tongue = tongue
        self._top = top
        self._scale = scale
        self._slot = (WIDTH - LEFT - RIGHT) / max(1, len(chart.labels))

    def axes(self) -> Iterator[Mark]:
        """Draw rules, their numbers, and as many labels as have room."""
        for tick in self._scale.ticks:
            y = self._y(tick)
            yield Rule(LEFT, y, WIDTH - RIGHT, y, is_base=abs(tick) < 1e-12)
            yield Text(LEFT - 6, y + SIZE * 0.35, self._scale.text(tick), "end")
        labels = [self._tongue.label(label) for label in self._chart.labels]
        widest = max((text_width(label) for label in labels), default=0.0) + SIZE
        each = max(1, -int(-widest // self._slot))
        for place in range(0, len(labels), each):
            middle = min(LEFT + (place + 0.5) * self._slot, WIDTH - text_width(labels[place]) / 2)
            yield Text(middle, HEIGHT - BOTTOM + SIZE * 1.4, labels[place], "middle")

    def marks(self) -> Iterator[Mark]:
        """Draw the series."""
        match self._chart.shape:
            case Shape.LINES:
                yield from self._lines()
            case Shape.STACKED:
                yield from self._stacked()
            case Shape.BARS:
                yield from self._bars(0.8)
            case Shape.HISTOGRAM:
                yield from self._bars(0.98)
            case _:
                assert_never(self._chart.shape)

    def legend(self) -> Iterator[Mark]:
        """Name the series, if there are several, as far as there is room."""
        x = LEFT
        for number, one in enumerate(self._chart.series if len(self._chart.series) > 1 else ()):
            title = self._tongue.say(one.title)
            if x + text_width(title) + 16 > WIDTH:
                return
            yield Bar(x, 4, 9, 9, number % SHADES, title)
            yield Text(x + 13, 4 + SIZE * 0.85, title)
            x += text_width(title) + 30

    def _bars(self, share: float) -> Iterator[Mark]:
        width = self._slot * share / len(self._chart.series) if self._chart.series else 0
        for number, one in enumerate(self._chart.series):
            for place, value in enumerate(one.values):
                if value:
                    x = LEFT + place * self._slot + self._slot * (1 - share) / 2 + number * width
                    yield self._bar(x, width, 0, value, number, place)

    def _stacked(self) -> Iterator[Mark]:
        width = self._slot * 0.8
        for place in range(len(self._chart.labels)):
            up = down = 0.0
            for number, one in enumerate(self._chart.series):
                value = one.values[place]
                if not value:
                    continue
                base = up if value > 0 else down
                yield self._bar(LEFT + (place + 0.1) * self._slot, width, base, value, number, place)
                up, down = (up + value, down) if value > 0 else (up, down + value)

    def _bar(self, x: float, width: float, base: float, value: float, number: int, place: int) -> Bar:
        above, below = sorted((self._y(base), self._y(base + value)))
        label, title = self._tongue.label(self._chart.labels[place]), self._tongue.say(self._chart.series[number].title)
        told = f"{label} · {title}: {number_text(value, self._chart.kind)}"
        return Bar(x, above, width, below - above, number % SHADES, told)

    def _lines(self) -> Iterator[Mark]:
        for number, one in enumerate(self._chart.series):
            points: list[tuple[float, float]] = []
            for place, value in enumerate((*one.values, None)):
                if value is not None:
                    points.append((LEFT + (place + 0.5) * self._slot, self._y(value)))
                elif points:
                    yield Path(tuple(points), number % SHADES)
                    points = []

    def _y(self, value: float) -> float:
        height = HEIGHT - BOTTOM - self._top
        return self._top + height * (1 - self._scale.share(value))
