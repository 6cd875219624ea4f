"""How large the training's car park is: its configuration with other spaces."""

import tomllib
from pathlib import Path
from typing import Final

import tomli_w

SPACES: Final = 1000


def write_spaces(file: Path, spaces: int | None) -> None:
    """Write so many spaces into the first zone, none of them reserved; None: as many as at the beginning."""
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    zones = content.get("zones", [])
    if zones:
        zones[0].update(spaces=spaces or SPACES, reserved=0)
        file.write_text(tomli_w.dumps(content), encoding="utf-8")
