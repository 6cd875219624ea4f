"""Back end A in a process of its own, which tells what it did: `python -m tests.support.official FOLDER WHAT`.

Its package keeps globals and asks the network when it is imported; here every try is seen, and none gets out.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from lpr import backend
from lpr.backend import open_reader
from lpr.models import ModelError
from tests.support.networks import Spot, as_they_are, frame_with

PLATE = Spot(230, 220, 176, 56)
CALIBRATION = ((0.85, 0.5), (0.95, 0.9))
_OUT = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname")


def _watch() -> list[str]:
    """Keep what is imported of the package and every socket; let nothing out."""
    seen: list[str] = []

    def look(event: str, told: tuple[object, ...]) -> None:
        if event == "import" and str(told[0]).partition(".")[0] == "hyperlpr3":
            seen.append("import")
        elif event.startswith("socket."):
            seen.append(event)
            if event in _OUT:
                raise ConnectionError("no way out of a test")

    sys.addaudithook(look)
    return seen


def read(folder: Path) -> dict[str, object]:
    """Open A and read one frame; then try to open another one."""
    backend.BACK_ENDS = as_they_are(folder)
    try:
        opened = open_reader("A", CALIBRATION, folder)
    except ModelError as error:
        return {"refused": str(error)}
    guesses = opened.reader.read(frame_with(("皖A12345", PLATE)))
    try:
        second = str(open_reader("A", (), folder))
    except ModelError as error:
        second = str(error)
    return {"guesses": [asdict(guess) for guess in guesses], "second": second}


def import_alone(_folder: Path) -> dict[str, object]:
    """Import the package as anybody might."""
    try:
        __import__("hyperlpr3")
    except OSError as error:
        return {"refused": type(error).__name__}
    return {}


_WHAT: dict[str, Callable[[Path], dict[str, object]]] = {"read": read, "import": import_alone}


if __name__ == "__main__":
    watched, home = _watch(), os.environ.get("HOME")
    done = _WHAT[sys.argv[2]](Path(sys.argv[1]))
    done |= {"seen": sorted(set(watched)), "same_home": os.environ.get("HOME") == home}
    sys.stdout.write(json.dumps(done, default=lambda word: word.value) + "\n")
