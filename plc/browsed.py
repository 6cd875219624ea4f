"""What a device turns out to have when a technician looks into it, and the first tag map made of that."""

import re
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plc.map.devices import Device
from plc.registers import Kind
from scada.model.tag import Access

COLUMNS = ("tag", "device", "address", "type", "access", "class", "description")


@dataclass(frozen=True, slots=True)
class Found:
    """One place on a device. `path`: the names that lead to it. `kind` is None where no tag can be made of it."""

    path: tuple[str, ...]
    address: str
    kind: Kind | None
    access: Access
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far to look: from where (empty: from the top), how deep, and how many places at most."""

    under: str = ""
    depth: int = 12
    most: int = 2000


@dataclass(frozen=True, slots=True)
class Browsed:
    """What was found; `cut` says why there may be more."""

    found: tuple[Found, ...]
    cut: str = ""


@typing.runtime_checkable
class Browsable(typing.Protocol):
    """A protocol that can show what a device has."""

    async def browse(self, device: Device, data: Path, now: datetime, bounds: Bounds) -> Browsed:
        """Look and change nothing. Raises PlcError."""


def rows(device: Device, found: Sequence[Found]) -> list[tuple[str, ...]]:
    """Make rows of a tag map: names from the paths, each once; a contact is read fast."""
    taken: set[str] = set()
    made: list[tuple[str, ...]] = []
    for one in found:
        if one.kind is None:
            continue
        name = _unused(_tag_name(one.path, device.name), taken)
        speed = "fast" if one.kind is Kind.BOOL and one.access is not Access.WRITE else ""
        made.append((name, device.name, one.address, one.kind.value, one.access.value, speed, " / ".join(one.path)))
    return made


def _tag_name(path: Sequence[str], device: str) -> str:
    words = [word for step in path for part in step.split(".") if (word := _word(part))]
    unique = [word for at, word in enumerate(words) if at == 0 or word != words[at - 1]]
    return ".".join(unique if len(unique) > 1 else [_word(device) or "lane", *(unique or ["tag"])])


def _word(text: str) -> str:
    """Make a word of a tag's path: small letters, figures and lines, a letter first."""
    spread = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    word = re.sub(r"[^a-z0-9]+", "_", spread.lower()).strip("_")
    return f"n{word}" if word[:1].isdecimal() else word


def _unused(name: str, taken: set[str]) -> str:
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free
