"""Cars in a lane as its loops feel them: where each one is, which way it came, and who has truly gone through."""

from dataclasses import dataclass, field
from enum import Enum

from scada.model.plate import Plate

OUTSIDE, INSIDE = 0, 6
"""Off the lane on either side; in between, a car goes from place to place."""


class Build(Enum):
    """How long a vehicle is. A cycle stands on neither loop in the gap, a lorry on all three at once."""

    CAR = "car"
    LORRY = "lorry"
    CYCLE = "cycle"


_COVERS = {
    Build.CAR: ("", "A", "AS", "S", "SC", "C", ""),
    Build.LORRY: ("", "A", "AS", "ASC", "SC", "C", ""),
    Build.CYCLE: ("", "A", "", "S", "", "C", ""),
}


@dataclass
class Vehicle:
    """A car in the lane. `ahead` is the direction in which it came: 1 from outside, -1 from inside."""

    plate: Plate
    build: Build
    at: int
    ahead: int

    def covers(self, loop: str) -> bool:
        return loop in _COVERS[self.build][self.at]

    @property
    def is_through(self) -> bool:
        """It has left the boom behind it."""
        return not self.covers("S") and (self.at > 3 if self.ahead > 0 else self.at < 3)


@dataclass
class Street:
    """One lane's cars, from outside to inside, and all that have truly gone through it."""

    cars: list[Vehicle] = field(default_factory=list)
    through: list[Vehicle] = field(default_factory=list)
    asleep: bool = False
    """The detector of the safety loop has tuned out the car that stands on it."""
    walker: bool = False
    """Somebody on foot is under the boom: no loop feels him."""
    dropped: bool = False
    """The detector of the approach loop has lost its car for a moment."""

    def come(self, plate: Plate, build: Build, *, inside: bool) -> Vehicle | None:
        """Let a car roll onto the first loop of its side; None if there is no room."""
        if any(car.build is Build.CYCLE and not car.covers("A") for car in self.cars):
            return None
        at, near = (INSIDE - 1, -1) if inside else (OUTSIDE + 1, 0)
        if self.cars and abs(self.cars[near].at - at) < 2:
            return None
        car = Vehicle(plate, build, at, -1 if inside else 1)
        self.cars.insert(len(self.cars) if inside else 0, car)
        return car

    def can_move(self, car: Vehicle, way: int, boom: float) -> bool:
        """Say whether a car can go one place on: nobody is in the way, and the boom is not.

        Who has gone through does not come back: no loop could tell him from the next one.
        """
        if car.is_through and way != car.ahead:
            return False
        at = car.at + way
        index = self.cars.index(car) + way
        if 0 <= index < len(self.cars) and abs(self.cars[index].at - at) < 2:
            return False
        under = "S" in _COVERS[car.build][at]
        return car.covers("S") or not under or boom >= 0.5

    def move(self, car: Vehicle, way: int) -> None:
        """Let it go one place on; off the lane it is forgotten."""
        was_through = car.is_through
        car.at += way
        if car.is_through and not was_through:
            self.through.append(car)
        if was_through and not car.is_through:
            self.through.remove(car)
        if car.at in (OUTSIDE, INSIDE):
            self.cars.remove(car)
        self.asleep = self.asleep and self.is_under

    @property
    def is_under(self) -> bool:
        """A car is under the boom or on the loop under it, or a person is."""
        return self.walker or any(car.covers("S") for car in self.cars)

    def felt(self) -> dict[str, bool]:
        """Say which loops and beams are covered."""
        return {
            "approach": any(car.covers("A") for car in self.cars) and not self.dropped,
            "safety": self.is_under and not self.asleep,
            "closing": any(car.covers("C") for car in self.cars),
            "beam": self.walker or any(car.at == 3 for car in self.cars),
        }

    def in_view(self, *, inner: bool) -> Vehicle | None:
        """Give the car whose front the camera of one side sees."""
        loop, facing = ("C", -1) if inner else ("A", 1)
        seen = [car for car in self.cars if car.covers(loop) and car.ahead == facing]
        return (seen[-1] if inner else seen[0]) if seen else None
