"""What a car in a lane leaves behind in the books: its passage, the command, the rise, what the camera read."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random

from scada.model.handshake import CommandCode
from scada.ports import JournalEntry
from scada.store import schema
from tests.support.month.rows import Rows
from tests.support.month.truth import Truth

BEFORE_S = 8
"""A passage begins so long before it has ended."""
UNREAD, WRONG = 0.015, 0.01


class Lanes:
    """The lanes of the car park; every passage ends at the moment that is asked for."""

    def __init__(self, rows: Rows, truth: Truth, random: Random) -> None:
        self._rows = rows
        self._truth = truth
        self._random = random
        self._cars: list[tuple[datetime, str, list[dict[str, object]]]] = []
        """When each car went through, where, and its rows: passage, command, rise, cycle."""

    def passes(
        self,
        lane: str,
        at: datetime,
        plate: str,
        stay: str | None = None,
        *,
        outcome: str = "FORWARD",
        note: str = "",
        opened: bool = True,
    ) -> str:
        """Let a car go through, or turn round; gives the passage."""
        number, began_at = len(self._cars) + 1, at - timedelta(seconds=BEFORE_S)
        passage = f"{lane}-{began_at:%Y%m%d%H%M%S}-{number}"
        picture = f"{began_at:%Y%m%d}/{passage}.jpg"
        read = self._read(passage, lane, at, plate, picture)
        row = self._rows.add(
            schema.passage,
            id=passage,
            lane=lane,
            number=number,
            began_at=began_at,
            ended_at=at,
            outcome=outcome,
            plate=plate,
            read_by="camera" if read else "operator",
            confidence=0.97,
            picture=picture,
            stay=stay,
            note=note,
        )
        self._cars.append((at, lane, [row, *(self._opens(lane, passage, at) if opened else ())]))
        return passage

    def number(self) -> None:
        """Number cars and rises as their PLCs do: in the order of time."""
        cars, rises = Counter[str](), Counter[str]()
        for _, lane, (passage, *opened) in sorted(self._cars, key=lambda one: one[0]):
            cars[lane] += 1
            passage["number"] = cars[lane]
            if opened:
                command, rise, cycle = opened
                rises[lane] += 1
                command |= {"number": cars[lane], "seq": rises[lane]}
                rise |= {"number": cars[lane], "count": rises[lane]}
                cycle |= {"count": rises[lane], "open_ms": int(str(cycle["open_ms"])) + rises[lane] // 400}

    def _opens(self, lane: str, passage: str, at: datetime) -> tuple[dict[str, object], ...]:
        self._truth.openings += 1
        rose_at = at - timedelta(seconds=4)
        asked = {"lane": lane, "passage": passage, "code": int(CommandCode.OPEN), "claim": 7, "number": 0, "seq": 0}
        block = {"tick": 0, "ttl_ms": 2000, "boot": 1, "block": b"", "state": "DONE"}
        made_at = rose_at - timedelta(milliseconds=300)
        rise = {"lane": lane, "cause": "AUTHORISED", "passage": passage, "number": 0, "count": 0}
        times = {"open_ms": 1000 + self._random.randrange(40), "close_ms": 1300}
        return (
            self._rows.add(schema.intent, made_at=made_at, answered_at=rose_at, **asked, **block),
            self._rows.add(schema.rise, at=rose_at, **rise),
            self._rows.add(schema.gate_cycle, lane=lane, at=at + timedelta(seconds=3), count=0, **times),
        )

    def _read(self, passage: str, lane: str, at: datetime, plate: str, picture: str) -> bool:
        """Write what the camera made of it; gives whether it was read."""
        luck = self._random.random()
        is_read, is_wrong = luck > UNREAD, UNREAD < luck < UNREAD + WRONG
        self._rows.add(
            schema.camera_read,
            at=at - timedelta(seconds=6),
            camera=f"cam-{lane}",
            lane=lane,
            passage=passage,
            way="entry" if lane.startswith("in") else "exit",
            why="" if is_read else "no plate found",
            plate=None if not is_read else f"{plate[:-1]}Q" if is_wrong else plate,
            confidence=0.97 if is_read else None,
            frames=5,
            picture=picture,
            corrected=is_wrong,
        )
        return is_read and not is_wrong

    def by_hand(
        self, lane: str, at: datetime, passage: str, stay: str, person: str, reason: str, *, second: str = ""
    ) -> None:
        """A person opened for this passage."""
        before = at - timedelta(seconds=5)
        name = f"H{len(self._rows.of['open_request']):07d}"
        row = {"id": name, "lane": lane, "stay": stay, "passage": passage, "reason": reason, "actor": person}
        self._rows.add(schema.open_request, made_at=before, state="TAKEN", answered_at=before, **row)
        told = {"reason": reason, "note": "", "second": second}
        self._rows.tell(before, JournalEntry("person", person, "open gate", lane, passage, told))  # type: ignore[arg-type]
