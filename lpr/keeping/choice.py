"""Which pictures go: by class and age, then for room the oldest of the least wanted class; never a held one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from scada.model.names import PassageId, PictureId


class Keep(IntEnum):
    """Why a picture is kept; the higher, the longer."""

    REJECTED = 1
    """Of a read that was rejected, and no stay hangs on it."""
    PASSAGE = 2
    """Of a passage about which nobody has asked."""
    CASE = 3
    """Of a case that is closed, of an opening by hand, of something that happened."""
    HELD = 4
    """Of what is not settled: a car inside, arrears, an open case. It goes by no clock and by no quota."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One picture on disk."""

    picture: PictureId
    at: datetime
    size: int
    passage: PassageId | None = None
    role: str = ""


@dataclass(frozen=True, slots=True)
class Classes:
    """What the books say of passages and pictures; whatever they do not name is of a plain passage."""

    held_passages: Collection[PassageId] = frozenset()
    held_pictures: Collection[PictureId] = frozenset()
    case_passages: Collection[PassageId] = frozenset()
    case_pictures: Collection[PictureId] = frozenset()
    rejected_pictures: Collection[PictureId] = frozenset()


@dataclass(frozen=True, slots=True)
class Doomed:
    """What shall go: for their age, and for room; and by how many bytes it is still too much."""

    aged: tuple[Kept, ...] = ()
    crowded: tuple[Kept, ...] = ()
    over: int = 0
    counts: Mapping[Keep, int] = field(default_factory=dict)


def keep_of(kept: Kept, classes: Classes, case_role: str) -> Keep:
    """Say why a picture is kept."""
    if kept.picture in classes.held_pictures or kept.passage in classes.held_passages:
        return Keep.HELD
    if kept.picture in classes.case_pictures or kept.passage in classes.case_passages or kept.role == case_role:
        return Keep.CASE
    return Keep.REJECTED if kept.picture in classes.rejected_pictures else Keep.PASSAGE


def doomed(pictures: Iterable[tuple[Kept, Keep]], ages: Mapping[Keep, timedelta], room: int, now: datetime) -> Doomed:
    """Choose what goes so that nothing is kept beyond its time and all of it fits into `room` bytes."""
    staying: list[tuple[Kept, Keep]] = []
    aged: list[tuple[Kept, Keep]] = []
    for kept, keep in pictures:
        (aged if keep is not Keep.HELD and now - kept.at > ages[keep] else staying).append((kept, keep))
    crowded, over = _crowded(staying, room)
    gone = [*aged, *crowded]
    counts = {keep: sum(one is keep for _, one in gone) for keep in Keep}
    return Doomed(tuple(kept for kept, _ in aged), tuple(kept for kept, _ in crowded), over, counts)


def _crowded(staying: Sequence[tuple[Kept, Keep]], room: int) -> tuple[list[tuple[Kept, Keep]], int]:
    over = sum(kept.size for kept, _ in staying) - room
    going: list[tuple[Kept, Keep]] = []
    for kept, keep in sorted(staying, key=lambda pair: (pair[1], pair[0].at, pair[0].picture)):
        if over <= 0 or keep is Keep.HELD:
            break
        going.append((kept, keep))
        over -= kept.size
    return going, max(0, over)
