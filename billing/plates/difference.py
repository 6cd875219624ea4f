"""What a file of rights would change in the register: what is new, other, or gone. Pure."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from billing.plates import sheet
from billing.plates.sheet import Line
from billing.rights import Entry


@dataclass(frozen=True, slots=True)
class Changed:
    """A line that the register has with other terms."""

    old: Entry
    new: Entry


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not in the register, what is there with other terms, what the file no longer has, and how much agrees."""

    new: tuple[Entry, ...]
    changed: tuple[Changed, ...]
    gone: tuple[Entry, ...]
    same: int

    def digest(self, now: datetime) -> str:
        """Name the difference: whoever applies it says which one he has seen."""
        changed = [_texts((one.old, one.new), now) for one in self.changed]
        told = [_texts(self.new, now), changed, _texts(self.gone, now)]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def difference(lines: Sequence[Line], held: Iterable[Entry], now: datetime) -> Difference:
    """Compare the lines of a file with the register; of the kinds that the file has, what it leaves out is gone."""
    wanted = [line.entry for line in lines]
    kinds = {entry.kind for entry in wanted}
    left = {_key(entry): entry for entry in held if entry.kind in kinds}
    new: list[Entry] = []
    changed: list[Changed] = []
    same = 0
    for entry in wanted:
        old = left.pop(_key(entry), None)
        if old is None:
            new.append(entry)
        elif _agree(old, entry, now):
            same += 1
        else:
            changed.append(Changed(old, entry))
    return Difference(tuple(new), tuple(changed), tuple(left.values()), same)


def _key(entry: Entry) -> tuple[object, ...]:
    return (entry.plate, entry.kind, entry.zone)


def _agree(old: Entry, new: Entry, now: datetime) -> bool:
    """A line that names no beginning begins now: what holds already agrees with it."""
    named = replace(new, since=old.since) if new.since == now and old.since <= now else new
    spaces = old.spaces if named.spaces is None else named.spaces
    card = named.card or old.card if old.card == old.plate else named.card
    return replace(named, spaces=spaces, card=card) == old


def _texts(entries: Iterable[Entry], now: datetime) -> list[list[str]]:
    return [list(cells_of(entry, now, now.tzinfo).values()) for entry in entries]


def cells_of(entry: Entry, now: datetime, clock_zone: tzinfo | None) -> dict[str, str]:
    """Write an entry as cells; one that begins now names no beginning."""
    assert clock_zone is not None  # noqa: S101 - all our times have their zone
    cells = sheet.cells_of(entry, clock_zone)
    return {**cells, "from": ""} if entry.since == now else cells
