"""Cars that move before a camera: coming, standing, driving through, following nose to tail, backing out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from lpr.picture import Picture
from lpr.sim.drawing.damage import noisy
from lpr.sim.drawing.scene import WIDTH, Car, Pose, draw_car, draw_road
from scada.model.plate import Plate

FAR_M, BOOM_M, GONE_M = 9.0, 3.0, 0.7
"""Distances of a plate from the camera, which hangs at the boom."""
_HORIZON_PX, _OVER_PLATE_MM, _FOCUS = 190, 620, 1.35
_BEHIND_M = 4.6
_LEAST_PX = 60
"""A plate that is narrower is not expected to be read."""


class Story(Enum):
    """What a car does."""

    APPROACH = "approach"
    STAND = "stand"
    THROUGH = "through"
    FOLLOWER = "follower"
    BACK_OUT = "back_out"


@dataclass(frozen=True, slots=True)
class Shown:
    """A car and how far its plate is away."""

    car: Car
    metres: float

    @property
    def pose(self) -> Pose:
        """Where the camera sees its plate."""
        px_per_mm = _FOCUS / self.metres
        aside = float(np.random.default_rng(self.car.seed).uniform(-150, 150))
        return Pose(WIDTH / 2 + aside * px_per_mm, _HORIZON_PX + _OVER_PLATE_MM * px_per_mm, 440 * px_per_mm)


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of a film: who is in it, the nearest first."""

    cars: tuple[Shown, ...]
    road: int
    number: int

    @property
    def plate(self) -> Plate:
        """The plate that ought to be read: the nearest car's, if it is large enough and in view; else empty."""
        if not self.cars:
            return Plate("")
        pose = self.cars[0].pose
        is_seen = pose.width_px >= _LEAST_PX and pose.y + pose.width_px / 6 < 720
        return self.cars[0].car.plate if is_seen else Plate("")

    def draw(self) -> Picture:
        """Draw the frame. Raises DrawError."""
        picture = draw_road(self.road)
        for shown in reversed(self.cars):
            draw_car(picture, shown.car, shown.pose)
        return noisy(picture, np.random.default_rng((self.road, self.number)), 3)


def film(story: Story, car: Car, follower: Car, frames: int = 30) -> Iterator[Moment]:
    """Tell a story in some frames; only the one of the follower has two cars."""
    for number in range(frames):
        share = number / (frames - 1)
        metres = _PLACES[story](share)
        cars = [Shown(car, metres)] if metres >= GONE_M else []
        if story is Story.FOLLOWER:
            cars.append(Shown(follower, max(BOOM_M, metres + _BEHIND_M)))
        yield Moment(tuple(cars), car.seed, number)


def _coming(share: float) -> float:
    """Come to the boom, ever slower."""
    left = 1 - share
    return BOOM_M + (FAR_M - BOOM_M) * left * left


def _passing(share: float) -> float:
    """Wait a little, then drive through under the camera."""
    driving = max(0.0, share - 0.25)
    return BOOM_M - 6 * driving * driving


def _backing(share: float) -> float:
    """Come, stand, and go back."""
    return _coming(min(1.0, share * 2.5, (1 - share) * 2.5))


_PLACES: dict[Story, Callable[[float], float]] = {
    Story.APPROACH: _coming,
    Story.STAND: lambda _: BOOM_M,
    Story.THROUGH: _passing,
    Story.FOLLOWER: _passing,
    Story.BACK_OUT: _backing,
}
