"""The cars of a scenario: each by its role, and how it and its driver behave."""

from dataclasses import dataclass

from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.sim.road import LENGTH_M, CarName, Manner
from scada.sim.scenario import Person


@dataclass(frozen=True, slots=True)
class Guest:
    """A car of a scenario, by its role."""

    role: str
    car: CarName
    plate: Plate


_DRIVES, _SITS = Manner(), Person()


@dataclass(frozen=True, slots=True)
class How:
    """How a car of a scenario behaves. `at`: it comes to this lane instead of the entry."""

    entry: Manner = _DRIVES
    leave: Manner = _DRIVES
    person: Person = _SITS
    plate: Plate | None = None
    after_s: float = 0.0
    length_m: float = LENGTH_M
    at: LaneName | None = None


PLAIN = How()
