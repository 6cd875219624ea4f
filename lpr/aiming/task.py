"""What the process that tries a camera's region and corners is given. It stands alone: no model is loaded for it."""

import json
from dataclasses import asdict, dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Task:
    """What to try: JPEGs in base64, and where the camera would look, in shares of width and height."""

    pictures: tuple[str, ...]
    region: tuple[Point, ...]
    perspective: tuple[Point, ...]
    min_plate_px: int
    gate: float
    back_end: str = "auto"
    calibration: tuple[Point, ...] = ()

    def to_line(self) -> bytes:
        """Write it as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"
