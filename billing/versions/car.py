"""What a stay's plate says about its vehicle, in the words of a tariff."""

from collections.abc import Mapping
from typing import Final

from billing.tariff import Vehicle, VehicleType
from scada.model.plate import Plate, PlateColour, PlateKind

_HOLDERS: Final[Mapping[PlateKind, str]] = {
    PlateKind.NEW_ENERGY: "new_energy",
    PlateKind.POLICE: "police",
    PlateKind.ARMED_POLICE: "armed_police",
    PlateKind.MILITARY: "military",
}
_LARGE: Final = (PlateColour.YELLOW, PlateColour.LIMEGREEN)


def vehicle_of(plate: Plate, kind: PlateKind, colour: PlateColour) -> Vehicle:
    """Say whose concessions a car may have, and its class: yellow and yellow-green plates are large."""
    holders = {_HOLDERS[kind]} if kind in _HOLDERS else set()
    if plate.endswith("应急"):
        holders.add("emergency")
    large = colour in _LARGE and kind is not PlateKind.LEARNER
    return Vehicle(VehicleType.LARGE if large else VehicleType.SMALL, holders=frozenset(holders))
