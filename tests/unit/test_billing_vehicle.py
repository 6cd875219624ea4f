"""What a plate says about its vehicle to a tariff: its class, and whose concessions it has."""

import pytest

from billing.tariff import VehicleType
from billing.versions.car import vehicle_of
from scada.model.plate import Plate, PlateColour, PlateKind

SMALL, LARGE = VehicleType.SMALL, VehicleType.LARGE


@pytest.mark.parametrize(
    ("plate", "kind", "colour", "type", "holders"),
    [
        ("京A12345", PlateKind.ORDINARY, PlateColour.BLUE, SMALL, set()),
        ("京A12345", PlateKind.ORDINARY, PlateColour.YELLOW, LARGE, set()),
        ("京A1234学", PlateKind.LEARNER, PlateColour.YELLOW, SMALL, set()),
        ("京AD12345", PlateKind.NEW_ENERGY, PlateColour.GREEN, SMALL, {"new_energy"}),
        ("京A12345D", PlateKind.NEW_ENERGY, PlateColour.LIMEGREEN, LARGE, {"new_energy"}),
        ("京A1234警", PlateKind.POLICE, PlateColour.WHITE, SMALL, {"police"}),
        ("京X123应急", PlateKind.UNKNOWN, PlateColour.WHITE, SMALL, {"emergency"}),
    ],
)
def test_a_plates_ground_says_the_class_and_its_kind_the_concessions(
    plate: str, kind: PlateKind, colour: PlateColour, type: VehicleType, holders: set[str]
) -> None:
    found = vehicle_of(Plate(plate), kind, colour)
    assert (found.type, found.holders) == (type, frozenset(holders))
