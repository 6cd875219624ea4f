"""The drawing of the car park: where its zones and lanes stand on the screen. Without it they are laid out evenly."""

from typing import Annotated

from pydantic import Field

from scada.model.plan import Point
from scada.settings.base import Name, Section

_Share = Annotated[float, Field(ge=0, le=100)]
_Place = Annotated[tuple[_Share, _Share], Field(strict=False)]
_Outline = Annotated[tuple[_Place, ...], Field(strict=False, min_length=3, max_length=60)]


class Plan(Section):
    """Places are per cent of the drawing's width and height, from its upper left corner.

    A zone has the corners of its outline, a lane the point at its boom. `background`: an SVG or PNG beside config.toml.
    """

    background: Annotated[str, Field(pattern=r"(?i)^.{1,200}\.(svg|png)$")] | None = None
    zones: dict[Name, _Outline] = Field(default_factory=dict)
    lanes: dict[Name, _Place] = Field(default_factory=dict)

    def outlines(self) -> dict[str, tuple[Point, ...]]:
        """Give the outlines of the zones that are drawn."""
        return {name: tuple(Point(*place) for place in outline) for name, outline in self.zones.items()}

    def points(self) -> dict[str, Point]:
        """Give the places of the lanes that are drawn."""
        return {name: Point(*place) for name, place in self.lanes.items()}
