"""A plate on somebody's word, as if it were read."""

from collections.abc import Callable

from lpr.reader.grammar import colour_by_text, parse
from scada.model.plate import Plate, PlateColour, PlateKind, PlateRead, ReadBy


def typed_by(by: ReadBy) -> Callable[[Plate], PlateRead]:
    """Make a read of what a person typed: certain, and without a picture of its own."""

    def read(plate: Plate) -> PlateRead:
        kind = parse(plate) or PlateKind.UNKNOWN
        colour = colour_by_text(kind, plate, PlateColour.UNKNOWN)
        return PlateRead(plate, kind, colour, confidence=1.0, agreeing=1, frames=0, picture=None, by=by)

    return read
