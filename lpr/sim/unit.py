"""A simulated recognition unit that pushes what it reads, in the form of VZ (`lpr.md` §8): for trying the units' door.

`python -m lpr.sim.unit URL --serial SERIAL PLATE... [--offline] [--repeat N] [--bytes N]`: pushes a read of each plate,
repeats it as a unit does that is not answered well, and prints what it was answered. It has no gate, as ours has none.
"""

import argparse
import base64
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

from lpr.sim.drawing.damage import as_jpeg
from lpr.sim.drawing.plates import DrawError
from lpr.sim.drawing.scene import draw_scene
from lpr.sim.drawing.styles import LOOKS, style_of
from scada.clock import SystemClock
from scada.model.plate import Plate, PlateColour, normal_form

_COLOURS = {
    PlateColour.BLUE: 1,
    PlateColour.YELLOW: 2,
    PlateColour.WHITE: 3,
    PlateColour.BLACK: 4,
    PlateColour.GREEN: 5,
    PlateColour.LIMEGREEN: 6,
}
_TRIES = 4
_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: its status (0: nothing came back) and its words."""

    status: int
    body: bytes

    @property
    def is_enough(self) -> bool:
        """Say whether the unit stops repeating."""
        return self.status == 200 and (b"retransfer_stop" in self.body or b"ContinuePushOffline" in self.body)


def message(plate: Plate, number: int, serial: str, picture: bytes, *, sec: int, is_late: bool = False) -> bytes:
    """Write a read as a unit does; `number` is its `plateid`."""
    style = style_of(plate)
    result = {
        "license": plate or "_无_",
        "confidence": 97 if plate else 0,
        "colorType": _COLOURS[LOOKS[style].colour] if style else 0,
        "type": 1 if plate else 31,
        "plateid": number,
        "isoffline": int(is_late),
        "triggerType": 8,
        "imageFile": base64.b64encode(picture).decode(),
        "timeStamp": {"Timeval": {"sec": sec, "usec": 0}},
        "location": {"RECT": {"left": 500, "top": 400, "right": 700, "bottom": 460}},
    }
    alarm = {"channel": 0, "deviceName": serial, "serialno": serial, "result": {"PlateResult": result}}
    return json.dumps({"AlarmInfoPlate": alarm}, ensure_ascii=False).encode()


def post(url: str, body: bytes) -> Answer:
    """Push a message once."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the address is the caller's
            return Answer(int(answer.status), answer.read(65536))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(65536))
    except OSError:
        return Answer(0, b"")


def push(url: str, body: bytes, at_least: int = 1) -> list[Answer]:
    """Push a message until it is answered well, four times at most; more often if the unit is one that repeats."""
    answers: list[Answer] = []
    while len(answers) < at_least or (len(answers) < _TRIES and not answers[-1].is_enough):
        answers.append(post(url, body))
    return answers


def main(arguments: Sequence[str]) -> int:
    """0 if every read was taken, 1 if one was not, 2 if it cannot be drawn."""
    parser = argparse.ArgumentParser(prog="python -m lpr.sim.unit", description="A simulated recognition unit.")
    parser.add_argument("url", help="the unit's address at the server, with its key")
    parser.add_argument("plates", nargs="+", metavar="PLATE")
    parser.add_argument("--serial", required=True)
    parser.add_argument("--offline", action="store_true", help="as records that were kept while the line was down")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="push each read at least so often")
    parser.add_argument("--bytes", type=int, default=0, metavar="N", help="make the picture at least so large")
    asked = parser.parse_args(arguments)
    clock, is_good = SystemClock(), True
    for number, text in enumerate(asked.plates, 1):
        sec = int(clock.now().timestamp())
        try:
            picture = as_jpeg(draw_scene(normal_form(text), number), 80).ljust(asked.bytes, b"\0")
        except DrawError as error:
            sys.stderr.write(f"lpr.sim.unit: {error}\n")
            return 2
        body = message(normal_form(text), sec + number, asked.serial, picture, sec=sec, is_late=asked.offline)
        answers = push(asked.url, body, asked.repeat)
        is_good &= answers[-1].status == 200
        for answer in answers:
            sys.stdout.write(f"{text}: {answer.status} {answer.body.decode(errors='replace')}\n")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
