"""A capture as rows of the book of reads: one for each camera that looked."""

from lpr.process.record import Captured
from scada.model.camera.reading import ReadRow
from scada.model.plate import PlateRead

_LONGEST = 200


def rows_of(captured: Captured) -> list[ReadRow]:
    """Say what each camera made of the car; the string is that of the vote over all of them, if it saw a plate."""
    read = captured.reading if isinstance(captured.reading, PlateRead) else captured.reading.guess
    return [
        ReadRow(
            camera=look.camera,
            lane=captured.lane,
            passage=captured.passage,
            at=captured.at,
            way=captured.way.value,
            why=look.why[:_LONGEST],
            plate=read.text if read is not None and look.reads else None,
            confidence=max(look.confidences, default=None),
            frames=look.frames + look.early,
            picture=look.picture,
        )
        for look in captured.looks
    ]
