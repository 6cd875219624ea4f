"""The process that tries a camera's region and corners: pictures come in, what would be read in each goes out.

Models and decoders stay out of the plant; it is nicer than the cameras' processes, and ends by itself.
"""

import base64
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np

from lpr.aiming.task import Point, Task
from lpr.backend import open_reader
from lpr.models import ModelError
from lpr.reader.guess import PlateGuess
from lpr.recognise import Reader
from lpr.view.light import LightReader
from lpr.view.perspective import seen_by
from lpr.vote import inside, nearest, why_none
from scada.log import hush

_NICER: Final = 10


def main() -> int:
    """Try one task: one line of JSON a picture; 2 if no reader can start."""
    os.nice(_NICER)
    hush()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = Task(**json.loads(sys.stdin.buffer.readline()))
    try:
        opened = open_reader(task.back_end, task.calibration)
    except ModelError as error:
        sys.stderr.write(f"lpr.aiming: {error}\n")
        return 2
    reader = LightReader(seen_by(opened.reader, task.perspective))
    for picture in task.pictures:
        out.write(json.dumps(tried(reader, base64.b64decode(picture), task), ensure_ascii=False) + "\n")
        out.flush()
    return 0


def tried(reader: Reader, jpeg: bytes, task: Task) -> dict[str, Any]:
    """Say what would be read in a picture, and why nothing would."""
    frame = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if frame is None:
        return {"plates": [], "why": "the picture cannot be read"}
    high, wide = frame.shape[:2]
    region = [(x * wide, y * high) for x, y in task.region]
    guesses = reader.read(np.asarray(frame, np.uint8))
    chosen = nearest(guesses, region, task.min_plate_px)
    why = "" if chosen is not None else why_none(guesses, region, task.min_plate_px) or "no plate is found"
    told = [_told(guess, region, (wide, high), guess is chosen, task.gate) for guess in guesses]
    return {"plates": told, "why": why}


def _told(
    guess: PlateGuess, region: Sequence[Point], size: tuple[int, int], is_chosen: bool, gate: float
) -> dict[str, Any]:
    wide, high = size
    return {
        "text": guess.text,
        "confidence": round(guess.min_prob, 4),
        "width_px": round(guess.width_px),
        "corners": [[round(x / wide, 4), round(y / high, 4)] for x, y in guess.corners],
        "inside": not region or inside(guess.centre, region),
        "chosen": is_chosen,
        "sure": guess.min_prob >= gate,
    }


if __name__ == "__main__":
    sys.exit(main())
